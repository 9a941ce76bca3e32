"""What an error of the admin API says, dug out of its three encodings.

Pure. ``innererror.stacktrace`` and anything that looks like a stack trace or a token never comes out of here.
Shapes: error bodies collected from public clients of ``InvokeCommand`` (Microsoft365DSC #2998 among them).
"""

import json
import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 300
_TYPE_NAME: Final = re.compile(r"[A-Za-z_][\w.+`]*")
_GENERIC: Final = re.compile(r"^Exception of type '[^']*' was thrown\.?$")
_STACK: Final = re.compile(r"(?:^|\s)at [A-Za-z_<][\w<>`+]*+(?:\.[\w<>`+]*+)++\(.*", re.DOTALL)
"""Possessive, so that a name that goes on for a megabyte is read once, and not once for each of its dots."""
_TOKEN: Final = re.compile(r"(?:Bearer\s+)?eyJ[\w-]{8,}(?:\.[\w-]*)*", re.IGNORECASE)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Detail:
    """The human text of an error and the short name of the exception behind it; either may be empty.

    ``names`` holds everything that may name a known exception, ``types`` only what does name the error's own; both are for
    matching, never for people.
    """

    text: str = ""
    exception: str = ""
    names: str = ""
    types: frozenset[str] = frozenset()

    def mentions(self, *exceptions: str) -> bool:
        """Whether one of these exceptions is named anywhere in the error."""
        return any(name in self.names for name in exceptions)

    def is_a(self, *exceptions: str) -> bool:
        """Whether the error is of one of these types; a text that speaks of one does not make it one."""
        return not self.types.isdisjoint(exceptions)


def detail_of(document: object, header: str = "") -> Detail:
    """The detail of an error body; ``header`` is ``x-ExceptionType``. Anything that is not an error body gives an empty one."""
    error = _get(document, "error")
    inner = _get(_get(error, "innererror"), "internalexception")
    messages = [message for entry in _list(_get(error, "details")) if (message := _text(entry, "message"))]
    kind, first = _unfolded(messages[0]) if messages else ("", "")
    internal = _text(inner, "message")
    kind = kind or _text(inner, "type")
    texts = (first, "" if _GENERIC.match(internal) else internal, _text(error, "message"))
    types = (header.strip(), kind, _text(inner, "type"))
    names = " ".join((*types, *messages, internal, _text(error, "code"), _text(error, "message")))
    shown = next((shown for text in texts if (shown := clean(text))), "")
    return Detail(shown, _short(kind), names, frozenset(_short(one) for one in types))


def detail_of_errors(errors: object) -> Detail:
    """The detail of a non-empty ``@adminapi.errors``: non-terminating errors inside a 200."""
    first = errors[0] if isinstance(errors, list) and errors else errors
    raw = first if isinstance(first, str) else _text(first, "message")
    kind, text = _unfolded(raw)
    return Detail(clean(text), _short(kind), f"{kind} {raw}", frozenset({_short(kind)}))


def clean(text: str) -> str:
    """Text of foreign origin made fit for people: one line, no control characters, no stack trace, no token, not too long."""
    line = _TOKEN.sub("…", _UNPRINTABLE.sub(" ", _STACK.sub("", text)))
    line = " ".join(line.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"


def _unfolded(message: str) -> tuple[str, str]:
    """Exception and human text of one ``details`` message.

    Form 1 ``Ex6F9304|Type|text``, form 2 the same with an empty id; the text may itself contain pipes. Form 3 is a JSON
    string; when that cannot be read nothing of it is shown, for it may hold a stack trace.
    """
    if message.lstrip().startswith("{"):
        try:
            folded = json.loads(message)
        except (ValueError, RecursionError):
            return "", ""
        kind = _text(folded, "TypeName") or _text(folded, "ClassName")
        return kind, _text(folded, "Message")
    parts = message.split("|", 2)
    if len(parts) == 3 and _TYPE_NAME.fullmatch(parts[1].strip()):
        return parts[1].strip(), parts[2]
    return "", message


def _short(kind: str) -> str:
    name = kind.rpartition(".")[2]
    return name if _TYPE_NAME.fullmatch(name) and len(name) <= 80 else ""


def _get(value: object, key: str) -> object:
    """The entry of an object under ``key``, in any case: PowerShell users of this API write ``internalException``."""
    if not isinstance(value, dict):
        return None
    found = value.get(key)
    if found is not None:
        return found
    return next((entry for name, entry in value.items() if isinstance(name, str) and name.lower() == key.lower()), None)


def _text(value: object, key: str) -> str:
    found = _get(value, key)
    return found if isinstance(found, str) else ""


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
