"""Entries of the register: one act at a time, each an event, none altered, and a request follows the entries
it names."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage import register
from storage.devices.records import DEVICE_MOVES, ENDED, DeviceAct, DeviceState, may_move_device
from storage.devices.replay import device_differences, unacted
from storage.engine import Database
from storage.errors import AlreadyRegistered, Conflict, NoSuchDevice
from storage.ledger import Ledger
from storage.lifecycle import State
from storage.record.table_comparison import differences
from storage.record.verify import verify
from storage.records import NamedDevice
from tests.storage.record.test_table_comparison import tamper
from tests.storage.states import ALICE, BOB, CAROL, DUE, NOW, TENANT, asked, proposed

DAY = timedelta(days=1)
REACHES = {
    DeviceState.ACTIVE: DeviceAct.ACTIVATED,
    DeviceState.REPLACED: DeviceAct.REPLACED,
    DeviceState.WITHDRAWN: DeviceAct.WITHDRAWN,
    DeviceState.REFUSED: DeviceAct.REFUSED,
}


def test_a_device_is_kept_as_it_was_told(ledger: Ledger) -> None:
    with ledger.recording(NOW) as entry:
        made = proposed(entry, sender="Scan@Contoso.com")
    with ledger.reading() as reader:
        found = reader.devices.device(made.id)
    assert found == made
    assert (made.name, made.sender, made.state, made.version, made.moves) == (
        f"D{made.id}",
        "scan@contoso.com",
        "proposed",
        1,
        0,
    )
    assert (made.due, made.due_by, made.owner_id, made.created_at, made.changed_at) == (
        DUE,
        ALICE,
        CAROL,
        NOW,
        NOW,
    )


def test_every_act_raises_the_version_and_is_one_event(ledger: Ledger) -> None:
    with ledger.recording(NOW) as entry:
        device = proposed(entry)
        device = register.act(
            entry, device, DeviceAct.MOVED, actor=BOB, changes={"due": DUE - DAY, "due_by": BOB}, why="sooner"
        )
        device = register.act(entry, device, DeviceAct.OWNER_CHANGED, actor=BOB, changes={"owner_id": BOB})
    assert (device.version, device.moves, device.due, device.owner_id) == (3, 1, DUE - DAY, BOB)
    with ledger.reading() as reader:
        acts = reader.devices.acts(device.id)
        events = [event for event in reader.events() if event.kind.startswith("device_")]
    assert [(act.act, act.person_id, act.due_before, act.due_after, act.why) for act in acts] == [
        (DeviceAct.ADDED, ALICE, None, DUE, ""),
        (DeviceAct.MOVED, BOB, DUE, DUE - DAY, "sooner"),
        (DeviceAct.OWNER_CHANGED, BOB, None, None, ""),
    ]
    assert [(act.seq, act.act.event) for act in acts] == [(event.seq, event.kind) for event in events]
    assert list(differences(ledger.database, TENANT)) == []
    assert verify(ledger.database, TENANT).ok


def test_whoever_comes_second_gets_a_conflict(ledger: Ledger) -> None:
    with ledger.recording(NOW) as entry:
        seen = proposed(entry)
        register.act(entry, seen, DeviceAct.OWNER_CHANGED, actor=BOB, changes={"owner_id": BOB})
    with pytest.raises(Conflict, match="moved on"), ledger.recording(NOW) as entry:
        register.act(entry, seen, DeviceAct.REPLACED, actor=BOB, to=DeviceState.REPLACED)


def test_the_same_device_stands_on_the_register_once(ledger: Ledger) -> None:
    with ledger.recording(NOW) as entry:
        first = proposed(entry)
    with pytest.raises(AlreadyRegistered, match=f"D{first.id}") as same, ledger.recording(NOW) as entry:
        proposed(entry, device=" SCANNER ", site="zürich", sender="SCAN@contoso.com")
    assert same.value.number == first.id
    with ledger.recording(NOW) as entry:
        register.act(entry, first, DeviceAct.REPLACED, actor=BOB, to=DeviceState.REPLACED)
        again = proposed(entry)
        other = proposed(entry, site="Bern")
    assert len({first.id, again.id, other.id}) == 3


@pytest.mark.parametrize("before", DeviceState)
@pytest.mark.parametrize("after", DeviceState)
def test_only_moves_of_the_lifecycle_are_made(
    ledger: Ledger, before: DeviceState, after: DeviceState
) -> None:
    with ledger.recording(NOW) as entry:
        device = proposed(entry)
        if before is not DeviceState.PROPOSED:
            device = register.act(entry, device, REACHES[before], actor=BOB, to=before)
        if may_move_device(before, after):
            moved = register.act(entry, device, REACHES[after], actor=BOB, to=after)
            assert (moved.state, moved.ended_at) == (after, NOW if after in ENDED else None)
        else:
            with pytest.raises(ValueError, match="no move of an entry"):
                register.act(entry, device, REACHES.get(after, DeviceAct.ADDED), actor=BOB, to=after)
    assert (before in ENDED) == (before not in {each for each, _ in DEVICE_MOVES})


FIXED = {
    "device": "'Another'", "sender": "'a@b.example'", "site": "''", "protocol": "'pop3'", "reason": "''",
    "plan": "''", "proposer_id": "'U0MALLORY'", "proposer_enterprise_id": "'W0MALLORY'", "fingerprint": "'x'",
    "created_at": "changed_at", "tenant_id": "'another'", "id": "99",
}  # fmt: skip


def refused(database: Database, statement: str) -> None:
    with pytest.raises(DBAPIError, match=r"never|fixed at birth|stays"), database.write() as connection:
        connection.execute(text(statement))


def test_the_database_itself_guards_entries_and_acts(ledger: Ledger, subtests: pytest.Subtests) -> None:
    with ledger.recording(NOW) as entry:
        device = proposed(entry)
    statements = [f"UPDATE devices SET {column} = {value}" for column, value in FIXED.items()]
    statements += ["DELETE FROM devices", "DELETE FROM device_acts", "UPDATE device_acts SET why = 'x'"]
    for statement in statements:
        with subtests.test(statement):
            refused(ledger.database, statement)
    with ledger.recording(NOW) as entry:
        register.act(entry, device, DeviceAct.REPLACED, actor=BOB, to=DeviceState.REPLACED)
    for column, value in {
        "state": "'active'",
        "due": "'2030-01-01'",
        "owner_id": "NULL",
        "version": "1",
    }.items():
        with subtests.test(f"ended: {column}"):
            refused(ledger.database, f"UPDATE devices SET {column} = {value}")


MOVING = {
    "state": "'active'", "due": "'2030-01-01'", "owner_id": "NULL", "moves": "7", "asked_due": "'2030-01-01'",
    "version": "9", "due_by": "'U0BOB'",
}  # fmt: skip


@pytest.mark.parametrize("column", MOVING)
def test_a_row_that_is_not_as_recorded_is_found(ledger: Ledger, column: str) -> None:
    with ledger.recording(NOW) as entry:
        device = proposed(entry)
        assert entry.reader.devices.agrees(device)
    tamper(ledger.database, f"UPDATE devices SET {column} = {MOVING[column]}")
    with ledger.reading() as reader:
        found = device_differences(reader.connection, TENANT, device.id)
    assert [(one.table, one.column) for one in found] == [("devices", column)]


def test_an_act_that_was_taken_away_is_found(ledger: Ledger) -> None:
    with ledger.recording(NOW) as entry:
        device = proposed(entry)
        register.act(entry, device, DeviceAct.MOVED, actor=BOB, changes={"due": DUE - DAY, "due_by": BOB})
    tamper(ledger.database, "DELETE FROM device_acts WHERE act = 'moved'")
    with ledger.reading() as reader:
        assert not reader.devices.agrees(reader.devices.device(device.id))
        assert [one.row for one in unacted(reader.connection, TENANT)] == ["of event 2"]
    assert list(differences(ledger.database, TENANT)) != []


def test_a_request_follows_the_entries_that_it_names(ledger: Ledger) -> None:
    with ledger.recording(NOW) as entry:
        first, second = proposed(entry), proposed(entry, device="Scales")
        named = asked(entry, devices=entry.reader.devices.as_named([second.id, first.id]))
        assert named.devices == (NamedDevice(first.id, DUE), NamedDevice(second.id, DUE))
        assert register.follow(entry, named) == named
        register.act(entry, first, DeviceAct.MOVED, actor=BOB, changes={"due": DUE - DAY, "due_by": BOB})
        register.act(entry, second, DeviceAct.REPLACED, actor=BOB, to=DeviceState.REPLACED)
        followed = register.follow(entry, named)
        assert (followed.devices, followed.version) == (
            (NamedDevice(first.id, DUE - DAY),),
            named.version + 1,
        )
        assert entry.reader.holding.agrees(followed)
    tamper(
        ledger.database,
        f"UPDATE change_requests SET devices = '[[{first.id},\"2030-01-01\"]]'".replace(":", r"\:"),
    )
    with ledger.reading() as reader:
        assert not reader.holding.agrees(reader.request(named.id))


def test_what_was_sent_or_is_settled_follows_no_more(ledger: Ledger) -> None:
    with ledger.recording(NOW) as entry:
        device = proposed(entry)
        named = asked(entry, devices=entry.reader.devices.as_named([device.id]))
        sent = entry.move(
            entry.move(named, State.APPROVED, actor=BOB, detail=""), State.APPLYING, actor="bot", detail=""
        )
        register.act(entry, device, DeviceAct.MOVED, actor=BOB, changes={"due": DUE - DAY, "due_by": BOB})
        assert register.follow(entry, sent) == sent
        entry.move(sent, State.APPLIED, actor="bot", detail="")
    refused(ledger.database, "UPDATE change_requests SET devices = NULL")


def numbers(found: Any) -> list[int]:
    return [device.id for device in found]


def test_pages_are_by_due_day_and_number(ledger: Ledger) -> None:
    with ledger.recording(NOW) as entry:
        made = [
            proposed(
                entry, device=f"Scanner {n}", due=DUE + timedelta(days=n % 3), owner_id=(BOB, CAROL)[n % 2]
            )
            for n in range(7)
        ]
        register.act(entry, made[6], DeviceAct.WITHDRAWN, actor=ALICE, to=DeviceState.WITHDRAWN)
        nobodys = proposed(entry, device="Lost", owner_id=None, due=DUE - DAY)
        reader = entry.reader.devices
        expected = [nobodys.id, *(made[n].id for n in (0, 3, 1, 4, 2, 5))]
        page = reader.standing(limit=3)
        assert numbers(page) == expected[:3]
        assert numbers(reader.standing(after=(page[-1].due, page[-1].id), limit=9)) == expected[3:]
        assert numbers(reader.owned_by(BOB)) == [made[n].id for n in (0, 4, 2)]
        assert numbers(reader.owned_by(None)) == numbers(reader.due_before(DUE)) == [nobodys.id]
        assert reader.owners() == [BOB, CAROL]
        assert (reader.counts(DUE).proposed, reader.counts(DUE).overdue, reader.counts(DUE).orphaned) == (
            7,
            1,
            1,
        )
        assert (reader.active(), reader.is_empty()) == (0, False)
        assert numbers(reader.everything()) == [*numbers(made), nobodys.id]


def test_an_entry_of_another_tenant_is_none(ledger: Ledger) -> None:
    with ledger.recording(NOW) as entry:
        device = proposed(entry)
    other = Ledger(ledger.database, "another")
    with other.reading() as reader, pytest.raises(NoSuchDevice, match=f"no device D{device.id}"):
        reader.devices.device(device.id)
    with other.recording(NOW) as entry, pytest.raises(Conflict):
        register.act(entry, device, DeviceAct.REPLACED, actor=BOB, to=DeviceState.REPLACED)
