"""Turn events into a pack's tables and check a pack: the bot runs these modules and ships them.

The modules here use the standard library alone (Python 3.9 and later), know no database and no Slack, and are
put together into the pack's ``verify.py`` (``handlers.evidence.verifier``), so an auditor reads exactly what
the bot ran.
"""
