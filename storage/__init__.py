"""The ledger: what a change request is, how it may move, and where it is kept.

This room knows nothing of Slack or Exchange and judges nobody; it is the referee that makes every
transition happen exactly once. Only this room speaks SQLAlchemy.
"""
