"""Channel messages about a database that does not agree with its own record, or has lost the guards of it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from handlers.changes.agreement import Subject
from handlers.slack.views.mrkdwn import escape, instant

LOOK = "Have whoever runs the database find out who changed it; `legacytls verify` names every row."


def disagreement(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    """What was found, what it stops, and what to do."""
    return f":rotating_light: {_SAYINGS[Subject(facts['subject'])](facts, zone)}"


def guards(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    """That triggers which keep the record unaltered are missing, or that all are back."""
    if not facts["missing"]:
        return ":white_check_mark: The guards of the record are back in the database: opting in and extending go on."
    return (
        f":rotating_light: Guards of the record are missing from the database: {escape(facts['missing'])}{_more(facts)}. "
        "Until they are back, nothing is opted in or extended; opting out goes on. `legacytls migrate`, run by the owner of the "
        "tables, puts them back; then `legacytls verify` names every row that was changed meanwhile."
    )


def _stopped(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    return (
        f"#{facts['request']} is not made: the database does not agree with the record ({_places(facts)}). It is over, and a new "
        f"one can be asked for. {LOOK}"
    )


def _set_aside(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    return (
        f"#{facts['request']} is set aside: its row in the database cannot be read, or is not what was recorded "
        f"({_places(facts)}). {LOOK}"
    )


def _goes_on(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    return f"#{facts['request']} goes on as it is on record, but the database says otherwise ({_places(facts)}). {LOOK}"


def _window(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    end = f"The recorded end counts: {instant(datetime.fromisoformat(facts['end']), zone)}." if facts["end"] else ""
    return (
        f"What the live value ought to be does not agree with the record ({_places(facts)}). {end} Until it does, nothing is "
        f"opted in or extended; opting out goes on, and `/legacytls disable` sets the row right. {LOOK}"
    )


def _judged_by(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    return (
        f"The database does not agree with the record ({_places(facts)}). Until it does, nothing is opted in or extended; opting "
        f"out goes on. A restart of the bot records the rule anew. {LOOK}"
    )


def _unreadable(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    return f"A row of the database cannot be read and was set aside: {_places(facts)}. Nothing else is held up. {LOOK}"


_SAYINGS: dict[Subject, Callable[[Mapping[str, str], ZoneInfo], str]] = {
    Subject.STOPPED: _stopped,
    Subject.SET_ASIDE: _set_aside,
    Subject.GOES_ON: _goes_on,
    Subject.WINDOW: _window,
    Subject.JUDGED_BY: _judged_by,
    Subject.UNREADABLE: _unreadable,
}


def _places(facts: Mapping[str, str]) -> str:
    return f"`{escape(facts['places'])}`{_more(facts)}" if facts["places"] else "unreadable"


def _more(facts: Mapping[str, str]) -> str:
    return f" and {facts['more']} more" if facts["more"] != "0" else ""
