"""Checks the audit record link by link, without sharing a line with the code that wrote it.

What is hashed is rebuilt from the stored bytes as the docstring of ``storage.chain`` describes it, so that a
defect of the writer cannot hide itself here. This module never writes, and never needs more memory for a
longer record.

What no check of a chain can tell: an owner of the database may rebuild the whole of it, or cut off its end.
Only a head that was seen elsewhere (the bot posts it in Slack) settles that; hand it in as ``witness``.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple

from sqlalchemy import Connection, CursorResult
from sqlalchemy import text as sql

from storage.engine import Database

_ZEROS = "0" * 64
_BATCH = 200
_QUERY = (
    "SELECT seq, {at}, kind, actor, request_id, payload, prev_hash, hash, authenticator FROM audit_events "
    "WHERE tenant_id = :tenant ORDER BY seq"
)
_QUERIES = {
    "sqlite": _QUERY.format(at="at"),
    "postgresql": _QUERY.format(at="to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS at"),
}


class Stored(NamedTuple):
    """One row as it is stored; SQLite keeps any type in any column, so nothing is taken for granted.

    ``at`` is spelled ``2026-11-23 12:00:00.123456`` in UTC, unless it was altered.
    """

    seq: Any
    at: Any
    kind: Any
    actor: Any
    request_id: Any
    payload: Any
    prev_hash: Any
    hash: Any
    authenticator: Any


class Authenticator(StrEnum):
    """How an event's authenticator stands; without a key none is looked at."""

    SOUND = "sound"
    MISSING = "missing"
    UNKNOWN_KEY = "of an unknown key"
    FORGED = "forged"


