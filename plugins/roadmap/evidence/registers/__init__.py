"""Registers: what several of their rows say together, and words from elsewhere in their cells."""
