"""What turns events into the tables of a pack, and checks a pack: the same lines of plain Python write it and are shipped in it.

The modules here use the standard library alone (Python 3.9 and later), know no database and no Slack, and are put together into
the pack's ``verify.py`` (``handlers.evidence.verifier``), so an auditor reads exactly what the bot ran.
"""
