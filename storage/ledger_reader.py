"""The ledger's questions: each is answered by an index, pages by key and never by offset or count."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, Select, bindparam, func, literal_column, select

from storage import chain, rows
from storage.baseline_and_rule import HoldingReader
from storage.devices.reader import DeviceReader
from storage.errors import NoSuchRequest, Unreadable
from storage.history_pages import HistoryPages
from storage.integrity.damaged_rows import DAMAGE, is_damage, readable
from storage.lifecycle import OPEN, UNSENT, WISHES, Kind, State
from storage.messages.reader import MessageReader
from storage.readings.observing import ReadingReader
from storage.records import (
    Attempt,
    AuditEvent,
    ChangeRequest,
    Decision,
    Door,
    SettingValue,
    Vote,
    WriteOutcome,
)
from storage.rows import read_requests, select_requests
from storage.schema.tables import (
    attempts,
    audit_events,
    change_requests,
    decisions,
    reasons,
)
from storage.windows import WindowReader

MAY_STILL_SHOW_UP = (WriteOutcome.ACCEPTED, WriteOutcome.UNKNOWN, None)
"""The outcomes after which a change that was sent may still show up; ``None``: no answer is on record."""

LOOKED_THROUGH = 4096
"""The last events of a record among which ``newest_events`` are sought: what comes in the worst of minutes,
in a millisecond."""

_TABLE = change_requests.c
_MINE = select(change_requests).where(_TABLE.tenant_id == bindparam("tenant"))
_ONE = _MINE.where(_TABLE.id == bindparam("number"))
_IN_STATES = _MINE.where(
    _TABLE.state.in_(bindparam("states", expanding=True, type_=_TABLE.state.type)),
    _TABLE.kind.in_(bindparam("kinds", expanding=True, type_=_TABLE.kind.type)),
    _TABLE.id + 0 > bindparam("above"),
)
"""Neither a range nor an order of numbers: SQLite would walk the whole record by them, not the few in it."""
_EXPIRED = _MINE.where(_TABLE.state.in_(list(UNSENT)), _TABLE.expires_at <= bindparam("now"))
_LATER_OPT_OUTS = _MINE.where(_TABLE.id > bindparam("number"), _TABLE.kind == Kind.OPT_OUT.value)
_NEXT_OPT_OUT = _LATER_OPT_OUTS.order_by(_TABLE.id).limit(1)
_NUMBERS = bindparam("numbers", expanding=True, type_=_TABLE.id.type)
_DECISIONS = select(decisions).where(decisions.c.request_id.in_(_NUMBERS)).order_by(decisions.c.id)
_ATTEMPTS = select(attempts).where(attempts.c.request_id.in_(_NUMBERS)).order_by(attempts.c.id)
_REASONS = select(reasons).where(reasons.c.request_id.in_(_NUMBERS))
_SENT = (attempts.c.request_id == bindparam("number"), attempts.c.step == "sending")
_TIMES_SENT = select(func.count()).where(*_SENT)
"""Built once: they are read with nearly every act, and building a statement costs more than running it."""


class Reader:
    """Reads one tenant's ledger over one connection, inside or outside a transaction.

    ``connection`` is for whoever asks something else in the same moment.
    """

    def __init__(self, connection: Connection, tenant_id: str) -> None:
        self.connection = connection
        self.tenant_id = tenant_id
        self.messages = MessageReader(connection, tenant_id)
        self.readings = ReadingReader(connection, tenant_id)
        self.holding = HoldingReader(connection, tenant_id)
        self.baseline = self.holding.baseline  # asked nearly everywhere

    @property
    def devices(self) -> DeviceReader:
        """The register of devices, over the same connection."""
        return DeviceReader(self.connection, self.tenant_id)

    @property
    def windows(self) -> WindowReader:
        """What became of windows and of the value, over the same connection."""
        return WindowReader(self.connection, self.tenant_id, self.request)

    def request(self, request_id: int) -> ChangeRequest:
        """Return the request with this number.

        Raises ``NoSuchRequest``, and ``Unreadable`` where its row is damaged.
        """
        try:
            row = self.connection.execute(
                _ONE, {"tenant": self.tenant_id, "number": request_id}
            ).one_or_none()
            if row is not None:
                return rows.change_request(row)
        except DAMAGE as damage:
            if not is_damage(damage):
                raise
            raise Unreadable(f"#{request_id} cannot be read: its row in the database is damaged.") from damage
        raise NoSuchRequest(f"There is no change #{request_id}.")

    def find(self, request_id: int) -> ChangeRequest | None:
        """The same where it can be done without: ``None`` for one that is not there or cannot be read."""
        try:
            return self.request(request_id)
        except NoSuchRequest:
            return None

    def in_states(
        self, states: Collection[State], *, kinds: Collection[Kind] = tuple(Kind), above: int = 0
    ) -> list[ChangeRequest]:
        """Every request of these kinds in one of these states with a number above ``above``, oldest first."""
        wanted = {"tenant": self.tenant_id, "states": list(states), "kinds": list(kinds), "above": above}
        return sorted(read_requests(self.connection, _IN_STATES, wanted), key=lambda request: request.id)

    def open_request(self) -> ChangeRequest | None:
        """Return the one open opt-in or extension, if there is one."""
        return next(iter(self.in_states(OPEN, kinds=WISHES)), None)

    def opt_out_after(self, number: int) -> ChangeRequest | None:
        """Return the first opt-out that was asked for after this change, whatever became of it."""
        later = {"tenant": self.tenant_id, "number": number}
        return next(iter(read_requests(self.connection, _NEXT_OPT_OUT, later)), None)

    def given_up(self, value: SettingValue, since: datetime) -> ChangeRequest | None:
        """Return the newest request for ``value`` sent after ``since`` given up and never seen."""
        table = change_requests.c
        sent = (table.state == State.FAILED.value, table.to_value == value.value, table.sent_at >= since)
        for request in read_requests(
            self.connection, self._requests().where(*sent).order_by(table.id.desc()).limit(5)
        ):
            if self.last_outcome(request.id) in MAY_STILL_SHOW_UP and not self.messages.corrected(request.id):
                return request
        return None

    def attributable(self, now: datetime) -> list[ChangeRequest]:
        """Changes made outside the bot whose author is to be looked up at ``now``, oldest first."""
        table = change_requests.c
        due = (
            table.state == literal_column(f"'{State.OBSERVED.value}'"),
            table.retry_at.is_not(None),
            table.retry_at <= now,
        )
        return self._many(self._requests().where(*due).order_by(table.retry_at, table.id))

    def expired(self, now: datetime) -> list[ChangeRequest]:
        """Unsent requests whose time has run out at ``now``; the boundary itself has run out."""
        due = read_requests(self.connection, _EXPIRED, {"tenant": self.tenant_id, "now": now})
        return [request for request in due if request.has_expired(now)]

    def ready(self, now: datetime) -> list[ChangeRequest]:
        """Return approved requests applicable at ``now``; opt-outs first, as the safe direction."""
        found = [request for request in self.in_states({State.APPROVED}) if not request.has_to_wait(now)]
        return sorted(found, key=lambda request: (request.kind is not Kind.OPT_OUT, request.id))

    def counts(self) -> dict[State, int]:
        """Count requests by state from the index of states: settled ones grow for ever."""
        table = change_requests.c
        query = (
            select(table.state, func.count()).where(table.tenant_id == self.tenant_id).group_by(table.state)
        )
        known = set(State)
        return {State(state): int(found) for state, found in self.connection.execute(query) if state in known}

    def decisions_since(self, last: int | None) -> tuple[list[tuple[Vote, Door]], int]:
        """Return votes and doors of decisions after this id, and the newest id; ``None``: only that."""
        return decisions_since(self.connection, last, (self.tenant_id,))

    @property
    def history(self) -> HistoryPages:
        """The pages of history, over the same connection."""
        return HistoryPages(self.connection, self.tenant_id)

    def page(self, *, before: int | None = None, limit: int = 5) -> list[ChangeRequest]:
        """Return one page of history, newest first, starting below number ``before``."""
        return self.history.requests(self.history.numbers(before=before, limit=limit))

    def decisions(self, request_ids: Iterable[int]) -> list[Decision]:
        """Return every vote on these requests in the order of recording."""
        return readable(self.connection, _DECISIONS, decisions, rows.decision, {"numbers": list(request_ids)})

    def attempts(self, request_ids: Iterable[int]) -> list[Attempt]:
        """Return every step of talking to Exchange about these requests."""
        return readable(self.connection, _ATTEMPTS, attempts, rows.attempt, {"numbers": list(request_ids)})

    def last_outcome(self, request_id: int) -> WriteOutcome | None:
        """Return what Exchange's last answer to this change proves; ``None`` where no answer is on record."""
        return next(
            (step.outcome for step in reversed(self.attempts([request_id])) if step.step == "answered"), None
        )

    def times_sent(self, request_id: int) -> int:
        """Return how often it is on record that this change was about to be sent."""
        return self.connection.execute(_TIMES_SENT, {"number": request_id}).scalar_one()

    def reasons_given(self, request_ids: Iterable[int]) -> dict[int, tuple[str, str]]:
        """Return who gave a reason for each change (its rejecter, or who made it outside), and which."""
        found = self.connection.execute(_REASONS, {"numbers": list(request_ids)})
        return {row.request_id: (row.person_id, row.reason) for row in found}

    def reason_given(self, request_id: int) -> tuple[str, str] | None:
        """Return the same for one change."""
        return self.reasons_given([request_id]).get(request_id)

    def head(self) -> tuple[int, str]:
        """Sequence number and hash of the newest audit event."""
        return chain.head(self.connection, self.tenant_id)

    def events(self, *, after: int = 0, limit: int = 1000) -> list[AuditEvent]:
        """Audit events in order, from the one behind sequence number ``after``."""
        table = audit_events.c
        query = select(audit_events).where(table.tenant_id == self.tenant_id, table.seq > after)
        return [
            rows.audit_event(row) for row in self.connection.execute(query.order_by(table.seq).limit(limit))
        ]

    def newest_events(self, kind: str, actor: str) -> list[AuditEvent]:
        """Return one person's events of a kind, newest first, among the last: there is no index."""
        table = audit_events.c
        lately = (table.tenant_id == self.tenant_id, table.seq > self.head()[0] - LOOKED_THROUGH)
        query = select(audit_events).where(*lately, table.kind == kind, table.actor == actor)
        return readable(self.connection, query.order_by(table.seq.desc()), audit_events, rows.audit_event)

    def _requests(self) -> Select[tuple[object, ...]]:
        return select_requests(self.tenant_id)

    def _many(self, query: Select[tuple[object, ...]]) -> list[ChangeRequest]:
        return read_requests(self.connection, query)


def decisions_since(
    connection: Connection, last: int | None, tenants: Collection[str]
) -> tuple[list[tuple[Vote, Door]], int]:
    """Return what these tenants' decisions after this id were, and the newest id; ``None``: only that."""
    table = decisions.c
    if last is None:
        return [], connection.execute(select(func.coalesce(func.max(table.id), 0))).scalar_one()
    query = (
        select(table.id, table.vote, table.door, table.tenant_id).where(table.id > last).order_by(table.id)
    )
    fresh = connection.execute(query).all()
    votes, doors = set(Vote), set(Door)
    known = [row for row in fresh if row.tenant_id in tenants and row.vote in votes and row.door in doors]
    return [(Vote(row.vote), Door(row.door)) for row in known], fresh[-1].id if fresh else last
