"""The last of three devices is closed while an extension that names it is approved, accepted and applied: one
truth."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from storage import register
from storage.devices.records import Device, DeviceAct, DeviceState
from storage.engine import Database
from storage.ledger import BOT, Entry, Ledger
from storage.lifecycle import Kind, State
from storage.record.table_comparison import differences
from storage.record.verify import verify
from storage.records import Baseline, ChangeRequest, SettingValue
from tests.counting import Tally
from tests.crashes.racing import ALICE, BOB, CAROL, DAVE, Order, Replicas, arrived, make_exchange, rule
from tests.storage.states import DUE, NOW, asked, proposed

TRIES = [pytest.param(12, id="12 tries"), pytest.param(400, id="400 tries", marks=[pytest.mark.long])]
pytestmark = pytest.mark.timeout(3600)

LATER = NOW + timedelta(days=60)


@pytest.fixture(scope="module")
def replicas() -> Iterator[Replicas]:
    with Replicas(4) as four:
        yield four


def opted_in(entry: Entry, digest: str) -> tuple[ChangeRequest, list[Device]]:
    """An applied opt-in with three active devices, two of which have been replaced since."""
    made = [proposed(entry, device=f"Scanner {number}") for number in range(3)]
    named = entry.reader.devices.as_named([device.id for device in made])
    request = asked(entry, rule_digest=digest, devices=named)
    for state in (State.APPROVED, State.APPLYING, State.APPLIED):
        request = entry.move(request, state, actor=BOT, detail="on the way")
    entry.holding.set_baseline(
        Baseline(SettingValue.OPTED_IN, NOW, request.id, request.window_end), why="applied"
    )
    active = {"actor": BOT, "to": DeviceState.ACTIVE, "request_id": request.id}
    return request, [register.act(entry, device, DeviceAct.ACTIVATED, **active) for device in made]


def raced(ledger: Ledger, digest: str) -> tuple[int, int]:
    """Ask for an extension that names all three, a later day for the last, and close two; returns extension
    and device."""
    with ledger.recording(NOW) as entry:
        _, made = opted_in(entry, digest)
        for device in made[:2]:
            register.act(entry, device, DeviceAct.REPLACED, actor=CAROL, to=DeviceState.REPLACED)
        asks = {"asked_due": DUE + timedelta(days=5), "asked_by": ALICE}
        last = register.act(entry, made[2], DeviceAct.LONGER_ASKED, actor=ALICE, why="Late", changes=asks)
        named = entry.reader.devices.as_named([device.id for device in made])
        content = {
            "from_value": SettingValue.OPTED_IN,
            "window_end": LATER,
            "rule_digest": digest,
            "devices": named,
        }
        return asked(entry, Kind.EXTENSION, **content).id, last.id


@pytest.mark.parametrize("count", TRIES)
def test_one_truth_comes_of_it(
    count: int, replicas: Replicas, migrated_database_url: str, tmp_path: Path, tally: Tally
) -> None:
    database, exchange = Database(migrated_database_url), tmp_path / "exchange.db"
    make_exchange(exchange)
    for number in range(count):
        tenant = f"tenant-{number}"
        ledger = Ledger(database, tenant)
        with closing(sqlite3.connect(exchange)) as connection, connection:
            connection.execute("INSERT INTO writes (tenant, value) VALUES (?, ?)", (tenant, True))
        extension, device = raced(ledger, rule(1).digest)
        deeds = [
            ("approve", BOB, extension),
            ("accept", CAROL, device),
            ("replaced", DAVE, device),
            ("apply", "", extension),
        ]
        orders = [Order(tenant, about, deed, person, deed) for deed, person, about in deeds]
        answered = replicas.obey([migrated_database_url, str(exchange), "1"], orders)
        assert answered == ["done"] * 4
        assert arrived(exchange, tenant) == 1, "nothing is written for an extension"
        tally(
            f"races for the last device on {database.engine.dialect.name}: extension "
            f"{judged(ledger, extension, device)}"
        )
    database.close()


def judged(ledger: Ledger, extension: int, device: int) -> State:
    """How the extension ended, which has to agree with the device, the window and the record."""
    with ledger.reading() as reader:
        request, entry, window = reader.request(extension), reader.devices.device(device), reader.baseline()
        acts = [act.act for act in reader.devices.acts(device)]
    assert entry.state is DeviceState.REPLACED
    assert acts.count(DeviceAct.REPLACED) == 1
    assert window is not None
    assert request.state in (State.APPLIED, State.STALE)
    assert (window.window_end == LATER) is (request.state is State.APPLIED)
    assert [named.number for named in request.devices] == ([device] if request.state is State.APPLIED else [])
    assert verify(ledger.database, ledger.tenant_id).ok
    assert list(differences(ledger.database, ledger.tenant_id)) == []
    return request.state
