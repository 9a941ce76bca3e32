"""Write every state change through an ``Entry``, which always leaves an audit event.

An ``Entry`` is one write transaction. A move is one conditional UPDATE on (id, state, version); whoever comes
second gets ``Conflict``. Nobody's right to act is judged here.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, insert, update
from sqlalchemy.exc import IntegrityError

from storage import chain, rows
from storage.baseline_and_rule import HoldingWriter
from storage.chain import BOT
from storage.engine import PATIENCE, Database
from storage.errors import AlreadyHandled, Conflict
from storage.integrity.canonical import stamp
from storage.ledger_reader import Reader
from storage.lifecycle import BIRTHS, SETTLED, Kind, State, may_move
from storage.messages.outbox import OutboxWriter
from storage.readings.runs import UNBROKEN
from storage.records import (
    ChangeRequest,
    Decision,
    Door,
    MailProtocol,
    NamedDevice,
    SettingValue,
    Vote,
    Waiting,
    WriteOutcome,
)
from storage.rows import insert_request, revise_request
from storage.schema.tables import (
    attempts,
    decisions,
    inbox,
    reasons,
)

__all__ = ["BOT", "Entry", "Ledger"]

_ATTEMPT = insert(attempts)
_VOTE = insert(decisions).returning(*decisions.c)
_DELIVERED = (inbox.c.tenant_id == bindparam("tenant"), inbox.c.key == bindparam("delivery"))
_FINISH = update(inbox).where(*_DELIVERED, inbox.c.done_at.is_(None))
"""Built once: these run with nearly every act, and building a statement costs more than running it."""


class Entry:
    """One write transaction on one tenant's ledger; use through ``Ledger.recording``.

    ``now`` is the caller's clock. ``outbox`` owes messages in it, ``holding`` says what holds from then on,
    ``reader`` reads what it sees.
    """

    def __init__(
        self, connection: Connection, tenant_id: str, now: datetime, *, unbroken: timedelta = UNBROKEN
    ) -> None:
        self.connection = connection
        self.tenant_id = tenant_id
        self.now = now
        self.reader = Reader(connection, tenant_id)
        self.outbox = OutboxWriter(connection, tenant_id, now)
        self.has_recorded = False
        self.holding = HoldingWriter(connection, tenant_id, now, self.record, unbroken=unbroken)

    def record(
        self, kind: str, actor: str, payload: Mapping[str, object], request_id: int | None = None
    ) -> str:
        """Append one audit event and return the chain's new head."""
        self.has_recorded = True
        return chain.append(
            self.connection,
            self.tenant_id,
            at=self.now,
            kind=kind,
            actor=actor,
            payload=payload,
            request_id=request_id,
        )

    def open(
        self,
        kind: Kind,
        *,
        requester_id: str | None,
        requester_enterprise_id: str | None = None,
        door: Door,
        to_value: SettingValue,
        from_value: SettingValue | None,
        rule_digest: str,
        reason: str = "",
        clients: str = "",
        protocols: tuple[MailProtocol, ...] = (),
        window_end: datetime | None = None,
        expires_at: datetime | None = None,
        detail: str = "",
        waiting: Waiting | None = None,
        devices: tuple[NamedDevice, ...] = (),
        ticket: str = "",
    ) -> ChangeRequest:
        """Record a new change request. Raises ``AlreadyOpen`` when the tenant's one place is taken."""
        content = {
            "kind": kind.value,
            "requester_id": requester_id,
            "requester_enterprise_id": requester_enterprise_id,
            "door": door.value,
            "to_value": to_value.value,
            "from_value": from_value.value if from_value else None,
            "rule_digest": rule_digest,
            "reason": reason,
            "clients": clients,
            "protocols": ",".join(protocols),
            "detail": detail,
        }
        times = {"window_end": window_end, "expires_at": expires_at, "created_at": self.now}
        beside = rows.beside(waiting, devices, ticket)
        request_id = insert_request(self.connection, self.tenant_id, kind, content | beside, times)
        told = _stamped(times) | content | {"state": BIRTHS[kind].value, **rows.told_devices(devices)}
        self.record("request_opened", requester_id or BOT, told | rows.told_ticket(ticket), request_id)
        return self.reader.request(request_id)

    def move(
        self, request: ChangeRequest, to: State, *, actor: str, detail: str, **changes: datetime | None
    ) -> ChangeRequest:
        """Move a request, provided it is still exactly as the caller saw it.

        ``changes`` may set ``retry_at`` and ``sent_at``. Raises ``Conflict`` when somebody was faster and
        ``ValueError`` for a move that the lifecycle does not know.
        """
        if not may_move(request.state, to):
            raise ValueError(f"{request.state} -> {to} is no move of a change request")
        changes.setdefault("retry_at", None)
        if to in SETTLED:
            changes["settled_at"] = self.now
        moved = self.revise(request, state=to.value, detail=detail, waiting=None, **changes)
        told: dict[str, str | None] = {"from": request.state.value, "to": to.value, "detail": detail}
        if "sent_at" in changes:
            sent_at = changes["sent_at"]
            told["sent_at"] = stamp(sent_at) if sent_at else None
        self.record("moved", actor, told, request.id)
        return moved

    def postpone(self, request: ChangeRequest, *, until: datetime, detail: str) -> ChangeRequest:
        """Keep the state and say why it waits; tried again at ``until``. Raises ``Conflict``."""
        return self.revise(request, retry_at=until, detail=detail, waiting=None)

    def look_again(self, request: ChangeRequest, *, at: datetime | None) -> ChangeRequest:
        """Keep everything and note when to look again; ``None``: never. Raises ``Conflict``."""
        return self.revise(request, retry_at=at)

    def say(self, request: ChangeRequest, *, detail: str, waiting: Waiting | None = None) -> ChangeRequest:
        """Keep the state and change only the sentence that explains it, and what it waits for.

        Raises ``Conflict``.
        """
        return self.revise(request, detail=detail, waiting=waiting.value if waiting else None)

    def name_devices(self, request: ChangeRequest, devices: tuple[NamedDevice, ...]) -> ChangeRequest:
        """Change which entries of the register a request names, and so what is approved.

        Raises ``Conflict``.
        """
        renamed = self.revise(request, devices=rows.spelled_devices(devices))
        self.record("devices_changed", BOT, rows.told_devices(devices), request.id)
        return renamed

    def vote(
        self,
        request: ChangeRequest,
        *,
        person_id: str,
        vote: Vote,
        door: Door,
        digest: str,
        voted_at: datetime,
    ) -> tuple[ChangeRequest, Decision]:
        """Add one vote and raise the version with it; by ``Door.BOT`` the bot takes one back.

        Raises ``Conflict``.
        """
        raised = self.revise(request)
        values = {
            "person_id": person_id,
            "vote": vote.value,
            "door": door.value,
            "digest": digest,
            "voted_at": voted_at,
            "recorded_at": self.now,
        }
        of = {"tenant_id": self.tenant_id, "request_id": request.id}
        row = self.connection.execute(_VOTE, of | values).one()
        payload = {"vote": vote.value, "door": door.value, "digest": digest, "voted_at": stamp(voted_at)}
        actor, more = (BOT, {"person_id": person_id}) if door is Door.BOT else (person_id, {})
        self.record("voted", actor, payload | more, request.id)
        return raised, rows.decision(row)

    def void(self, request: ChangeRequest, votes: Iterable[Decision]) -> ChangeRequest:
        """Record votes that do not count any more as taken back, so that none is shown as an approval.

        Raises ``Conflict``.
        """
        for cast in votes:
            request, _ = self.vote(
                request,
                person_id=cast.person_id,
                vote=Vote.TAKEN_BACK,
                door=Door.BOT,
                digest=cast.digest,
                voted_at=max(self.now, cast.voted_at),
            )
        return request

    def give_reason(self, request_id: int, *, person_id: str, reason: str) -> None:
        """Add the reason of a rejection, once. Raises ``Conflict`` when one stands already."""
        values = {"request_id": request_id, "person_id": person_id, "reason": reason, "given_at": self.now}
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(reasons).values(tenant_id=self.tenant_id, **values))
        except IntegrityError as given:
            raise Conflict("a reason was given already") from given
        self.revise(self.reader.request(request_id))
        self.record("reason_given", person_id, {"reason": reason}, request_id)

    def attempt(
        self,
        request: ChangeRequest,
        step: str,
        *,
        client_request_id: str | None = None,
        value: SettingValue | None = None,
        detail: str = "",
        outcome: WriteOutcome | None = None,
    ) -> None:
        """Add a step with Exchange: ``sending``, ``answered`` (with outcome) or ``read_back``."""
        values = {
            "step": step,
            "client_request_id": client_request_id,
            "value": value.value if value else None,
            "detail": detail,
            "outcome": outcome.value if outcome else None,
        }
        of = {"tenant_id": self.tenant_id, "request_id": request.id, "at": self.now}
        self.connection.execute(_ATTEMPT, of | values)
        self.record("attempt", BOT, values, request.id)

    def finish_inbox(self, key: str) -> None:
        """Mark the delivery with this key as done, in the transaction of what it caused.

        Raises ``AlreadyHandled``.
        """
        done = {"tenant": self.tenant_id, "delivery": key, "done_at": self.now}
        if self.connection.execute(_FINISH, done).rowcount != 1:
            raise AlreadyHandled("this was dealt with already")

    def revise(self, request: ChangeRequest, **changes: object) -> ChangeRequest:
        """Raise the version of a request, and change columns that leave no event by themselves.

        Raises ``Conflict``.
        """
        return revise_request(self.connection, self.tenant_id, request, changes)


def _stamped(times: Mapping[str, datetime | None]) -> dict[str, object]:
    return {name: stamp(at) if at else None for name, at in times.items()}


class Ledger:
    """One tenant's ledger. Reads open a connection each; writes go through ``recording``.

    ``unbroken`` is how far apart two readings may be that are kept as one run: what nobody looked at for
    longer shows as a gap.
    """

    def __init__(self, database: Database, tenant_id: str, *, unbroken: timedelta = UNBROKEN) -> None:
        self.database = database
        self.tenant_id = tenant_id
        self.unbroken = unbroken

    @contextmanager
    def recording(self, now: datetime, *, patience: float = PATIENCE) -> Iterator[Entry]:
        """One write transaction; commits when the block ends, rolls back when it raises.

        Raises ``engine.Busy``.
        """
        with self.database.recording(self.tenant_id, patience=patience) as connection:
            yield Entry(connection, self.tenant_id, now, unbroken=self.unbroken)

    @contextmanager
    def reading(self, *, quick: bool = False) -> Iterator[Reader]:
        """Queries on one connection; ``quick`` for what an acknowledgement waits for."""
        with self.database.read(quick=quick) as connection:
            yield Reader(connection, self.tenant_id)
