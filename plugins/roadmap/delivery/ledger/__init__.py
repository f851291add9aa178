"""The ledger: every change of a letter's state, why letters are refused, what holds them back."""
