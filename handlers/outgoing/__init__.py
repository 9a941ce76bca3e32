"""Say what people are owed: announcements as typed values. Must never send anything, nor ask the ledger."""
