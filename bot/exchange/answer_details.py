"""Read what an answer of the admin API says beside its status: headers, and errors in three encodings. Pure.

``innererror.stacktrace`` and anything that looks like a stack trace or a token never comes out of here.
Shapes: error bodies collected from public clients of ``InvokeCommand`` (Microsoft365DSC #2998 among them).
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from bot.exchange.http.transport import Answer

LONGEST_WAIT: Final = 3600.0
"""Seconds for which Microsoft is left alone at most, whatever it asks for: nothing may wait longer
(``storage.records``)."""


def header(answer: Answer, name: str) -> str:
    """Return the value of a header, whatever the case of its name; empty where there is none."""
    return next((value for key, value in answer.headers.items() if key.lower() == name.lower()), "")


def retry_after(text: str, now: datetime, longest: float = LONGEST_WAIT) -> float | None:
    """Read ``Retry-After`` (RFC 9110, 10.2.3: seconds or a date) as seconds, at most ``longest``.

    ``None`` when it cannot be read.
    """
    if re.fullmatch(r"\d{1,12}(\.\d{1,12})?", text, re.ASCII):
        return min(float(text), longest)
    try:
        date = parsedate_to_datetime(text)
        seconds = ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(seconds, 0.0), longest)


def claims_of(challenge: str) -> str | None:
    """Read the claims of a ``WWW-Authenticate: Bearer`` header as JSON; ``None`` where there are none."""
    found = re.search(r'(?:^|[\s,])claims="([A-Za-z0-9+/_=-]+)"', challenge)
    if found is None:
        return None
    packed = found[1].rstrip("=").replace("+", "-").replace("/", "_")
    try:
        text = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode()
        wanted = json.loads(text)
    except (ValueError, binascii.Error, RecursionError):
        return None
    return text if isinstance(wanted, dict) else None


LONGEST: Final = 300
_TYPE_NAME: Final = re.compile(r"[A-Za-z_][\w.+`]*")
_GENERIC: Final = re.compile(r"^Exception of type '[^']*' was thrown\.?$")
_STACK: Final = re.compile(r"(?:^|\s)at [A-Za-z_<][\w<>`+]*+(?:\.[\w<>`+]*+)++\(.*", re.DOTALL)
"""Possessive, so that a name that goes on for a megabyte is read once, and not once for each of its dots."""
_TOKEN: Final = re.compile(r"(?:Bearer\s+)?eyJ[\w-]{8,}(?:\.[\w-]*)*", re.IGNORECASE)
_PROXY: Final = "CmdletProxyException"
_HANDED_ON: Final = re.compile(
    r"Proxy method [A-Za-z]{1,20}:\s*(?:(?:Request return|Cmdlet) error with following error message:\s*)?"
)
"""Where the cause begins in a ``CmdletProxyException``."""
_UNPRINTABLE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+"
)


@dataclass(frozen=True, slots=True)
class Detail:
    """The human text of an error and the short name of the exception behind it; either may be empty.

    ``names`` holds everything that may name a known exception, ``types`` only the types that the error itself
    is said to be of; both are for matching, never for people.
    """

    text: str = ""
    exception: str = ""
    names: str = ""
    types: frozenset[str] = frozenset()

    def mentions(self, *exceptions: str) -> bool:
        """Tell whether one of these exceptions is named anywhere in the error."""
        return any(name in self.names for name in exceptions)


def detail_of(document: object, header: str = "") -> Detail:
    """Return the detail of an error body; ``header`` is ``x-ExceptionType``.

    Anything that is not an error body gives an empty one.
    """
    error = _get(document, "error")
    inner = _get(_get(error, "innererror"), "internalexception")
    messages = [message for entry in _list(_get(error, "details")) if (message := _text(entry, "message"))]
    unfolded = [_unfolded(message) for message in messages]
    kind, first = unfolded[0] if unfolded else ("", "")
    internal = _text(inner, "message")
    types = (header.strip(), *(one for one, _ in unfolded), _text(inner, "type"))
    names = " ".join((*types, *messages, internal, _text(error, "code"), _text(error, "message")))
    shown, cause = _told(
        kind or _text(inner, "type"),
        first,
        "" if _GENERIC.match(internal) else internal,
        _text(error, "message"),
    )
    return Detail(shown, cause, names, frozenset(_short(one) for one in types))


def detail_of_errors(errors: object) -> Detail:
    """Return the detail of a non-empty ``@adminapi.errors``: non-terminating errors inside a 200."""
    first = errors[0] if isinstance(errors, list) and errors else errors
    raw = first if isinstance(first, str) else _text(first, "message")
    kind, text = _unfolded(raw)
    shown, cause = _told(kind, text)
    return Detail(shown, cause, f"{kind} {raw}", frozenset({_short(kind)}))


def clean(text: str) -> str:
    """Make text of foreign origin fit for people: one line, no control characters, trace or token."""
    line = _TOKEN.sub("…", _UNPRINTABLE.sub(" ", _STACK.sub("", text)))
    line = " ".join(line.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"


def _told(kind: str, *texts: str) -> tuple[str, str]:
    """Return the first text of an error that says something, and the exception behind it."""
    if _short(kind) == _PROXY and texts:
        cause = _behind_proxy(texts[0])
        if cause.text:
            return cause.text, cause.exception or _PROXY
    return next((shown for text in texts if (shown := clean(text))), ""), _short(kind)


def _behind_proxy(text: str) -> Detail:
    """Why a command failed that one server of Exchange handed on to another one.

    Up to 300 characters of what was handed on to whom come first, then the cause: as text, or as the other
    server's whole answer (forms collected from public transcripts of Exchange Online).
    """
    found = _HANDED_ON.search(text)
    rest = text[found.end() :] if found else text
    begins = rest.find("{")
    if begins >= 0:
        try:
            answer, _ = json.JSONDecoder().raw_decode(rest, begins)
        except (ValueError, RecursionError):
            return Detail(clean(rest))
        error = answer if _get(answer, "error") is None else _get(answer, "error")
        details = [message for entry in _list(_get(error, "details")) if (message := _text(entry, "message"))]
        kind, said = _unfolded(details[0]) if details else ("", _text(error, "message"))
        return Detail(clean(said), _short(kind))
    return Detail(clean(rest))


def _unfolded(message: str) -> tuple[str, str]:
    """Exception and human text of one ``details`` message.

    Form 1 ``Ex6F9304|Type|text``, form 2 the same with an empty id; the text may itself contain pipes. Form 3
    is a JSON string; when that cannot be read nothing of it is shown, for it may hold a stack trace.
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
    """Look up ``key`` in any case: PowerShell users of this API write ``internalException``."""
    if not isinstance(value, dict):
        return None
    found = value.get(key)
    if found is not None:
        return found
    return next(
        (entry for name, entry in value.items() if isinstance(name, str) and name.lower() == key.lower()),
        None,
    )


def _text(value: object, key: str) -> str:
    found = _get(value, key)
    return found if isinstance(found, str) else ""


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
