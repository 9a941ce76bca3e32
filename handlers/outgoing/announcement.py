"""Say what all announcements share, and keep one as an object of texts. Pure.

A field that has its default is left out, so that rows of every version are read alike.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from datetime import date, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, ClassVar, Protocol, TypeVar, get_args, get_origin, get_type_hints


class Dataclass(Protocol):
    """An instance of any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


Kept = TypeVar("Kept", bound=Dataclass)

YES = "yes"
"""How ``True`` is kept; ``False`` and ``None`` are empty texts."""


def texts_of(value: Dataclass) -> dict[str, str]:
    """Return the fields of a dataclass as texts, by the keys under which they are kept."""
    held = ((one, getattr(value, one.name)) for one in fields(value))
    return {_key(one): _text(each) for one, each in held if one.default is MISSING or each != one.default}


def read(kind: type[Kept], texts: Mapping[str, str]) -> Kept:
    """Read what ``texts_of`` wrote; other keys are ignored.

    Raises ``ValueError`` for a missing or unreadable field.
    """
    types = _types(kind)
    present = (one for one in fields(kind) if _key(one) in texts or one.default is MISSING)
    try:
        return kind(**{one.name: _value(types[one.name], texts[_key(one)]) for one in present})
    except KeyError as missing:
        raise ValueError(f"the facts have no {missing}") from missing


def kept_as(key: str) -> dict[str, str]:
    """Say of a field, as its metadata, under which key it is kept: stored keys stay when a word changes."""
    return {"key": key}


def _key(one: Field[Any]) -> str:
    key: str = one.metadata.get("key", one.name)
    return key


@cache
def _types(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _text(value: object) -> str:
    match value:
        case None | False:
            return ""
        case True:
            return YES
        case datetime():
            return value.isoformat()
        case date():
            return value.isoformat()
        case tuple():
            return ",".join(_text(each) for each in value)
        case _:
            return str(value)


def _value(kind: Any, text: str) -> object:
    if isinstance(kind, UnionType):
        (wanted,) = (one for one in get_args(kind) if one is not NoneType)
        return _value(wanted, text) if text else None
    if get_origin(kind) is tuple:
        return tuple(_value(get_args(kind)[0], part) for part in text.split(",")) if text else ()
    if kind is bool:
        return bool(text)
    if kind in (datetime, date):
        return kind.fromisoformat(text)
    return kind(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What every announcement has: its kind, as ``notices.what`` and the facts under it keep it."""

    kind: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutWindow(Announcement):
    """Tell of one window and offer a way on; drawn again once another window holds.

    ``request`` is the number of the change that set the window, ``None`` where no change did.
    """

    request: int | None
