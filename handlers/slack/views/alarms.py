"""Channel messages for whoever runs the bot: a database that is not to be believed, a receiver that wants no more events."""

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from handlers.slack.views.mrkdwn import escape, people, sentence
from storage.record.standing import Estrangement

ACCEPT = "`legacytls verify --accept-restore`"
ALL_THE_SAME = "Opting out goes on."


def estranged(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    """Why nothing is opted in or extended for now, and what ends that."""
    return f":rotating_light: {_WHY[Estrangement(facts['why'])](facts)} {ALL_THE_SAME}"


def set_aside(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    """Rows that counted for nothing."""
    alone = facts["count"] == "1"
    which = f"A row of `{escape(facts['table'])}`" if alone else f"{facts['count']} rows of `{escape(facts['table'])}`"
    first = escape(facts["row"] if alone else f"the first: {facts['row']}")
    return (
        f":rotating_light: {which} in the database ({first}) came from somebody else than this bot, or changed since: "
        f"{escape(facts['why'])}. Nothing was done because of it. Find out who can write to the database."
    )


def accepted(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    """That a person has accepted the database as it stands."""
    stale = [f"#{number}" for number in facts["stale"].split(",") if number]
    ended = f" {', '.join(stale)} became stale: ask again for what is still needed." if stale else ""
    return f":white_check_mark: The database was accepted as it stands, by {ACCEPT}.{ended}"


def stream_gone(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    """That the receiver of the stream has answered 410."""
    return (
        f":rotating_light: {people(facts['operators'].split(','))}: the receiver of the record's events, "
        f"`{escape(facts['receiver'])}`, says that it is gone for good (status 410). Nothing is lost: the bot keeps what it has "
        "not taken and tries hourly. Mend the receiver, or name another one in LEGACYTLS_EVENTS_URL."
    )


def _restored(facts: Mapping[str, str]) -> str:
    return (
        f"*The database looks like a backup that was put back*: event {facts['known']} of the record was seen before and is "
        f"not in it; it ends at {facts['found']}. Nothing is opted in or extended until whoever runs the bot has looked at it "
        f"and run {ACCEPT}."
    )


def _not_authentic(facts: Mapping[str, str]) -> str:
    return (
        f"*The record in the database is not authentic*: {sentence(facts['detail'])}. Somebody else has written to it, or a "
        "copy of the bot runs without the key. Nothing is opted in or extended until whoever runs the bot has looked at it "
        f"and run {ACCEPT}."
    )


def _not_kept(facts: Mapping[str, str]) -> str:
    return (
        f"*A backup that is put back could not be recognised at present*: {sentence(facts['detail'])}. Nothing is opted in or "
        "extended until the folder LEGACYTLS_STATE_DIR can be written again."
    )


_WHY: Mapping[Estrangement, Callable[[Mapping[str, str]], str]] = {
    Estrangement.RESTORED: _restored,
    Estrangement.NOT_AUTHENTIC: _not_authentic,
    Estrangement.NOT_KEPT: _not_kept,
}
