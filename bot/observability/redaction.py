"""Take secrets out of whatever is about to be logged: registered ones, and what looks like one.

It must never let an object through unseen: what leaves is plain text, numbers, lists and dictionaries, every
text cleaned. It must never take long either, whatever somebody sends: texts are cut first, and each pattern
reads a text once.
"""

import json
import re
import threading
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final
from urllib.parse import quote, quote_plus, unquote

from pydantic import SecretStr

REDACTED = "[redacted]"
CUT = "[cut]"
NOT_SHOWN = "[not shown: it may quote what somebody typed]"

LONGEST: Final = 16 * 1024
"""Characters of a text that are looked at and kept; the rest is cut off, and no piece of a word is left
before the cut."""

MOST: Final = 64
"""Entries of a list or a dictionary that are kept."""

SHORTEST = 4
"""A registered secret of fewer characters is left to the patterns: taking out every ``a`` would take out the
log."""

_DEEPEST = 12

_NAMES = (
    "response_url|upload_url|trigger_id|authorization|cookie|password|pwd|token|access_token|refresh_token|"
    "id_token|bot_token|"
    "app_token|client_secret|client_assertion|assertion|signing_secret|ticket|ticket_id|secret"
)
_SECRET_KEY = re.compile(f"(?:{_NAMES})", re.IGNORECASE)

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL), REDACTED),
    (
        re.compile(
            r"https?(?:://|%3A%2F%2F)(?:hooks|files)\.slack(?:-gov)?\.com[^\s\"'<>\\]*", re.IGNORECASE
        ),
        REDACTED,
    ),
    (re.compile(r"/(?:commands|actions|app)/[TE][A-Z0-9]+/[^\s\"'<>\\]+"), REDACTED),
    (re.compile(r"(\bBearer\s+)[^\s\"',;]+", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile(r"(\bBasic\s+)(?=[A-Za-z+/]*[0-9+/=])[A-Za-z0-9+/]+=*"), rf"\1{REDACTED}"),
    (re.compile(r"\bxox[a-z](?:\.xox[a-z])?-[\w-]+|\bxapp-[\w-]+"), REDACTED),
    (
        re.compile(r"\beyJ[\w-]{4,}(?:\.[\w-]*){0,4}"),
        REDACTED,
    ),  # without a dot, too: else each eyJ of a long word reads all of it
    (
        re.compile(rf"""(["'](?:{_NAMES})\\*["']\s*[:=]\s*b?\\*(["']))(?:(?!\2).)*""", re.IGNORECASE),
        rf"\1{REDACTED}",
    ),
    (re.compile(rf"(\b\w*(?:{_NAMES})=)[^&\s\"',;)]+", re.IGNORECASE), rf"\1{REDACTED}"),
)
"""What secrets look like: PEM blocks, URLs for answers and uploads, also the path alone, passwords in URLs,
Authorization values, Slack's tokens, JWTs, named values.

Whatever is taken out too much costs a detail in a log; whatever is left costs the secret. Each takes time in
proportion to the text: no two of its starts may read the same stretch
(tests/bot/observability/test_redaction.py).
"""

_UNBROKEN: Final = re.compile(r"[^\s\"'<>]+")
_USER: Final = re.compile(r"://[^/:@]*:")
_BREAKS: Final = " \t\r\n\"'<>"
"""No secret of the patterns above goes on behind one of these, but what stands between quotes."""


def without_patterns(text: str) -> str:
    """Return a text without whatever looks like a secret; takes time in proportion to its length."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return _UNBROKEN.sub(_without_password, text) if "://" in text else text


def _without_password(found: re.Match[str]) -> str:
    """Return a text without the password between ``://user:`` and its last ``@``, which may be in it."""
    stretch = found[0]
    end = stretch.rfind("@")
    user = _USER.search(stretch, 0, end) if end > 0 else None
    return (
        f"{stretch[: user.end()]}{REDACTED}{stretch[end:]}"
        if user is not None and user.end() < end
        else stretch
    )


def told(error: BaseException) -> str:
    """Return an exception in a line: its kind, and its text only where that quotes nothing from outside.

    ``KeyError``, ``ValueError`` and the drivers' errors repeat the value that they stumble over, which
    somebody may have typed.
    """
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    ours = kind.__module__.partition(".")[0] in _OURS
    if ours or isinstance(error, _QUOTING_NOTHING):
        text = str(error)
        return f"{name}: {text}" if text else name
    driver = getattr(error, "orig", None)
    code = getattr(driver, "sqlstate", None) or getattr(driver, "sqlite_errorname", None)
    return f"{name}: {code} {NOT_SHOWN}" if code else f"{name}: {NOT_SHOWN}"


