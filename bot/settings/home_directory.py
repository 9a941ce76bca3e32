"""Set a home directory where the account has none (OpenShift): libraries look for one at import.

A container may run under a user id that no passwd entry describes (OpenShift Container Platform, "Support
arbitrary user ids"), without ``HOME``: ``Path.home()`` then raises, as the Slack SDK's does at import.
"""

import os
from pathlib import Path

NOWHERE = "/nonexistent"
"""What Debian's passwd says of accounts without a home: nothing is ever found or written there."""


def see_to_a_home() -> None:
    """Set ``HOME`` where nobody else can tell it; an existing one is left alone."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = NOWHERE
