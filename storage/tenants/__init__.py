"""Questions asked over many tenants at once."""
