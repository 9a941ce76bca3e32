"""Word messages for who runs the bot: an unbelieved database, what does not agree, a receiver that has gone.

The database may disagree with its own record or lack its guards, and Exchange's audit log with the record.
"""

from collections.abc import Iterable
from typing import assert_never
from zoneinfo import ZoneInfo

from handlers.outgoing.news import (
    Accepted,
    AuditGap,
    Disagreement,
    GuardsMissing,
    SetAside,
    StreamGone,
    Subject,
    Untrusted,
)
from handlers.slack.views.mrkdwn import escape, instant, people, sentence
from handlers.suggested import Suggested
from storage.records import Mistrust

ACCEPT = "`legacytls verify --accept-restore`"
ALL_THE_SAME = "Opting out goes on."


def untrusted(said: Untrusted) -> str:
    """Return why nothing is opted in or extended for now, and what ends that."""
    return f":rotating_light: {_why(said)} {ALL_THE_SAME}"


def set_aside(said: SetAside) -> str:
    """Tell of rows that counted for nothing."""
    alone = said.count == 1
    which = f"A row of `{escape(said.table)}`" if alone else f"{said.count} rows of `{escape(said.table)}`"
    first = escape(said.row if alone else f"the first: {said.row}")
    return (
        f":rotating_light: {which} in the database ({first}) came from somebody else than this bot, or "
        f"changed since: {escape(said.why)}. Nothing was done because of it. Find out who can write to the "
        "database."
    )


def accepted(said: Accepted) -> str:
    """Tell that a person has accepted the database as it stands."""
    stale = [f"#{number}" for number in said.stale]
    ended = f" {', '.join(stale)} became stale: ask again for what is still needed." if stale else ""
    return f":white_check_mark: The database was accepted as it stands, by {ACCEPT}.{ended}"


def stream_gone(said: StreamGone) -> str:
    """Tell that the receiver of the stream has answered 410."""
    return (
        f":rotating_light: {people(said.operators)}: the receiver of the record's events, "
        f"`{escape(said.receiver)}`, says that it is gone for good (status 410). Nothing is lost: the bot "
        "keeps what it has not taken and tries hourly. Mend the receiver, or name another one in "
        "LEGACYTLS_EVENTS_URL."
    )


def _why(said: Untrusted) -> str:
    look = f"Nothing is opted in or extended until whoever runs the bot has looked at it and run {ACCEPT}."
    match said.why:
        case Mistrust.RESTORED:
            return (
                f"*The database looks like a backup that was put back*: event {said.known} of the record was "
                f"seen before and is not in it; it ends at {said.found}. {look}"
            )
        case Mistrust.NOT_AUTHENTIC:
            return (
                f"*The record in the database is not authentic*: {sentence(said.detail)}. Somebody else has "
                f"written to it, or a copy of the bot runs without the key. {look}"
            )
        case Mistrust.NOT_KEPT:
            return (
                f"*A backup that is put back could not be recognised at present*: {sentence(said.detail)}. "
                "Nothing is opted in or extended until the folder LEGACYTLS_STATE_DIR can be written again."
            )
        case _:
            assert_never(said.why)


LOOK = "Have whoever runs the database find out who changed it; `legacytls verify` names every row."


def disagreement(said: Disagreement, zone: ZoneInfo) -> str:
    """Return what was found, what it stops, and what to do."""
    return f":rotating_light: {_found(said, zone)}"


def guards(said: GuardsMissing) -> str:
    """Tell that triggers which keep the record unaltered are missing, or that all are back."""
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
    places = _places(said)
    match said.subject:
        case Subject.STOPPED:
            return (
                f"#{said.request} is not made: the database does not agree with the record ({places}). It is "
                f"over, and a new one can be asked for. {LOOK}"
            )
        case Subject.SET_ASIDE:
            return (
                f"#{said.request} is set aside: its row in the database cannot be read, or is not what was "
                f"recorded ({places}). {LOOK}"
            )
        case Subject.GOES_ON:
            return (
                f"#{said.request} goes on as it is on record, but the database says otherwise ({places}). "
                f"{LOOK}"
            )
        case Subject.WINDOW:
            end = f"The recorded end counts: {instant(said.end, zone)}." if said.end else ""
            return (
                f"What the live value ought to be does not agree with the record ({places}). {end} Until it "
                f"does, nothing is opted in or extended; opting out goes on, and {Suggested('disable')} sets "
                f"the row right. {LOOK}"
            )
        case Subject.JUDGED_BY:
            return (
                f"The database does not agree with the record ({places}). Until it does, nothing is opted in "
                f"or extended; opting out goes on. A restart of the bot records the rule anew. {LOOK}"
            )
        case Subject.UNREADABLE:
            return (
                f"A row of the database cannot be read and was set aside: {places}. Nothing else is held "
                f"up. {LOOK}"
            )
        case _:
            assert_never(said.subject)


def _places(said: Disagreement) -> str:
    return f"`{escape(said.places)}`{_more(said.more)}" if said.places else "unreadable"


def _more(more: int) -> str:
    return f" and {more} more" if more else ""


def audit_gap(said: AuditGap, zone: ZoneInfo) -> str:
    """Say what is not alike; ``zone`` is for dates where Slack shows the fallback."""
    return _gap(said, zone) if said.times is None else _flapping(said)


def _gap(said: AuditGap, zone: ZoneInfo) -> str:
    """A change that has no row in the audit log, or a row that belongs to no change."""
    at, why = instant(said.at, zone), escape(said.why.rstrip("."))
    if said.change is not None:
        return (
            f":rotating_light: #{said.change} of {at}: {why}. {_heed(said.operators)} `legacytls evidence` "
            "names it as missing."
        )
    who = f"`{escape(said.actor)}`" if said.actor else "somebody unknown"
    value = f"*{escape(said.value)}*" if said.value else "a value that is not told"
    return (
        f":rotating_light: Exchange's audit log has a change to {value} by {who} at {at} that the record "
        f"does not have: {why}. {_heed(said.operators)} Find out what it was for."
    )


def _flapping(said: AuditGap) -> str:
    """Somebody or something sets the value back again and again."""
    return (
        f":rotating_light: `{escape(said.actor)}` has set the value to *{escape(said.value)}* {said.times} "
        f"times within a month, past the bot: something else holds the setting, too. {_heed(said.operators)} "
        "Take the setting out of that tool (Microsoft365DSC and CIPP set what they are told to), or the "
        "bot's windows mean nothing."
    )


def _heed(operators: Iterable[str]) -> str:
    listed = list(operators)
    return f"{people(listed)}:" if listed else ""
