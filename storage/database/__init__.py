"""Getting to the database: its address, connections, troubles and instants.

Nothing here knows a table of the ledger.
"""
