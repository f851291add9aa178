"""The figures of speed, as ratios of things timed in one run (`make bench`)."""
