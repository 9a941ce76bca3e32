"""What every use case is given: the ledger, the people, the setting, the rule, the clock, and what keeps look-ups few."""
