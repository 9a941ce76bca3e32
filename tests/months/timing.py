"""Time that a play moves: the wall clock stands still in an instant, the monotonic one goes on by looks.

What the product reads of ``time`` is replaced in its modules, wherever it stands: as a module, as a name, as
a default of an argument. A call that takes its time holds the thread that made it, and nobody else.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from types import FunctionType, ModuleType
from typing import Any

PRODUCT = ("bot.", "handlers.", "storage.")
NOT = "bot.sandbox."


class Moment:
    """The present of a play. ``now`` is aware UTC."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.passed = 1000.0
        self.held = 0.0
        """Seconds that the job now under way has waited for somebody."""

    def clock(self) -> datetime:
        """The wall clock."""
        return self.now

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return self.passed + self.held

    def wait(self, seconds: float) -> bool:
        """Hold the thread that asks for so many seconds, as ``time.sleep`` and ``Event.wait`` do."""
        self.held += max(0.0, seconds)
        return False

    def taken(self) -> float:
        """How long the job that has just ended was held up."""
        seconds, self.held = self.held, 0.0
        return seconds


class _Time(ModuleType):
    """``time`` as the product sees it; what is not named here is the real one's."""

    def __init__(self, moment: Moment) -> None:
        super().__init__("time")
        self.monotonic, self.sleep = moment.monotonic, moment.wait

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


class _Swap:
    """Replaces what the product reads of ``time``, and puts it back."""

    def __init__(self, moment: Moment) -> None:
        self._moment, self._own = moment, _Time(moment)
        self._undo: list[tuple[Any, str, Any]] = []

    def _instead(self, found: Any) -> Any:
        if found is time.monotonic:
            return self._moment.monotonic
        return self._moment.wait if found is time.sleep else self._own if found is time else found

    def _change(self, where: Any, name: str, value: Any) -> None:
        self._undo.append((where, name, getattr(where, name)))
        setattr(where, name, value)

    def module(self, module: ModuleType) -> None:
        """Replace it in one module."""
        instead = self._instead
        for name, found in list(vars(module).items()):
            if instead(found) is not found:
                self._change(module, name, instead(found))
        for function in _functions(module):
            defaults, named = function.__defaults__ or (), function.__kwdefaults__ or {}
            if any(instead(one) is not one for one in defaults):
                self._change(function, "__defaults__", tuple(map(instead, defaults)))
            if any(instead(one) is not one for one in named.values()):
                self._change(function, "__kwdefaults__", {key: instead(one) for key, one in named.items()})

    def back(self) -> None:
        """Put everything back."""
        for where, name, value in reversed(self._undo):
            setattr(where, name, value)


@contextmanager
def played(moment: Moment) -> Iterator[None]:
    """Let the product live in this moment."""
    swap = _Swap(moment)
    for name, module in list(sys.modules.items()):
        if name.startswith(PRODUCT) and not name.startswith(NOT):
            swap.module(module)
    try:
        yield
    finally:
        swap.back()


def _functions(module: ModuleType) -> Iterator[FunctionType]:
    for found in list(vars(module).values()):
        if getattr(found, "__module__", None) != module.__name__:
            continue
        if isinstance(found, FunctionType):
            yield found
        elif isinstance(found, type):
            yield from (one for one in vars(found).values() if isinstance(one, FunctionType))
