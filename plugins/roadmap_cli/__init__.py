"""What `make` calls: run, phase, bench."""
