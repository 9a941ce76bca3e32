"""Slack as the use cases see it: an announcer, windows and threads that remember what they were asked for."""

import copy
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import SimpleNamespace
from typing import Any

from handlers.outgoing.announcement_view import AnnouncementView
from handlers.outgoing.request_view import RequestView
from handlers.ports import Place, Unavailable
from storage.devices.records import Device
from storage.sightings import Sighting
from tests.handlers.fakes import CHANNEL
from tests.handlers.saying import texts_shown


@dataclass(frozen=True)
class Said:
    """One private answer as somebody reads it."""

    person: str
    channel: str | None
    text: str
    reason_for: int | None
    typed: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Board:
    """Implements ``Announcer``: keeps whatever anybody was shown. ``trouble`` is raised once each, first come
    first served."""

    cards: list[tuple[Place, RequestView]] = field(default_factory=list)
    threads: list[tuple[Place, RequestView]] = field(default_factory=list)
    """Replies, by the message they belong to."""
    said: list[Said] = field(default_factory=list)
    outcomes: list[tuple[str, RequestView]] = field(default_factory=list)
    retired: list[Place] = field(default_factory=list)
    announced: list[Mapping[str, str]] = field(default_factory=list)
    drawn_again: list[tuple[Place, Mapping[str, str]]] = field(default_factory=list)
    told: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    devices: list[tuple[Device, Place]] = field(default_factory=list)
    """Entries of the register, with the messages in whose threads they stand."""
    devices_again: list[tuple[Device, Place]] = field(default_factory=list)
    posted: int = 0
    channel: str = CHANNEL
    gone: set[Place] = field(default_factory=set)
    """Messages that somebody deleted."""
    barred: dict[str, Unavailable] = field(default_factory=dict)
    """Channels in which nothing can be drawn, and why."""
    sealed: dict[Place, Unavailable] = field(default_factory=dict)
    """Messages that cannot be drawn again, and why."""
    trouble: dict[str, deque[Unavailable]] = field(default_factory=dict)
    after_post: Callable[[Place], None] = lambda place: None
    lost: dict[Place, int] = field(default_factory=dict)
    """Messages of requests whose place the bot was not told."""

    def request_at(self, place: Place) -> int | None:
        self._meet_trouble("request_at")
        return self.lost.get(place)

    def draw(self, view: RequestView, place: Place | None) -> Place | None:
        self._meet_trouble("draw")
        if place is not None and place.channel in self.barred:
            raise self.barred[place.channel]
        if place in self.sealed:
            raise self.sealed[place]
        if place in self.gone:
            return None
        drawn = place or self._new_place(self.channel)
        self.cards.append((drawn, view))
        return drawn

    def thread(self, view: RequestView, place: Place) -> Place:
        self._meet_trouble("thread")
        self.threads.append((place, view))
        return self._new_place(place.channel)

    def permalink(self, place: Place) -> str | None:
        return f"https://contoso.slack.com/archives/{place.channel}/p{place.ts.replace('.', '')}"

    def answer(
        self,
        person: str,
        channel: str | None,
        text: str,
        *,
        reason_for: int | None,
        typed: Mapping[str, str] | None = None,
    ) -> None:
        self._meet_trouble("answer")
        self.said.append(Said(person, channel, text, reason_for, typed or {}))

    def outcome(self, person: str, view: RequestView) -> Place:
        self._meet_trouble("outcome")
        self.outcomes.append((person, view))
        return self._new_place("D" + person[1:])

    def tell(self, person: str, view: AnnouncementView) -> Place:
        self._meet_trouble("tell")
        self.told.append((person, texts_shown(view)))
        return self._new_place("D" + person[1:])

    def retire(self, place: Place, view: RequestView) -> None:
        self._meet_trouble("retire")
        self.retired.append(place)

    def announce(self, view: AnnouncementView, place: Place | None = None) -> Place:
        self._meet_trouble("announce")
        facts = texts_shown(view)
        if place is not None:
            self.drawn_again.append((place, facts))
            return place
        self.announced.append(facts)
        return self._new_place(CHANNEL)

    def device(
        self, device: Device, seen: Sighting | None, today: date, place: Place, *, again: bool
    ) -> Place:
        self._meet_trouble("device")
        (self.devices_again if again else self.devices).append((device, place))
        return place if again else self._new_place(place.channel)

    def fail(self, method: str, *errors: Unavailable) -> None:
        """Have the next calls of one method fail."""
        self.trouble.setdefault(method, deque()).extend(errors)

    def _new_place(self, channel: str) -> Place:
        self.posted += 1
        place = Place(channel, f"1763899200.{self.posted:06}")
        self.after_post(place)
        return place

    def _meet_trouble(self, method: str) -> None:
        if self.trouble.get(method):
            raise copy.copy(self.trouble[method].popleft())


