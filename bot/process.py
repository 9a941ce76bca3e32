"""One run of the bot: start, serve until told to stop, finish what is in hand, end. A restart alone posts nothing."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from slack_sdk import WebClient

from bot.health import Health, serve_health
from bot.metrics import Metrics
from bot.serving import Serving, serving_of
from bot.settings import Settings
from bot.stopping import Stopping
from bot.wiring import Bot, Identity, identity_of, slack_client, wire
from handlers.ports import Clock, Unavailable
from handlers.slack.calls import call
from storage.engine import Database
from storage.migrate import upgrade

log = structlog.get_logger(__name__)

FINISH_WITHIN = 15.0
"""Seconds that what is in hand may take after SIGTERM; the rest is resumed by the next start."""


class CannotStart(Exception):
    """Something that waiting does not mend, in one sentence for the operator."""


def utc_now() -> datetime:
    """The present; the one place where the machine's clock is read."""
    return datetime.now(UTC)


def run(settings: Settings, *, mode: str, host: str, port: int, clock: Clock = utc_now) -> int:
    """Serve Slack until SIGTERM or SIGINT and return the exit code. Raises ``CannotStart``."""
    stopping = Stopping()
    health, metrics = Health(), Metrics(clock)
    endpoint = serve_health(health, settings, metrics)
    database = _migrated(settings, health)
    try:
        client = slack_client(settings)
        identity = _identify(client, stopping)
        if identity is None:
            return 0
        bot = wire(settings, identity, database, client, clock=clock, health=health, metrics=metrics)
        serving = serving_of(bot.app, settings, mode=mode, host=host, port=port, noted=metrics.acknowledged)
        _serve(bot, serving, health, stopping)
    finally:
        if endpoint is not None:
            endpoint.stop()
        database.close()
    return 0


def _serve(bot: Bot, serving: Serving, health: Health, stopping: Stopping) -> None:
    bot.desk.rules.keep_rule()
    bot.desk.status.start()
    health.watch(connected=serving.is_connected, beat=bot.worker.slowest_beat)
    try:
        try:
            reached = _reached(serving.start)
        finally:
            bot.worker.start()  # whatever came of the first try: most of its work needs no Slack, but would have delayed it
        if not reached:
            _patiently(serving.start, stopping)
        log.info("bot.serving", mode=serving.mode)
        health.taking_commands = True
        stopping.wait()
    finally:
        health.taking_commands = False
        _stop(bot, serving)


def _stop(bot: Bot, serving: Serving) -> None:
    """Take no more work, finish what is in hand; whatever does not end in time is resumed from the ledger."""
    deadline = time.monotonic() + FINISH_WITHIN
    log.info("bot.stopping")
    serving.stop()
    finished = True
    for stop in (bot.crew.stop, bot.desk.status.stop, bot.worker.stop):  # each may hand something to the next
        finished &= stop(within=max(0.1, deadline - time.monotonic()))
    bot.exchange.close()
    log.info("bot.stopped", finished=finished)


def _migrated(settings: Settings, health: Health) -> Database:
    upgrade(settings.database_url.get_secret_value())
    health.migrated = True
    return Database(settings.database_url.get_secret_value())


def _identify(client: WebClient, stopping: Stopping) -> Identity | None:
    """Ask Slack who we are, as long as it takes; ``None`` when told to stop meanwhile. Raises ``CannotStart``."""
    pause = 1.0
    while not stopping.is_set():
        try:
            said = call(client.auth_test)
        except Unavailable as away:
            if not away.retryable:
                raise CannotStart(f"{away.sentence} {away.mend}") from None
            log.warning("slack.unreachable", problem=away.sentence, again_in=pause)
            stopping.wait(timeout=pause)
            pause = min(pause * 2, 30.0)
            continue
        return identity_of(said)
    return None


def _patiently(start: Callable[[], None], stopping: Stopping) -> None:
    pause = 1.0
    while not stopping.wait(timeout=pause) and not _reached(start):
        pause = min(pause * 2, 30.0)


def _reached(start: Callable[[], None]) -> bool:
    """Try once to be reached by Slack. Raises ``CannotStart``."""
    try:
        start()
    except Unavailable as away:
        if not away.retryable:
            raise CannotStart(f"{away.sentence} {away.mend}") from None
        log.warning("slack.not_connected", problem=away.sentence)
        return False
    return True
