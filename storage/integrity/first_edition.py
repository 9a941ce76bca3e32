"""Reads rows that the first edition wrote, in which a text held what is a column of its own today.

This is the only place that does: whoever needs it reads a record (``storage.rows``), which says it in a type.
Nothing new is written this way, and the rows themselves are never altered.
"""

from storage.records import Waiting, WriteOutcome


def outcome(step: str, detail: str) -> WriteOutcome | None:
    """Tell what an attempt without outcome proves: its detail begins with the word and a colon.

    ``None`` for the other steps, and for a detail that begins with no such word.
    """
    word, colon, _ = detail.partition(":")
    return WriteOutcome(word) if step == "answered" and colon and word in set(WriteOutcome) else None


def waiting(detail: str) -> Waiting | None:
    """Tell what a request without the column waits for: its whole detail, when just opened."""
    return Waiting.DECISION if detail == "Waiting for approval." else None