class Windows:
    """The few methods of Slack's client that the edge itself calls: it shows forms, and answers where no
    other way is left."""

    def __init__(self) -> None:
        self.opened: list[dict[str, Any]] = []
        self.said: list[dict[str, Any]] = []
        self.trouble: Unavailable | None = None
        """Why no form opens."""
        self.no_ephemeral: Unavailable | None = None
        """Why no ephemeral message is taken."""
        self.no_message: Unavailable | None = None
        """Why no other message is taken."""
        self.looked_up: list[str] = []
        self.homes: dict[str, dict[str, Any]] = {}
        """The App Home of each person, as it was last published."""
        self.published: list[str] = []
        """Whose, in order."""
        self.unpublished: deque[Unavailable] = deque()
        """Why the next ones are not taken."""

    def views_publish(self, *, user_id: str, view: dict[str, Any], hash: str = "") -> SimpleNamespace:  # noqa: A002 - Slack's name
        if self.unpublished:
            raise self.unpublished.popleft()
        if hash and self.homes.get(user_id, {}).get("hash") != hash:
            raise Unavailable(
                "Slack refused the call (hash_conflict).", retryable=False, code="hash_conflict"
            )
        self.published.append(user_id)
        self.homes[user_id] = view | {"hash": f"{len(self.published)}.abc"}
        return SimpleNamespace(data={"ok": True}, headers={})

    def views_push(self, *, trigger_id: str, view: dict[str, Any]) -> SimpleNamespace:
        return self.views_open(trigger_id=trigger_id, view=view)

    def users_info(self, *, user: str) -> SimpleNamespace:
        self.looked_up.append(user)
        return SimpleNamespace(
            data={"ok": True, "user": {"id": user, "real_name": f"={user[2:].title()}"}}, headers={}
        )

    def views_open(self, *, trigger_id: str, view: dict[str, Any]) -> SimpleNamespace:
        if self.trouble is not None:
            raise self.trouble
        self.opened.append(view)
        return SimpleNamespace(data={"ok": True}, headers={})

    def conversations_open(self, *, users: str) -> SimpleNamespace:
        return SimpleNamespace(data={"ok": True, "channel": {"id": f"D{users}"}}, headers={})

    def send_file(self, *, pieces: Iterable[bytes], **file: Any) -> SimpleNamespace:
        self.said.append(file | {"content": b"".join(pieces)})
        return SimpleNamespace(data={"ok": True}, headers={})

    def chat_postEphemeral(self, **said: Any) -> SimpleNamespace:  # noqa: N802 - Slack's name
        if self.no_ephemeral is not None:
            raise self.no_ephemeral
        self.said.append(said)
        return SimpleNamespace(data={"ok": True}, headers={})

    def chat_postMessage(self, **said: Any) -> SimpleNamespace:  # noqa: N802 - Slack's name
        if self.no_message is not None:
            raise self.no_message
        self.said.append(said)
        return SimpleNamespace(data={"ok": True}, headers={})


class Hands:
    """Stands in for the executor: does what is handed over at once, or drops it as a process that dies
    would."""

    def __init__(self) -> None:
        self.dying = False
        self.full = False
        self.late = False
        """Whether what is handed over has waited too long."""

    def submit(
        self,
        job: Callable[[], None],
        *,
        delay: float = 0,
        within: float = 0,
        drop: Callable[[], None] | None = None,
        person: str = "",
        urgent: bool = False,
        tenant: str = "",
    ) -> bool:
        if self.full:
            return False
        chosen = drop if self.late else job
        if not self.dying and chosen is not None:
            chosen()
        return True

    def follow(self, job: Callable[[], None], *, delay: float = 0, person: str = "") -> None:
        if not self.dying and not delay:
            job()
