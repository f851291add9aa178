"""Registers: tables with one fact a row, their columns and the words that these may hold."""
