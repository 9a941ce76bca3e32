"""Turns rows about messages into their records."""

from typing import Any

from sqlalchemy import Row

from storage.messages.records import Card, Notice, ReminderAnswer
from storage.rows import record, texts


def notice(row: Row[Any]) -> Notice:
    """Return one row of ``notices``. Raises ``Damaged``."""
    return record(Notice, row, facts=texts(row.facts))


def reminder_answer(row: Row[Any]) -> ReminderAnswer:
    """Return one row of ``reminder_answers``."""
    return record(ReminderAnswer, row)


def card(row: Row[Any]) -> Card:
    """Return one row of ``cards``."""
    return record(Card, row, drawn_version=int(row.drawn_version))
