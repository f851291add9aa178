"""What the marks say: shares, thresholds, small numbers, agreement with the journal."""
