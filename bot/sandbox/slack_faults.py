"""Faults that a person or a test orders for the next calls of a Web API method, and the queue in which they wait."""

import threading
from dataclasses import dataclass, replace

FAULTS: dict[str, str] = {
    "ratelimited": "429 with Retry-After (default 1 s), nothing done",
    "server_error": "500 with an empty body, nothing done",
    "bad_gateway": "502 with an HTML page, nothing done",
    "slow": "Answers late (default 2 s)",
    "timeout": "Nothing done and no answer until the caller gives up (at most 60 s)",
    "reset": "Connection reset, nothing done",
    "lost_answer": "Done, then the connection is reset",
    **dict.fromkeys(("not_in_channel", "channel_not_found", "is_archived"), "Refused because of the channel"),
    **dict.fromkeys(("token_revoked", "invalid_auth", "account_inactive"), "Refused because of the token"),
    **dict.fromkeys(("user_not_found", "message_not_found", "fatal_error", "internal_error"), "Refused with this error"),
}
"""Name and label of every fault; the last ones are Slack's own error codes."""

ANY = "*"
RESPONSE_URL = "response_url"
"""Stands in the place of a method for posts to a response_url."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault ordered for the next ``remaining`` calls, of ``channel`` if one is named; ``seconds``: the delay or Retry-After."""

    method: str
    name: str
    remaining: int = 1
    seconds: float | None = None
    channel: str | None = None

    def patience(self, default: float) -> float:
        """``seconds`` or the default of this fault."""
        return default if self.seconds is None else self.seconds


class FaultQueue:
    """Faults in the order they were ordered; thread-safe."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Queue ``fault``. Raises ``ValueError`` for an unknown name or a count below one."""
        if fault.name not in FAULTS:
            raise ValueError(f"There is no fault {fault.name!r}; there are {', '.join(FAULTS)}.")
        if fault.remaining < 1:
            raise ValueError("A fault needs a count of at least 1.")
        with self._lock:
            self._waiting.append(fault)

    def take(self, method: str, channel: str = "") -> Fault | None:
        """The fault for this call, if any; used up by this."""
        with self._lock:
            for index, fault in enumerate(self._waiting):
                if fault.method in {method, ANY} and fault.channel in {None, channel}:
                    left = replace(fault, remaining=fault.remaining - 1)
                    self._waiting[index : index + 1] = [left] if left.remaining else []
                    return fault
        return None

    def clear(self) -> None:
        """Forget everything that waits."""
        with self._lock:
            self._waiting.clear()
