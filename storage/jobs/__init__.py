"""Who may do a job, when each is due, and whose ledger has work."""
