"""The delivery ledger: who gets what, and what is known of it."""
