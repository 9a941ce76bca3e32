"""Stand-ins for what is not ours: people in Slack, the setting in Exchange, the clock, and whoever shows
messages.

Each keeps a real state of its own and is scripted for the odd cases only, so that a test says what is unusual
and nothing else.
"""

import copy
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from handlers.ports import Person, Reading, Unavailable, WriteAnswer
from storage.records import SettingValue, WriteOutcome

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
    """How Exchange answers one write, and whether the write takes effect: at once, on ``Tenant.land``, or
    never."""

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
        """So many readings are answered by a domain controller that does not know of the bot's newest write,
        within the hour."""
        self._unheard: tuple[Write, Old] | None = None
        """The newest change if the bot made it, and what was before."""
        self.meanwhile: Callable[[], object] = _nothing
        """What happens while the next reading is under way, once."""
        self.during_write: Callable[[Write], None] = lambda write: None
        self._floating: list[Write] = []

    @property
    def value(self) -> SettingValue:
        """What is so by now; every change of it, by whomever, is dated by Exchange's clock, which never goes
        back."""
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


def _nothing() -> None:
    """Happens meanwhile, unless a test says what does."""
