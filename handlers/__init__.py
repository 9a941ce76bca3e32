"""Judge who may do what, and what people are told: Slack's edge, dispatch, use cases, pure rules.

This room decides who may do what and what people are told. It never opens a database connection or an
HTTP connection of its own: the ledger below and the ports it is given do that.
"""
