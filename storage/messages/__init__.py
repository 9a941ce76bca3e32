"""Messages that are owed and sent: who they are for, where they stand, and what became of them."""
