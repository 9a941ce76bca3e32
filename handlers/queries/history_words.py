"""The words behind ``/legacytls history``, and what they narrow it to. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from handlers.policy.periods import WrongPeriod, spelled_period
from handlers.stored_command import number
from storage.history_pages import EVERYTHING, HistoryFilter
from storage.lifecycle import Kind, State

KINDS = {
    "opt-in": Kind.OPT_IN,
    "opt-out": Kind.OPT_OUT,
    "extension": Kind.EXTENSION,
    "shortening": Kind.SHORTENING,
    "outside": Kind.OUTSIDE,
}
"""How people write the kind of a change."""

STATES = {state.value: state for state in State if state is not State.OBSERVED}
"""How people write the state of a change; *observed* is every change made outside, so *outside* says it."""

TAKES = "a state (`rejected`), a kind (`opt-in`), a person (`@name`, `me`), a period (`2026-11`), `before 12`"
"""What history takes, for whoever wrote something else."""

_PERSON = re.compile(r"<@([UW][A-Z0-9]{2,31})(?:\|[^>]*)?>|([UW][A-Z0-9]{2,31})")
"""A mention as Slack escapes it (docs.slack.dev, "Implementing slash commands", ``should_escape``), or the
bare id."""


class WrongWords(ValueError):
    """A word that history does not know; the text says which, and what it takes.

    It quotes what was typed: escape it.
    """


@dataclass(frozen=True, slots=True)
class HistoryQuestion:
    """What was asked: which changes, and below which number the page begins (``None``: with the newest)."""

    only: HistoryFilter
    before: int | None = None


def history_question(words: Iterable[str], *, reader: str | None, today: date) -> HistoryQuestion:
    """Return what these words ask for; ``reader`` is who ``me`` is, ``None`` where nobody is.

    Raises ``WrongWords``.
    """
    asked, left = HistoryQuestion(EVERYTHING), list(words)
    while left:
        word = left.pop(0)
        if word.lower() == "before" and left:
            asked = replace(asked, before=_number(left.pop(0)))
        else:
            asked = replace(asked, only=_narrowed(asked.only, word, reader, today))
    return asked


def spelled(only: HistoryFilter) -> list[str]:
    """Return the words that ask for this filter again; a person by id."""
    kinds = [word for word, kind in KINDS.items() if kind in only.kinds]
    states = [word for word, state in STATES.items() if state in only.states]
    person = [only.person] if only.person else []
    return [*states, *kinds, *person, *_days(only)]


def _narrowed(only: HistoryFilter, word: str, reader: str | None, today: date) -> HistoryFilter:
    lower = word.lower().replace("_", "-")
    person = _PERSON.fullmatch(word)
    if lower in STATES:
        return replace(only, states=only.states | {STATES[lower]})
    if lower in KINDS:
        return replace(only, kinds=only.kinds | {KINDS[lower]})
    if lower == "me" and reader is not None:
        return _of(only, reader, word)
    if person:
        return _of(only, person[1] or person[2], word)
    if word.startswith("@"):
        raise WrongWords(
            f"`{word}` is nobody here: choose the person from what Slack suggests while you type."
        )
    return _within(only, word, today)


def _of(only: HistoryFilter, person: str, word: str) -> HistoryFilter:
    if only.person not in (None, person):
        raise WrongWords(f"`{word}` is a second person; history takes one.")
    return replace(only, person=person)


def _within(only: HistoryFilter, word: str, today: date) -> HistoryFilter:
    if only.since is not None:
        raise WrongWords(f"`{word}` comes after a period; history takes one.")
    try:
        period = spelled_period(word, today)
    except WrongPeriod as wrong:
        if word[:4].isdigit() and "-" in word:
            raise WrongWords(str(wrong)) from wrong
        raise WrongWords(f"`{word}` is nothing that history takes: {TAKES}.") from wrong
    return replace(only, since=period.begins, until=period.ends)


def _days(only: HistoryFilter) -> list[str]:
    if only.since is None or only.until is None:
        return []
    return [f"{only.since.date()}..{(only.until - timedelta(days=1)).date()}"]


def _number(word: str) -> int:
    try:
        return number(word.removeprefix("#"))
    except ValueError as wrong:
        raise WrongWords(f"`{word}` is no number of a change: write it as `before 12`.") from wrong
