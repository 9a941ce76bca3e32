"""Stand-ins for what is not ours: people in Slack, the setting in Exchange, the clock, and whoever shows messages.

Each keeps a real state of its own and is scripted for the odd cases only, so that a test says what is unusual and nothing else.
"""

import copy
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from handlers.outgoing.announcement_view import AnnouncementView
from handlers.outgoing.notices import RequestView
from handlers.ports import Person, Place, Reading, Unavailable, WriteAnswer
from storage.device_records import Device
from storage.records import SettingValue, WriteOutcome
from storage.sightings import Sighting
from tests.handlers.saying import texts_shown

HOME_TEAM = "T0CONTOSO"
CHANNEL = "C0CHANGES"
ORGANIZATION = "contoso.onmicrosoft.com"


class Clock:
    """The present, moved by hand."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **span: float) -> None:
        self.at += timedelta(**span)

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def member(user_id: str, **changed: Any) -> Person:
    """A full, active, human member of the home workspace, unless said otherwise."""
    person = Person(
        id=user_id,
        team_id=HOME_TEAM,
        enterprise_id=None,
        deleted=False,
        is_bot=False,
        is_guest=False,
        is_stranger=False,
        is_invited=False,
    )
    return replace(person, **changed)


class Workspace:
    """Implements ``Directory``: people who can change, leave or not be looked up."""

    def __init__(self, *user_ids: str, groups: Mapping[str, list[str]] | None = None) -> None:
        self.people = {user_id: member(user_id) for user_id in user_ids}
        self.groups = dict(groups or {})
        self.silent: set[str] = set()
        """Ids whose look-up fails."""
        self.down = False
        self.asked: list[str] = []
        self.group_names: dict[str, str] = {}
        """For people only: two groups may have the same one."""

    def change(self, user_id: str, **changed: Any) -> None:
        self.people[user_id] = replace(self.people[user_id], **changed)

    def person(self, user_id: str) -> Person:
        self._ask(user_id)
        if user_id not in self.people:
            raise Unavailable("Slack does not know this person.", retryable=False)
        return self.people[user_id]

    def members(self, group_id: str) -> frozenset[str]:
        self._ask(group_id)
        if group_id not in self.groups:
            raise Unavailable("Slack does not know this user group.", retryable=False)
        return frozenset(self.groups[group_id])

    def _ask(self, slack_id: str) -> None:
        self.asked.append(slack_id)
        if self.down or slack_id in self.silent:
            raise Unavailable("Slack could not be reached.")


@dataclass(frozen=True)
class Answering:
    """How Exchange answers one write, and whether the write takes effect: at once, on ``Tenant.land``, or never."""

    outcome: WriteOutcome = WriteOutcome.ACCEPTED
    lands: str = "now"
    retry_after: float | None = None


TAKEN = Answering()
REFUSED = Answering(WriteOutcome.REFUSED, lands="never")
BUSY = Answering(WriteOutcome.NOT_PROCESSED, lands="never")
LOST_BUT_TAKEN = Answering(WriteOutcome.UNKNOWN)
LOST = Answering(WriteOutcome.UNKNOWN, lands="never")
LATE = Answering(WriteOutcome.UNKNOWN, lands="later")
ACCEPTED_LATE = Answering(WriteOutcome.ACCEPTED, lands="later")

UNREADABLE = Unavailable("Exchange could not be reached.", mend="Look at the network.")


@dataclass(frozen=True)
class Write:
    """One ``Set-TransportConfig`` as the tenant received it."""

    value: SettingValue
    client_request_id: str
    at: datetime
    taken: bool
    """Whether it takes effect, now or later."""


@dataclass(frozen=True)
class Old:
    """What a domain controller answers that lags behind: a value and when it came about."""

    value: SettingValue
    changed_at: datetime


class Tenant:
    """Implements ``Setting`` over one real value; readings and fates can be scripted one by one."""

    def __init__(self, clock: Clock, value: SettingValue = SettingValue.NOT_SET) -> None:
        self._clock = clock
        self.changed_at = clock()
        """What the readings say of it, except those that are scripted."""
        self.value = value
        self.readings: deque[SettingValue | Unavailable | Old] = deque()
        self.outcomes: deque[Answering] = deque()
        self.unreadable: Unavailable | None = None
        self.smtp_auth_disabled: bool | None = False
        self.organization: str | None = ORGANIZATION
        self.writes: list[Write] = []
        self.reads = 0
        self.served: dict[str, SettingValue] = {}
        """What each reading said, by the id of its request."""
        self.truth: dict[str, SettingValue] = {}
        """What was so when it was said."""
        self.lagging = 0
        """So many readings are answered by a domain controller that does not know of the bot's newest write, within the hour."""
        self._unheard: tuple[Write, Old] | None = None
        """The newest change if the bot made it, and what was before."""
        self.meanwhile: Callable[[], object] = _nothing
        """What happens while the next reading is under way, once."""
        self.during_write: Callable[[Write], None] = lambda write: None
        self._floating: list[Write] = []

    @property
    def value(self) -> SettingValue:
        """What is so by now; every change of it, by whomever, is dated by Exchange's clock, which never goes back."""
        return self._value

    @value.setter
    def value(self, value: SettingValue) -> None:
        self._value, self._unheard = value, None
        self.changed_at = max(self.changed_at + timedelta(microseconds=1), self._clock())

    def take(self, write: Write) -> None:
        """A write of the bot's takes effect."""
        before = Old(self.value, self.changed_at)
        self.value, self._unheard = write.value, (write, before)

    def read(self, *, patience: float = 60.0) -> Reading:
        self.reads += 1
        dated = None if self.readings else self.changed_at
        if self.lagging and self._unheard is not None:
            self.lagging -= 1
            write, before = self._unheard
            if self._clock() - write.at < timedelta(hours=1):
                self.readings.appendleft(before)
        deed, self.meanwhile = self.meanwhile, _nothing
        seen = self.readings.popleft() if self.readings else self.unreadable or self.value
        deed()
        if isinstance(seen, Unavailable):
            raise copy.copy(seen)
        if isinstance(seen, Old):
            seen, dated = seen.value, seen.changed_at
        self.served[f"read-{self.reads}"], self.truth[f"read-{self.reads}"] = seen, self.value
        return Reading(
            value=seen,
            smtp_auth_disabled=self.smtp_auth_disabled,
            organization=self.organization,
            server="DC01",
            changed_at=dated,
            read_at=self._clock(),
            client_request_id=f"read-{self.reads}",
        )

    def write(self, value: bool, *, client_request_id: str, begin_by: float) -> WriteAnswer:
        answering = self.outcomes.popleft() if self.outcomes else TAKEN
        target = SettingValue.OPTED_IN if value else SettingValue.OPTED_OUT
        write = Write(target, client_request_id, self._clock(), taken=answering.lands != "never")
        self.writes.append(write)
        self.during_write(write)
        if answering.lands == "now":
            self.take(write)
        elif answering.lands == "later":
            self._floating.append(write)
        sentence = f"Exchange answered: {answering.outcome.value}."
        return WriteAnswer(answering.outcome, sentence, client_request_id, retry_after=answering.retry_after)

    def land(self) -> None:
        """What was on its way takes effect now."""
        while self._floating:
            self.take(self._floating.pop(0))


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
    """Implements ``Announcer``: keeps whatever anybody was shown. ``trouble`` is raised once each, first come first served."""

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
        self, person: str, channel: str | None, text: str, *, reason_for: int | None, typed: Mapping[str, str] | None = None
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

    def device(self, device: Device, seen: Sighting | None, today: date, place: Place, *, again: bool) -> Place:
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


def _nothing() -> None:
    """Nothing happens meanwhile."""


class Windows:
    """The few methods of Slack's client that the edge itself calls: it shows forms, and answers where no other way is left."""

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
            raise Unavailable("Slack refused the call (hash_conflict).", retryable=False, code="hash_conflict")
        self.published.append(user_id)
        self.homes[user_id] = view | {"hash": f"{len(self.published)}.abc"}
        return SimpleNamespace(data={"ok": True}, headers={})

    def views_push(self, *, trigger_id: str, view: dict[str, Any]) -> SimpleNamespace:
        return self.views_open(trigger_id=trigger_id, view=view)

    def users_info(self, *, user: str) -> SimpleNamespace:
        self.looked_up.append(user)
        return SimpleNamespace(data={"ok": True, "user": {"id": user, "real_name": f"={user[2:].title()}"}}, headers={})

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
    """Stands in for the executor: does what is handed over at once, or drops it as a process that dies would."""

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
