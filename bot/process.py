"""One run of the bot: start, serve until told to stop, finish what is in hand, end.

A restart alone posts nothing.
"""

import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import structlog

from bot import gc_tuning
from bot.from_settings import slack_client
from bot.observability.health import Health, serve_health
from bot.observability.metrics import Metrics
from bot.settings.model import Settings
from bot.slack_sign_in import Reaching
from bot.stop_signals import Stopping
from bot.tenants.reload import begin
from bot.transport.bolt_app import Identity
from bot.transport.modes import Serving, serving_of
from bot.wiring import Bot, app_of, wire
from handlers.ports import Clock
from handlers.queries.calendar_dates import CalendarDates
from storage.engine import Database
from storage.migrate import upgrade

log = structlog.get_logger(__name__)

FIRST_TRY = 2.0
"""Seconds that reaching Slack gets before the worker begins: most of its work needs no Slack, but would delay
it."""

FINISH_WITHIN = 15.0
"""Seconds that what is in hand may take after being told to stop; the rest is resumed by the next start."""

END_WITHIN = 19.0
"""Seconds from being told to stop to the end of the process, whatever hangs."""

END_UNSTARTED = 3.0
"""The same while nothing can be in hand yet."""


def utc_now() -> datetime:
    """Return the present by the machine's clock; whoever judges anything by it is handed it."""
    return datetime.now(UTC)


def run(settings: Settings, *, mode: str, host: str, port: int, clock: Clock = utc_now) -> int:
    """Serve Slack until SIGTERM or SIGINT and return the exit code. Raises ``reaching.CannotStart``."""
    stopping = Stopping(patience=END_UNSTARTED)
    _end_whole(stopping)
    health, metrics = Health(), Metrics(clock)
    token = settings.calendar_token
    endpoint = serve_health(
        health, metrics, host=settings.health_host, port=settings.health_port, calendar_token=token
    )
    database = _migrated(settings, health)
    try:
        client = slack_client(settings)
        bot = wire(settings, database, client, clock=clock, health=health, metrics=metrics)
        if settings.calendar_token is not None:
            health.calendar = _calendar_of(bot)
        gc_tuning.begin()
        begin(tuple(bot.tenants), database)
        if bot.rereading is not None:
            stopping.hear(signal.SIGHUP, bot.rereading.reread)

        def door(identity: Identity) -> Serving:
            return serving_of(
                app_of(bot, identity), settings, mode=mode, host=host, port=port, noted=metrics.acknowledged
            )

        _serve(bot, Reaching(bot, door, stopping, health), health, stopping)
    finally:
        if endpoint is not None:
            endpoint.stop()
        database.close()
    return stopping.code


def _calendar_of(bot: Bot) -> Callable[[], bytes]:
    from bot.calendar_file import ics  # noqa: PLC0415 - where no calendar is served, the library is not loaded

    # it is refused where there are several (bot.settings.tenants)
    context = next(iter(bot.tenants)).dispatch.context
    dates = CalendarDates(context.ledger, context.calendar, context.cloud.name, context.today)
    return lambda: ics(dates.gather())


def _serve(bot: Bot, reaching: Reaching, health: Health, stopping: Stopping) -> None:
    stopping.left, stopping.patience = partial(_left, bot), END_WITHIN
    bot.shared.readers.start()
    health.watch(connected=reaching.is_connected, beat=bot.worker.slowest_beat)
    reaching.start()
    try:
        reaching.tried.wait(FIRST_TRY)
        if not stopping.is_set():
            bot.worker.start()
        stopping.wait()
    finally:
        health.taking_commands = False
        _stop(bot, reaching)
    if reaching.refused is not None:
        raise reaching.refused


def _stop(bot: Bot, reaching: Reaching) -> None:
    """Take no more work, finish what is in hand; whatever does not end in time is resumed from the ledger."""
    deadline = time.monotonic() + FINISH_WITHIN
    log.info("bot.stopping")
    for one in bot.tenants:
        one.exchange.last_tries()
    reaching.stop()
    # each may hand something to the next
    for stop in (bot.shared.executor.stop, bot.shared.readers.stop, bot.worker.stop):
        stop(within=max(0.1, deadline - time.monotonic()))
    for one in bot.tenants:
        one.exchange.close()
    if bot.shared.together is not None:
        bot.shared.together.close()
    left = _left(bot)
    log.info("bot.stopped", finished=not left, left=left)


def _left(bot: Bot) -> list[str]:
    """What is still in hand, by the names of its threads."""
    return [*bot.shared.executor.left(), *bot.shared.readers.left(), *bot.worker.left()]


def _end_whole(stopping: Stopping) -> None:
    """End the whole process when a thread dies of a defect, so that it is started again."""
    told = threading.excepthook

    def died(args: threading.ExceptHookArgs) -> None:
        told(args)
        if not stopping.is_set() and not issubclass(args.exc_type, SystemExit):
            stopping.code = 1
            stopping.tell()

    threading.excepthook = died


def _migrated(settings: Settings, health: Health) -> Database:
    upgrade(settings.database_url.get_secret_value())
    health.migrated = True
    return Database(settings.database_url.get_secret_value(), keys=settings.keyring())
