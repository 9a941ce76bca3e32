"""Who is in which user group, asked of Slack, and sparingly of those who are in none while many ask.

Each person has a share of the look-ups, and very many people have more than Slack allows for all of them
together.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from handlers.context.rations import MINUTE, Monotonic

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
        """Everybody in the group, looked up now. Raises ``Unavailable``."""
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
