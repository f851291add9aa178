"""Killed anywhere: the delivery ledger under faults of processes, servers and databases."""
