"""Sign rows with keys kept outside the database, and judge what was read. Pure.

An authenticator is ``<key id>.<HMAC-SHA-256 in hex>``. What is authenticated is a JSON array: the scheme's
name, the table's name and the columns below in this order, in the one spelling of
``storage.integrity.canonical``, instants as ``2026-11-23T12:00:00.000000Z``. So no row passes for one of
another table or tenant, and no column's end for another one's beginning. Columns that change while the row
lives (claims, tries, when it was delivered) stay outside; docs/security.md says what somebody could do with
them.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from storage.integrity.canonical import canonical, stamp

SHORTEST_KEY = 32
"""Bytes: the length of the hash's own output (RFC 2104, section 3)."""

AUTHENTICATED: Mapping[str, tuple[str, ...]] = {
    "audit_events": ("tenant_id", "seq", "at", "kind", "actor", "request_id", "payload", "prev_hash", "hash"),
    "cards": ("tenant_id", "channel", "ts", "request_id"),
    "inbox": ("tenant_id", "key", "kind", "payload", "received_at"),
    "notices": ("tenant_id", "kind", "key", "request_id", "recipient", "channel", "facts", "created_at"),
}
"""By table the columns that carry authority."""

_SCHEME = "legacytls-1"


class Doubt(StrEnum):
    """Why a row is not believed."""

    MISSING = "it has no authenticator"
    UNKNOWN_KEY = "it was authenticated with a key that LEGACYTLS_RECORD_KEY does not name"
    FORGED = "its authenticator does not match its content"


class Keyring:
    """The keys that authenticate rows, newest first: the first one signs, all of them verify.

    It may be empty.
    """

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        self._keys = {key_id(key): key for key in keys}
        self.newest: str | None = next(iter(self._keys), None)
        """The id of the key that signs."""

    def __bool__(self) -> bool:
        return bool(self._keys)

    @property
    def by_id(self) -> Mapping[str, bytes]:
        """The keys themselves, for whoever checks without this module."""
        return dict(self._keys)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all keys, newest first."""
        return tuple(self._keys)

    def sign(self, table: str, row: Mapping[str, object]) -> str | None:
        """Make the authenticator of a row that is about to be written; ``None`` without a key."""
        if self.newest is None:
            return None
        return f"{self.newest}.{_mac(self._keys[self.newest], table, row)}"

    def doubt(self, table: str, row: Mapping[str, object]) -> Doubt | None:
        """Tell why a row that was read is not believed; ``None`` where it is, or where there is no key."""
        if not self._keys:
            return None
        said = row["authenticator"]
        if said is None or said == "":
            return Doubt.MISSING
        name, _, mac = said.partition(".") if isinstance(said, str) else ("", "", "")
        key = self._keys.get(name)
        if key is None:
            return Doubt.UNKNOWN_KEY
        try:
            expected = _mac(key, table, row)
        except (TypeError, ValueError):  # SQLite keeps any type in any column
            return Doubt.FORGED
        return (
            None
            if hmac.compare_digest(expected.encode(), mac.encode("utf-8", "surrogatepass"))
            else Doubt.FORGED
        )

    def names_newest(self, authenticator: object) -> bool:
        """Tell whether an authenticator names the newest key; ``doubt`` judges whether it signed."""
        return (
            self.newest is not None
            and isinstance(authenticator, str)
            and authenticator.startswith(f"{self.newest}.")
        )


def key_id(key: bytes) -> str:
    """Name a key where it may be seen: by a part of its hash, which tells nothing of it."""
    return hashlib.sha256(b"legacytls key id\0" + key).hexdigest()[:16]


def _mac(key: bytes, table: str, row: Mapping[str, object]) -> str:
    columns = [_spelled(row[name]) for name in AUTHENTICATED[table]]
    return hmac.digest(key, canonical([_SCHEME, table, *columns]).encode("ascii"), "sha256").hex()


def _spelled(value: object) -> object:
    return stamp(value) if isinstance(value, datetime) else value
