"""Equal look-ups in flight are made once: whoever asks what is being asked already waits for that answer.

Nothing is remembered beyond the call itself, so a right is never granted upon an answer that began before the
call in flight did.
"""

import copy
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from handlers.ports import Directory, Person, Unavailable

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
