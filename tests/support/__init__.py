"""What tests of several suites share: worlds, rows, models, servers."""
