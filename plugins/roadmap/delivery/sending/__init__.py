"""Letters on their way: the loop over the ledger, SMTP step by step."""
