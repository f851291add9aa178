"""What became of letters, told to the operator: the account, why, alarms, missed runs."""
