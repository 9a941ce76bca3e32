"""Give every use case the ledger, people, setting, rule and clock, and keep look-ups few."""
