"""Indicators say what is done: numerator, denominator, target, status, per phase run."""
