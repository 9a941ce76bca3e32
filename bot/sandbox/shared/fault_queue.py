"""Hold ordered faults until the calls that they are meant for, at Exchange and Slack alike."""

import threading
from dataclasses import dataclass, replace
from typing import Generic, TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """What every fault has: for how many calls it is still meant, and how long it lasts."""

    remaining: int = 1
    seconds: float | None = None
    """Length of the delay or the Retry-After; ``None`` for the fault's own default."""

    def meets(self, call: str, detail: str = "") -> bool:
        """Tell whether this fault was ordered for the call now at hand."""
        raise NotImplementedError

    def patience(self, default: float) -> float:
        """``seconds`` or the default of this fault."""
        return default if self.seconds is None else self.seconds


F = TypeVar("F", bound=Ordered)


class FaultQueue(Generic[F]):
    """Faults in the order they were ordered; thread-safe."""

    def __init__(self) -> None:
        self._waiting: list[F] = []
        self._lock = threading.Lock()

    def add(self, fault: F) -> None:
        """Queue ``fault``. Raises ``ValueError`` for a count below one or a negative time."""
        if fault.remaining < 1 or fault.patience(0) < 0:
            raise ValueError("a fault needs a count of at least 1 and no negative time")
        with self._lock:
            self._waiting.append(fault)

    def take(self, call: str, detail: str = "") -> F | None:
        """Return the fault meant for this call, if any; it is used up once per call."""
        with self._lock:
            for index, fault in enumerate(self._waiting):
                if fault.meets(call, detail):
                    left = replace(fault, remaining=fault.remaining - 1)
                    self._waiting[index : index + 1] = [left] if left.remaining else []
                    return fault
        return None

    def pending(self) -> list[F]:
        """Return what still waits, next first."""
        with self._lock:
            return list(self._waiting)

    def clear(self) -> None:
        """Forget everything that waits."""
        with self._lock:
            self._waiting.clear()
