"""Publish App Homes one at a time: each person's newest once, at Slack's pace.

A page is no truth that could be lost: whatever is not published is drawn anew the next time somebody opens
the app. Nothing is tried without end: a conflict is met once, what Slack refuses for another reason is left
until then.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

from handlers.context.rate_limits import MOST_KEYS
from handlers.dispatch import Dispatch
from handlers.ports import Unavailable
from handlers.queries.home import Homes
from handlers.slack.client.calls import call
from handlers.slack.client.web_api import SlackWebClient
from handlers.slack.views import home as view
from storage.engine import Unreachable
from storage.errors import Conflict

log = structlog.get_logger(__name__)

CONFLICT = "hash_conflict"
"""Slack's word for a page that was published by somebody else meanwhile
(docs.slack.dev/reference/methods/views.publish)."""

GAP = 0.02
"""Seconds between two pages: what else the executor has to do comes in between, and a stopping process begins
no further page."""

Publish = Callable[[str, str], None]
"""Draws and publishes the page of a person over the one with this hash (empty: over any). Raises
``Unavailable``."""


class Follow(Protocol):
    """How the executor takes a job, now or ``delay`` seconds later."""

    def __call__(self, job: Callable[[], None], *, delay: float = 0) -> None:
        """Take it; there is always room."""


def _now(job: Callable[[], None], *, delay: float = 0) -> None:
    if not delay:
        job()


class HomePages:
    """Who waits for their page. ``publish`` publishes one; ``follow`` has it done by the executor."""

    def __init__(
        self,
        publish: Publish = lambda person, over: None,
        follow: Follow = _now,
    ) -> None:
        self._publish = publish
        self._follow = follow
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, str] = OrderedDict()
        """People, and the hash of the page that each of them sees."""
        self._busy = False
        self._seen_by: OrderedDict[str, None] = OrderedDict()
        """Whose page was published, the latest last: others need none after what they do."""

    def opened(self, person: str, over: str) -> None:
        """Publish the page of somebody who opens it; however often they do meanwhile, once."""
        with self._lock:
            self._waiting[person] = over
            if len(self._waiting) > MOST_KEYS:
                self._waiting.popitem(last=False)
            begins, self._busy = not self._busy, True
        if begins:
            self._follow(self._next)

    def acted(self, person: str, over: str = "") -> None:
        """Publish the page of somebody anew after what they did, if they have seen it."""
        with self._lock:
            has_seen = bool(over) or person in self._seen_by
        if has_seen:
            self.opened(person, over)

    def _next(self) -> None:
        with self._lock:
            person, over = self._waiting.popitem(last=False)
        pause = GAP
        try:
            pause = max(pause, self._once(person, over))
        finally:
            with self._lock:
                self._busy = goes_on = bool(self._waiting)
            if goes_on:
                self._follow(self._next, delay=pause)

    def _once(self, person: str, over: str) -> float:
        """Publish one page; returns for how many seconds Slack wants to be left alone."""
        try:
            self._publish(person, over)
        except Unavailable as refused:
            if refused.code == CONFLICT and over:
                self._again(person)
            elif refused.retry_after:
                self._again(person, over)
                return refused.retry_after
            else:
                log.warning("home.not_published", person=person, problem=refused.sentence)
        except (Unreachable, Conflict) as away:
            log.warning("home.not_published", person=person, problem=str(away))
        else:
            self._note(person)
        return 0.0

    def _again(self, person: str, over: str = "") -> None:
        """Publish once more unless they asked anew; without a hash, over whatever is there."""
        with self._lock:
            self._waiting.setdefault(person, over)
            self._waiting.move_to_end(person, last=False)

    def _note(self, person: str) -> None:
        with self._lock:
            self._seen_by[person] = None
            self._seen_by.move_to_end(person)
            if len(self._seen_by) > MOST_KEYS:
                self._seen_by.popitem(last=False)


def publishing(dispatch: Dispatch, client: SlackWebClient, zone: ZoneInfo) -> Publish:
    """Return what draws and publishes a page."""
    return partial(_publish, dispatch, client, zone)


def _publish(dispatch: Dispatch, client: SlackWebClient, zone: ZoneInfo, person: str, over: str) -> None:
    """Draw and publish one page. Raises ``Unavailable``, ``Unreachable`` and ``Conflict``."""
    verdict = dispatch.may_read(person)
    page = dispatch.query(Homes).page(person) if verdict.allowed else None
    drawn = view.page(page, person, zone) if page is not None else view.turned_away(verdict.sentence)
    call(client.views_publish, user_id=person, view=drawn.to_dict(), **({"hash": over} if over else {}))
    if page is not None:
        dispatch.query(Homes).keep_shown(person, page)