_OURS: Final = ("bot", "handlers", "storage")
_QUOTING_NOTHING: Final = (
    OSError, AttributeError, NameError, ImportError, TypeError, NotImplementedError, RecursionError,
    MemoryError, KeyboardInterrupt, SystemExit,
)  # fmt: skip
"""Their texts name files, addresses, attributes and types."""


class Redaction:
    """Knows the secrets of this process. Both registering and cleaning happen on any thread."""

    def __init__(self) -> None:
        self._registering = threading.Lock()
        self._known: re.Pattern[str] | None = None
        self._spellings: frozenset[str] = frozenset()
        self._longest_known = 0

    def register(self, secrets: Iterable[SecretStr | str]) -> None:
        """Withhold these values from now on, as written and as they look inside URLs and in JSON."""
        with self._registering:
            found = set(self._spellings)
            for secret in secrets:
                found |= _spellings(secret.get_secret_value() if isinstance(secret, SecretStr) else secret)
            self._spellings = frozenset(found)
            longest_first = sorted(found, key=len, reverse=True)
            # The length first: whoever cleans a text meanwhile must look far enough for the longest of the
            # pattern.
            self._longest_known = len(longest_first[0]) if longest_first else 0
            self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, text: str) -> str:
        """Return a text without secrets, cut to ``LONGEST``."""
        if len(text) <= LONGEST:
            return without_patterns(self._without_known(text, len(text)))
        kept = self._without_known(text[: LONGEST + self._longest_known], LONGEST)
        whole = max(kept.rfind(sign) for sign in _BREAKS) + 1
        return without_patterns(kept[:whole]) + CUT

    def value(self, value: Any) -> Any:
        """Return anything as plain values without secrets; other types are shown by ``repr``.

        Each entry of a dictionary has a budget of its own, so that a large one hides none of its neighbours.
        """
        if isinstance(value, Mapping):
            entries = islice(value.items(), MOST)
            return {self.text(str(key)): self._under(str(key), inner, 1, _Budget()) for key, inner in entries}
        return self._value(value, 0, _Budget())

    def _value(self, value: Any, depth: int, budget: "_Budget") -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if not budget.spend(len(value) if isinstance(value, str | bytes | bytearray) else 0):
            return CUT
        if isinstance(value, str):
            return self.text(str(value))
        if depth < _DEEPEST and isinstance(value, Mapping):
            entries = islice(value.items(), MOST)
            return {
                self.text(str(key)): self._under(str(key), inner, depth + 1, budget) for key, inner in entries
            }
        if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
            return [self._value(inner, depth + 1, budget) for inner in islice(value, MOST)]
        if isinstance(value, BaseException):
            return self.text(told(value))
        if isinstance(value, bytes | bytearray):
            return self.text(value[: 2 * LONGEST].decode("utf-8", "replace"))
        return self.text(repr(value))

    def _under(self, key: str, value: Any, depth: int, budget: "_Budget") -> Any:
        if _SECRET_KEY.fullmatch(key) and value not in (None, ""):
            return REDACTED
        return self._value(value, depth, budget)

    def _without_known(self, text: str, end: int) -> str:
        """The text up to ``end`` without registered secrets, one that reaches beyond it included."""
        if self._known is None:
            return text[:end]
        pieces, at = [], 0
        for found in self._known.finditer(text):
            if found.start() >= end:
                break
            pieces += [text[at : found.start()], REDACTED]
            at = found.end()
        return "".join([*pieces, text[at:end]])


class _Budget:
    """How much of one value is still looked at."""

    def __init__(self) -> None:
        self._left = 4 * LONGEST

    def spend(self, length: int) -> bool:
        """Take a text of this length from it, or an entry; ``False`` when it is used up."""
        self._left -= MOST + min(length, LONGEST)
        return self._left >= 0


def _spellings(secret: str) -> set[str]:
    """Return how a secret may be written: bare, encoded, decoded, escaped, or within a database URL."""
    inside = re.search(r"://[^\s/:@]*:(.+)@", secret)
    plain = {secret, unquote(secret)} | ({inside[1], unquote(inside[1])} if inside else set())
    forms = set(plain)
    for form in plain:
        forms |= {
            quote(form, safe=""),
            quote_plus(form),
            json.dumps(form)[1:-1],
            json.dumps(form, ensure_ascii=False)[1:-1],
        }
        forms |= {repr(form)[1:-1], repr(form + "'\"")[1:-1].removesuffix("\\'\"")}
    return {form for form in forms if len(form) >= SHORTEST}
