"""Rendered files read back: figures that must agree, schools that must not occur."""
