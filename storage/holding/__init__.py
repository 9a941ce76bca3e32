"""What holds: the value that ought to be, the rule, the organisation, the settings."""
