"""Why a database is not believed."""

from enum import StrEnum


class Mistrust(StrEnum):
    """Why the database is not taken for the one that this process knows."""

    RESTORED = "restored"
    """Its record does not hold the newest head that was seen: a backup that was put back, or another
    database."""
    NOT_AUTHENTIC = "not_authentic"
    """Its first or newest event is not authenticated by a key of ours."""
    NOT_KEPT = "not_kept"
    """The newest head cannot be kept or read, so that a backup put back would not be recognised."""
