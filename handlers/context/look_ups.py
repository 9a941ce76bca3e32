"""Keep look-ups of people few: shared while in flight, rationed, and what one came to.

Nothing is remembered to permit by: a right is never granted upon an answer that began before the call in
flight did. Each person has a share of the look-ups, and very many people have more than Slack allows for all.
"""

import copy
import threading
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Generic, TypeVar

from handlers.context.rate_limits import MINUTE, Monotonic
from handlers.ports import Directory, Person, Unavailable

CHECKS = 90
"""Look-ups a minute of one person upon acts of their own: more than anybody does, and less than Slack
allows for all (tier 4: about a hundred). A refusal costs one a minute, so this bounds only whoever may do
something."""

GROUP_CHECKS = 15
"""The same of their user groups: Slack allows about twenty a minute for all (``usergroups.users.list``, tier
2)."""

TOO_OFTEN = "You have done this so often within a minute that it is not looked up again what you may do."

TOO_OFTEN_MEND = "Try again in a minute."


class ActedTooOften(Unavailable):
    """Somebody's share of the look-ups is used up, by themselves: a refusal, unlike a look-up that failed."""


class Role(StrEnum):
    """What somebody has to be for an act."""

    MEMBER = "member"
    OPERATOR = "operator"
    APPROVER = "approver"
    OPERATOR_OR_APPROVER = "operator or approver"
    OPTING_OUT = "opting out"


@dataclass(frozen=True, slots=True)
class Checked:
    """Of some people, those who are approvers right now, and those of whom that could not be found out."""

    eligible: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    """All of them."""


SCARCE: Final = 10
"""Look-ups within a minute from which on they are kept for members: half of what Slack allows for all
(``usergroups.users.list``, tier 2: about twenty a minute, docs.slack.dev/apis/web-api/rate-limits)."""


class GroupLists:
    """Look a group's members up and keep the list for a minute, to refuse by it and never to permit."""

    def __init__(
        self, look_up: Callable[[str], frozenset[str]], monotonic: Monotonic, *, scarce: int = SCARCE
    ) -> None:
        self._look_up = look_up
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._begun: deque[float] = deque(maxlen=scarce)
        self._lists: dict[str, tuple[float, frozenset[str]]] = {}

    def members(self, group_id: str) -> frozenset[str]:
        """Return everybody in the group, looked up now. Raises ``Unavailable``."""
        now = self._monotonic()
        with self._lock:
            self._begun.append(now)
        found = self._look_up(group_id)
        with self._lock:
            self._lists[group_id] = now, found
        return found

    def lately(self, group_id: str) -> frozenset[str]:
        """Return the group as of the last minute: to show something by it, never to permit.

        Raises ``Unavailable``.
        """
        with self._lock:
            since, found = self._lists.get(group_id, (float("-inf"), frozenset()))
        return found if self._monotonic() - since < MINUTE else self.members(group_id)

    def leave_out(self, user_id: str, group_id: str) -> bool:
        """Tell whether look-ups are scarce and somebody was not in the group within the last minute."""
        now = self._monotonic()
        with self._lock:
            scarce = len(self._begun) == self._begun.maxlen and now - self._begun[0] < MINUTE
            since, found = self._lists.get(group_id, (float("-inf"), frozenset()))
        return scarce and now - since < MINUTE and user_id not in found


Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(eq=False)
class _Call(Generic[Value]):
    """One look-up under way, and what came of it; neither answer nor refusal where it met a defect."""

    over: threading.Event = field(default_factory=threading.Event)
    found: Value | None = None
    failed: Unavailable | None = None


class InFlight(Generic[Key, Value]):
    """Look-ups under way, by what they ask for."""

    def __init__(self, look_up: Callable[[Key], Value]) -> None:
        self._look_up = look_up
        self._lock = threading.Lock()
        self._under_way: dict[Key, _Call[Value]] = {}

    def ask(self, key: Key) -> Value:
        """Look one thing up, or wait for whoever is at it. Raises ``Unavailable``."""
        with self._lock:
            shared = self._under_way.get(key)
            mine: _Call[Value] = _Call()
            if shared is None:
                self._under_way[key] = mine
        if shared is None:
            return self._make(key, mine)
        shared.over.wait()
        if shared.failed is not None:
            raise copy.copy(shared.failed)
        return self._look_up(key) if shared.found is None else shared.found

    def _make(self, key: Key, mine: _Call[Value]) -> Value:
        try:
            found = mine.found = self._look_up(key)
        except Unavailable as failed:
            mine.failed = failed
            raise
        finally:
            with self._lock:
                del self._under_way[key]
            mine.over.set()
        return found


class SharedDirectory:
    """Implements ``handlers.ports.Directory`` over another one."""

    def __init__(self, directory: Directory) -> None:
        self._people = InFlight(directory.person)
        self._groups = InFlight(directory.members)

    def person(self, user_id: str) -> Person:
        """Look somebody up, together with whoever does so right now. Raises ``Unavailable``."""
        return self._people.ask(user_id)

    def members(self, group_id: str) -> frozenset[str]:
        """Expand a user group, likewise. Raises ``Unavailable``."""
        return self._groups.ask(group_id)
