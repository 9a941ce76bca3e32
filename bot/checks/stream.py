"""Check of the stream of events: how far the operator's receiver has got.

Nothing is sent: the bot alone posts events.
"""

from collections.abc import Iterator

from bot.checks.verdict import Verdict, passed, warned
from bot.settings.model import Settings
from bot.stream.sending import receiver_name
from handlers.context.web_addresses import taken_apart
from handlers.policy.days import spelled_instant
from storage.engine import Database, Misfit, Unreachable
from storage.migrate import is_current
from storage.streams import Backlog, Streams

STREAM = "Event stream"
MEND = (
    "Look at the receiver; the bot keeps what it has not taken, and goes on in the record's order as soon "
    "as it takes it."
)


def stream_verdicts(settings: Settings) -> Iterator[Verdict]:
    """Yield one verdict where a receiver is set and the database can be read."""
    if settings.events_url is None:
        return
    url = settings.events_url.get_secret_value()
    database = Database(settings.database_url.get_secret_value(), look_only=True)
    try:
        if is_current(database):
            backlog = Streams(database, settings.azure_tenant_id or "", receiver_name(url)).backlog()
            yield _verdict(taken_apart(url).origin, backlog)
    except (Misfit, Unreachable):
        return  # the checks of the database say so
    finally:
        database.close()


def _verdict(origin: str, backlog: Backlog) -> Verdict:
    position = backlog.position
    if not backlog.events:
        return passed(STREAM, f"{origin} has taken every event up to {position.seq}")
    waits = f"{origin} has not taken {backlog.events} of the record's events yet"
    since = f", the oldest of {spelled_instant(backlog.since)}" if backlog.since else ""
    if position.problem is None:
        return passed(STREAM, f"{waits}{since}; nothing has failed")
    return warned(STREAM, f"{waits}{since}: {position.problem} (tries: {position.tries})", MEND)
