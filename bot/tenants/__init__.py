"""Each tenant that is served: its wiring, several of them, and the file of tenants read anew."""
