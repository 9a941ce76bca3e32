"""``legacytls check``: a verdict on everything the bot needs, each failure with its mend.

It never writes to Exchange.
"""
