"""How tests get a ledger into the state they speak about: by the moves people make, never by writing rows."""

from collections import deque
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from storage import register
from storage.devices.records import Device, DeviceAct, NewDevice
from storage.engine import Database
from storage.ledger import Entry, Ledger
from storage.lifecycle import BIRTHS, MOVES, Kind, State
from storage.records import ChangeRequest, Door, MailProtocol, SettingValue, Vote
from storage.schema.tables import metadata

TENANT = "11111111-2222-3333-4444-555555555555"
NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
ALICE, BOB, CAROL = "U0ALICE", "U0BOB", "U0CAROL"


def asked(entry: Entry, kind: Kind = Kind.OPT_IN, **changed: Any) -> ChangeRequest:
    """Open a request with everything filled in; an opt-in unless said otherwise."""
    enabling = kind in (Kind.OPT_IN, Kind.EXTENSION, Kind.SHORTENING)
    content: dict[str, Any] = {
        "requester_id": ALICE,
        "door": Door.COMMAND,
        "to_value": SettingValue.OPTED_IN if enabling else SettingValue.OPTED_OUT,
        "from_value": SettingValue.NOT_SET,
        "rule_digest": "r" * 64,
        "reason": "Scanners in Zürich speak TLS 1.0",
        "clients": "40 scanners",
        "protocols": (MailProtocol.SMTP_AUTH, MailProtocol.POP3),
        "window_end": entry.now + timedelta(days=30) if enabling else None,
        "expires_at": entry.now + timedelta(hours=24) if enabling and kind is not Kind.SHORTENING else None,
    }
    return entry.open(kind, **content | changed)


def opened(ledger: Ledger, kind: Kind = Kind.OPT_IN, **changed: Any) -> ChangeRequest:
    """Open a request in a transaction of its own."""
    with ledger.recording(NOW) as entry:
        return asked(entry, kind, **changed)


DUE = date(2026, 12, 15)


def proposed(entry: Entry, **changed: Any) -> Device:
    """Put a device on the register; a scanner of Carol's unless said otherwise. ``owner_id=None`` makes it an
    orphan."""
    content: dict[str, Any] = {
        "device": "Scanner",
        "sender": "scan@contoso.com",
        "site": "Zürich",
        "protocol": MailProtocol.SMTP_AUTH,
        "reason": "Its firmware speaks TLS 1.0",
        "plan": "A new one is ordered",
        "owner_id": CAROL,
        "due": DUE,
    } | changed
    orphaned = content["owner_id"] is None
    device = register.add(
        entry, NewDevice(**content | ({"owner_id": CAROL} if orphaned else {})), proposer=ALICE
    )
    return (
        register.act(entry, device, DeviceAct.ORPHANED, actor=CAROL, changes={"owner_id": None})
        if orphaned
        else device
    )


def way(kind: Kind, to: State) -> list[State] | None:
    """Name the states of a shortest way from a kind's birth to a state; ``None`` when no way leads there."""
    waiting = deque([[BIRTHS[kind]]])
    seen = {BIRTHS[kind]}
    while waiting:
        path = waiting.popleft()
        if path[-1] is to:
            return path[1:]
        for before, after in MOVES:
            if before is path[-1] and after not in seen:
                seen.add(after)
                waiting.append([*path, after])
    return None


def brought_to(ledger: Ledger, state: State) -> ChangeRequest:
    """Open a request of the first kind that can get there, and take it there."""
    kind = next(kind for kind in Kind if way(kind, state) is not None)
    with ledger.recording(NOW) as entry:
        request = asked(entry, kind)
        for step in way(kind, state) or ():
            request = entry.move(request, step, actor=BOB, detail=f"on the way: {step}")
    return request


def approve(entry: Entry, request: ChangeRequest, person_id: str = BOB, **changed: Any) -> ChangeRequest:
    """Cast one approving vote."""
    cast: dict[str, Any] = {
        "vote": Vote.APPROVE,
        "door": Door.BUTTON,
        "digest": "d" * 64,
        "voted_at": entry.now,
    }
    return entry.vote(request, person_id=person_id, **cast | changed)[0]


def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, for comparing before and after."""
    with database.read() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }
