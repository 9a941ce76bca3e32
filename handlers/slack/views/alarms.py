"""Word messages for who runs the bot: an unbelieved database, a receiver that has gone."""

from typing import assert_never

from handlers.outgoing.news import Accepted, SetAside, StreamGone, Untrusted
from handlers.slack.views.mrkdwn import escape, people, sentence
from storage.records import Mistrust

ACCEPT = "`legacytls verify --accept-restore`"
ALL_THE_SAME = "Opting out goes on."


def untrusted(said: Untrusted) -> str:
    """Return why nothing is opted in or extended for now, and what ends that."""
    return f":rotating_light: {_why(said)} {ALL_THE_SAME}"


def set_aside(said: SetAside) -> str:
    """Rows that counted for nothing."""
    alone = said.count == 1
    which = f"A row of `{escape(said.table)}`" if alone else f"{said.count} rows of `{escape(said.table)}`"
    first = escape(said.row if alone else f"the first: {said.row}")
    return (
        f":rotating_light: {which} in the database ({first}) came from somebody else than this bot, or "
        f"changed since: {escape(said.why)}. Nothing was done because of it. Find out who can write to the "
        "database."
    )


def accepted(said: Accepted) -> str:
    """That a person has accepted the database as it stands."""
    stale = [f"#{number}" for number in said.stale]
    ended = f" {', '.join(stale)} became stale: ask again for what is still needed." if stale else ""
    return f":white_check_mark: The database was accepted as it stands, by {ACCEPT}.{ended}"


def stream_gone(said: StreamGone) -> str:
    """That the receiver of the stream has answered 410."""
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
