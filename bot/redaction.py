"""Takes secrets out of whatever is about to be logged: the ones that were registered, and everything that looks like one.

It must never let an object through unseen: what leaves is plain text, numbers, lists and dictionaries, every text cleaned.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from pydantic import SecretStr

REDACTED = "[redacted]"

SHORTEST = 4
"""A registered secret of fewer characters is left to the patterns: taking out every ``a`` would take out the log."""

_DEEPEST = 12

_NAMES = (
    "response_url|upload_url|trigger_id|authorization|cookie|password|pwd|token|access_token|refresh_token|id_token|bot_token|"
    "app_token|client_secret|client_assertion|assertion|signing_secret|ticket|ticket_id|secret"
)
_SECRET_KEY = re.compile(f"(?:{_NAMES})", re.IGNORECASE)

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL), REDACTED),
    (re.compile(r"https?(?:://|%3A%2F%2F)(?:hooks|files)\.slack(?:-gov)?\.com[^\s\"'<>\\]*", re.IGNORECASE), REDACTED),
    (re.compile(r"/(?:commands|actions|app)/[TE][A-Z0-9]+/[^\s\"'<>\\]+"), REDACTED),
    (re.compile(r"(://[^\s/:@\"']*:)[^\s\"'<>]+(@)"), rf"\1{REDACTED}\2"),
    (re.compile(r"(\bBearer\s+)[^\s\"',;]+", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile(r"(\bBasic\s+)(?=[A-Za-z+/]*[0-9+/=])[A-Za-z0-9+/]+=*"), rf"\1{REDACTED}"),
    (re.compile(r"\bxox[a-z](?:\.xox[a-z])?-[\w-]+|\bxapp-[\w-]+"), REDACTED),
    (re.compile(r"\beyJ[\w-]{4,}(?:\.[\w-]*){1,4}"), REDACTED),
    (re.compile(rf"""(["'](?:{_NAMES})\\*["']\s*[:=]\s*b?\\*(["']))(?:(?!\2).)*""", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile(rf"(\b\w*(?:{_NAMES})=)[^&\s\"',;)]+", re.IGNORECASE), rf"\1{REDACTED}"),
)
"""What secrets look like: PEM blocks, URLs for answers and uploads, also the path alone, passwords in URLs, Authorization values,
Slack's tokens, JWTs, named values.

Whatever is taken out too much costs a detail in a log; whatever is left costs the secret.
"""


class Redaction:
    """Knows the secrets of this process. Registering is done at start; cleaning happens on every thread."""

    def __init__(self) -> None:
        self._known: re.Pattern[str] | None = None
        self._spellings: frozenset[str] = frozenset()

    def register(self, secrets: Iterable[SecretStr | str]) -> None:
        """Take these values out of everything from now on, as written and as they look inside URLs and in JSON."""
        found = set(self._spellings)
        for secret in secrets:
            found |= _spellings(secret.get_secret_value() if isinstance(secret, SecretStr) else secret)
        self._spellings = frozenset(found)
        longest_first = sorted(found, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, text: str) -> str:
        """A text without secrets."""
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def value(self, value: Any, depth: int = 0) -> Any:
        """Anything as plain values without secrets; what is neither text, number nor collection becomes its cleaned ``repr``."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(str(value))
        if depth < _DEEPEST and isinstance(value, Mapping):
            return {self.text(str(key)): self._under(str(key), inner, depth) for key, inner in value.items()}
        if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
            return [self.value(inner, depth + 1) for inner in value]
        return self.text(value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else repr(value))

    def _under(self, key: str, value: Any, depth: int) -> Any:
        if _SECRET_KEY.fullmatch(key) and value not in (None, ""):
            return REDACTED
        return self.value(value, depth + 1)


def _spellings(secret: str) -> set[str]:
    """How a secret may be written: bare, percent-encoded, decoded, with escapes, and the password inside a database URL."""
    inside = re.search(r"://[^\s/:@]*:(.+)@", secret)
    plain = {secret, unquote(secret)} | ({inside[1], unquote(inside[1])} if inside else set())
    forms = set(plain)
    for form in plain:
        forms |= {quote(form, safe=""), quote_plus(form), json.dumps(form)[1:-1], json.dumps(form, ensure_ascii=False)[1:-1]}
        forms |= {repr(form)[1:-1], repr(form + "'\"")[1:-1].removesuffix("\\'\"")}
    return {form for form in forms if len(form) >= SHORTEST}
