"""Channel messages about a database that does not agree with its own record, or has lost the guards of it."""

from typing import assert_never
from zoneinfo import ZoneInfo

from handlers.outgoing.news import Disagreement, GuardsMissing, Subject
from handlers.slack.views.mrkdwn import escape, instant

LOOK = "Have whoever runs the database find out who changed it; `legacytls verify` names every row."


def disagreement(said: Disagreement, zone: ZoneInfo) -> str:
    """What was found, what it stops, and what to do."""
    return f":rotating_light: {_found(said, zone)}"


def guards(said: GuardsMissing) -> str:
    """That triggers which keep the record unaltered are missing, or that all are back."""
    if not said.missing:
        return (
            ":white_check_mark: The guards of the record are back in the database: opting in and extending "
            "go on."
        )
    return (
        ":rotating_light: Guards of the record are missing from the database: "
        f"{escape(said.missing)}{_more(said.more)}. Until they are back, nothing is opted in or extended; "
        "opting out goes on. `legacytls migrate`, run by the owner of the tables, puts them back; then "
        "`legacytls verify` names every row that was changed meanwhile."
    )


def _found(said: Disagreement, zone: ZoneInfo) -> str:
    match said.subject:
        case Subject.STOPPED:
            return _stopped(said)
        case Subject.SET_ASIDE:
            return _set_aside(said)
        case Subject.GOES_ON:
            return _goes_on(said)
        case Subject.WINDOW:
            return _window(said, zone)
        case Subject.JUDGED_BY:
            return _judged_by(said)
        case Subject.UNREADABLE:
            return _unreadable(said)
        case _:
            assert_never(said.subject)


def _stopped(said: Disagreement) -> str:
    return (
        f"#{said.request} is not made: the database does not agree with the record ({_places(said)}). It is "
        f"over, and a new one can be asked for. {LOOK}"
    )


def _set_aside(said: Disagreement) -> str:
    return (
        f"#{said.request} is set aside: its row in the database cannot be read, or is not what was recorded "
        f"({_places(said)}). {LOOK}"
    )


def _goes_on(said: Disagreement) -> str:
    return (
        f"#{said.request} goes on as it is on record, but the database says otherwise ({_places(said)}). "
        f"{LOOK}"
    )


def _window(said: Disagreement, zone: ZoneInfo) -> str:
    end = f"The recorded end counts: {instant(said.end, zone)}." if said.end else ""
    return (
        f"What the live value ought to be does not agree with the record ({_places(said)}). {end} Until it "
        "does, nothing is opted in or extended; opting out goes on, and `/legacytls disable` sets the row "
        f"right. {LOOK}"
    )


def _judged_by(said: Disagreement) -> str:
    return (
        f"The database does not agree with the record ({_places(said)}). Until it does, nothing is opted in "
        f"or extended; opting out goes on. A restart of the bot records the rule anew. {LOOK}"
    )


def _unreadable(said: Disagreement) -> str:
    return (
        f"A row of the database cannot be read and was set aside: {_places(said)}. Nothing else is held "
        f"up. {LOOK}"
    )


def _places(said: Disagreement) -> str:
    return f"`{escape(said.places)}`{_more(said.more)}" if said.places else "unreadable"


def _more(more: int) -> str:
    return f" and {more} more" if more else ""
