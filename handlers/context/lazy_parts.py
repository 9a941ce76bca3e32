"""Make a part of an object when it is first used: most parts of most of thousands of tenants never are."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class FirstUse(Generic[T]):
    """An attribute that ``make`` makes of its owner; one object for all threads."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make

    @classmethod
    def of(cls, use_case: Callable[[Any], T]) -> "FirstUse[T]":
        """Return a use case, which is made of its owner's ``context``."""
        return cls(lambda owner: use_case(owner.context))

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, owner: Any, kind: type | None = None) -> T:
        """Return the part; of two that were made at once the first stays."""
        made: T = owner.__dict__.setdefault(self._name, self._make(owner))
        return made
