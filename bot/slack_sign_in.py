"""Sign in to Slack and start receiving, on a thread of its own, for as long as it takes.

Time goes on meanwhile: windows end and opt-outs are made by the worker, which waits for none of this.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

import structlog

from bot.observability.health import Health
from bot.stop_signals import Stopping
from bot.transport.bolt_app import Identity, identity_of
from bot.transport.modes import Serving
from bot.wiring import Bot
from handlers.ports import Unavailable
from handlers.slack.client.calls import call
from storage.engine import Unreachable

log = structlog.get_logger(__name__)

T = TypeVar("T")

LONGEST_PAUSE = 30.0
"""Seconds between two tries at most."""


class CannotStart(Exception):
    """Something that waiting does not mend, in one sentence for the operator."""


class Reaching:
    """``door`` makes the way in once Slack has said who we are.

    Tells the bot to stop when it is refused and need not go on.
    """

    def __init__(
        self, bot: Bot, door: Callable[[Identity], Serving], stopping: Stopping, health: Health
    ) -> None:
        self._bot = bot
        self._door = door
        self._stopping = stopping
        self._health = health
        self._serving: Serving | None = None
        self._thread = threading.Thread(target=self._run, name="reaching", daemon=True)
        self.tried = threading.Event()
        """Set when the first try has come to an end, well or not."""
        self.refused: CannotStart | OSError | None = None
        """Why it was given up."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Take nothing more; what was taken is still acknowledged."""
        if self._serving is not None:
            self._serving.stop()

    def is_connected(self) -> bool:
        """Tell whether Slack can reach the bot right now."""
        return self._serving is not None and self._serving.is_connected()

    def _run(self) -> None:
        try:
            self._reach()
        except (CannotStart, OSError) as refused:  # OSError: the address to listen on is taken
            self.refused = refused
        finally:
            self.tried.set()
            if not self._health.taking_commands and not self._stopping.is_set():
                self._stopping.code = 1
                self._stopping.tell()

    def _reach(self) -> None:
        identity = self._patiently(lambda: identity_of(call(self._bot.shared.client.auth_test)))
        if identity is None:
            return
        self._serving = self._door(identity)
        if self._patiently(self._started) is None:
            return
        log.info("bot.transport.modes", mode=self._serving.mode)
        self._health.taking_commands = not self._stopping.is_set()

    def _started(self) -> Serving:
        assert self._serving is not None
        self._serving.start()
        return self._serving

    def _patiently(self, once: Callable[[], T]) -> T | None:
        """Try until it works; ``None`` when told to stop meanwhile. Raises ``CannotStart``."""
        pause = 1.0
        while not self._stopping.is_set():
            try:
                return once()
            except Unavailable as away:
                self._failed(away, pause)
                asked = away.retry_after or 0.0
            self.tried.set()
            self._stopping.wait(timeout=max(pause, asked))
            pause = min(pause * 2, LONGEST_PAUSE)
        return None

    def _failed(self, away: Unavailable, pause: float) -> None:
        if away.retryable:
            log.warning("slack.unreachable", problem=away.sentence, again_in=pause)
        elif self._must_go_on():
            log.error("slack.refused", problem=away.sentence, mend=away.mend, again_in=pause)
        else:
            raise CannotStart(f"{away.sentence} {away.mend}")

    def _must_go_on(self) -> bool:
        """Whether there may be something that has to be ended in time, with or without Slack."""
        try:
            return any(one.dispatch.optouts.may_not_rest() for one in self._bot.tenants)
        except Unreachable:
            return True