_NOT_AUTHENTIC = {
    Authenticator.MISSING: "it has no authenticator",
    Authenticator.UNKNOWN_KEY: "it was authenticated with a key that LEGACYTLS_RECORD_KEY does not name",
    Authenticator.FORGED: "its authenticator does not match its content",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found.

    ``checked`` events are sound and end in the head; ``problem`` names the first that is not.
    """

    ok: bool
    checked: int
    head_seq: int
    head_hash: str
    problem: str | None
    authenticator: Authenticator = Authenticator.SOUND
    """What is wrong with the authenticator of the event that ``problem`` names, where nothing else is."""


def verify(
    database: Database, tenant_id: str, *, witness: tuple[int, str] | None = None, chain_only: bool = False
) -> Verdict:
    """Check one tenant's record from its first event to its last, as one statement sees it.

    ``witness`` is a sequence number and the head's hash as they were seen outside the database.
    Authenticators are judged with the database's keys, if there are any, unless ``chain_only``.
    """
    check = Check(database, tenant_id, witness=witness, chain_only=chain_only)
    for _ in check.events():
        if check.problem is not None:
            break
    return check.verdict()


class Check:
    """One check, for whoever needs the events, too: they are read once.

    The arguments are those of ``verify``.
    """

    def __init__(
        self,
        database: Database,
        tenant_id: str,
        *,
        witness: tuple[int, str] | None = None,
        chain_only: bool = False,
    ) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self._witness = witness
        self._keys: Mapping[str, bytes] = {} if chain_only else database.authenticity.keys.by_id
        self._seq, self._head, self._proof = 0, _ZEROS, Authenticator.SOUND
        self.problem: str | None = None
        """What is wrong with the first event that is not sound, if one came by."""
        self.hashed = b""
        """The bytes of the newest event that have its hash; empty for one behind what is not sound."""

    def events(self) -> Iterator[Stored]:
        """Yield every event as it is stored, those behind one that is not sound included.

        Raises ``Unreachable``.
        """
        opened = self._database.read()
        with opened as connection, _any_bytes(connection), _stored(connection, self._tenant_id) as rows:
            for event in (Stored._make(row) for batch in rows.partitions(_BATCH) for row in batch):
                self.hashed = b""
                if self.problem is None:
                    self._judge(event)
                yield event

    def _judge(self, event: Stored) -> None:
        self.problem = (
            _displaced(event, self._seq + 1, self._head)
            or self._altered(event)
            or _contradiction(self._witness, event.seq, event.hash)
        )
        if self.problem is not None:
            return
        self._proof = _proof(event, self._tenant_id, self._keys)
        if self._proof in _NOT_AUTHENTIC:
            self.problem = f"Event {event.seq} is not authentic: {_NOT_AUTHENTIC[self._proof]}."
            return
        self._seq, self._head = event.seq, event.hash

    def _altered(self, event: Stored) -> str | None:
        hashed = _canonical(event, self._tenant_id)
        if hashlib.sha256(hashed).hexdigest() != event.hash:
            return f"Event {event.seq} was altered: its content does not match its hash."
        self.hashed = hashed
        return None

    def verdict(self) -> Verdict:
        """Judge what came by: the whole record, where all events did."""
        problem = self.problem or _missing_end(self._witness, self._seq)
        return Verdict(problem is None, self._seq, self._seq, self._head, problem, self._proof)


def _stored(connection: Connection, tenant_id: str) -> CursorResult[Any]:
    query = sql(_QUERIES[connection.dialect.name])
    return connection.execute(query, {"tenant": tenant_id}, execution_options={"yield_per": _BATCH})


@contextmanager
def _any_bytes(connection: Connection) -> Iterator[None]:
    """Let SQLite return text that is not UTF-8: a spoilt event is named and does not end the check."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.text_factory = lambda stored: stored.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = str


def _displaced(event: Stored, expected: int, prev: str) -> str | None:
    if event.seq != expected:
        return f"Event {expected} is missing: the next one in the record is {event.seq}."
    if not _is_typed(event):
        return f"Event {expected} was altered: a field is of another type than it was written in."
    if event.prev_hash != prev:
        return (
            f"Event {expected} does not follow the one before it: another event stood there when it was "
            "written."
        )
    return None


def _proof(event: Stored, tenant_id: str, keys: Mapping[str, bytes]) -> Authenticator:
    """Judge the authenticator last (``integrity.keyring``): fields are typed, and hashed, by now."""
    if not keys:
        return Authenticator.SOUND
    if not event.authenticator:
        return Authenticator.MISSING
    name, _, mac = str(event.authenticator).partition(".")
    if name not in keys:
        return Authenticator.UNKNOWN_KEY
    fields = [event.kind, event.actor, event.request_id, event.payload, event.prev_hash, event.hash]
    said = json.dumps(
        ["legacytls-1", "audit_events", tenant_id, event.seq, _instant(event.at), *fields],
        separators=(",", ":"),
    )
    expected = hmac.new(keys[name], said.encode("ascii"), hashlib.sha256).hexdigest()
    return (
        Authenticator.SOUND
        if hmac.compare_digest(expected.encode(), mac.encode("utf-8", "replace"))
        else Authenticator.FORGED
    )


def _instant(stored: str) -> str:
    day, _, clock = stored.partition(" ")
    return clock and f"{day}T{clock}Z"


def _is_typed(event: Stored) -> bool:
    _, at, kind, actor, request_id, payload, prev_hash, digest, _ = event
    texts = {type(at), type(kind), type(actor), type(payload), type(prev_hash), type(digest)}
    return texts == {str} and (request_id is None or type(request_id) is int)


def _canonical(event: Stored, tenant_id: str) -> bytes:
    """Return the hashed bytes, with the stored payload as it stands: no other spelling passes."""
    at = _instant(event.at)
    request = "null" if event.request_id is None else event.request_id
    actor, at, kind, tenant = map(encode_basestring_ascii, (event.actor, at, event.kind, tenant_id))
    text = (
        f'{{"actor":{actor},"at":{at},"kind":{kind},"payload":{event.payload}'
        f',"prev":"{event.prev_hash}","request":{request},"seq":{event.seq},"tenant":{tenant}}}'
    )
    return text.encode("utf-8", "surrogatepass")


def _contradiction(witness: tuple[int, str] | None, seq: int, head: str) -> str | None:
    if witness is None or witness[0] != seq or witness[1] == head:
        return None
    return f"Event {seq} is not the one that was witnessed: the record was rewritten at or before it."


def _missing_end(witness: tuple[int, str] | None, seq: int) -> str | None:
    if witness is None or witness[0] <= seq:
        return None
    return f"Event {seq + 1} is missing: the record ends at {seq}, but event {witness[0]} was witnessed."
