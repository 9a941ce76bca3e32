"""Numbers, messages and people lead to their tenant, asked over all of them."""

from datetime import UTC, datetime, timedelta

from storage import register
from storage.app_home import home_rows
from storage.devices.records import DeviceAct, DeviceState
from storage.engine import Database
from storage.jobs.pending import Pending
from storage.ledger import Ledger
from storage.lifecycle import Kind, State
from storage.messages.outbox import Outbox
from storage.messages.records import Card
from storage.records import Door, Observation, SettingValue
from storage.tenants import FleetRecord, Whose
from tests.storage.states import BOB, CAROL, DUE, proposed

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


def _asked(database: Database, tenant: str, person: str) -> int:
    with Ledger(database, tenant).recording(NOW) as entry:
        values = {"to_value": SettingValue.OPTED_IN, "from_value": SettingValue.NOT_SET, "rule_digest": "r"}
        until = NOW + timedelta(hours=1)
        return entry.open(Kind.OPT_IN, requester_id=person, door=Door.COMMAND, expires_at=until, **values).id


def test_each_number_message_and_person_leads_to_its_tenant(database: Database) -> None:
    one, other = _asked(database, "one", "U0ALICE"), _asked(database, "other", "U0BOB")
    Outbox(database, "other").keep_card(Card(other, "C0OTHER", "1.5", 1))
    whose = Whose(database)
    assert (whose.of_request(one), whose.of_request(other), whose.of_request(other + 1)) == (
        "one",
        "other",
        None,
    )
    assert (whose.at("C0OTHER", "1.5"), whose.at("C0OTHER", "1.6")) == ("other", None)
    assert (whose.of_device(1), whose.of_notice(1)) == (None, None)
    assert whose.having("U0ALICE", ["one", "other"]) == {"one"}
    assert whose.having("U0BOB", ["one"]) == set()


def test_what_is_over_is_found_over_all_tenants(database: Database) -> None:
    _asked(database, "one", "U0ALICE")
    pending = Pending(database)
    assert pending.ending(NOW) == []
    assert pending.ending(NOW + timedelta(hours=2)) == ["one"]


def test_how_tenants_stand_is_told_in_their_order(database: Database) -> None:
    _asked(database, "one", "U0ALICE")
    with Ledger(database, "other").recording(NOW) as entry:
        entry.holding.observe(Observation(NOW, SettingValue.OPTED_IN, None, None, None))
    with Ledger(database, "other").recording(NOW + timedelta(minutes=1)) as entry:
        entry.holding.observe(Observation(entry.now, None, None, None, "throttled"))
    record = FleetRecord(database)
    first, second = record.standings(["one", "other"], NOW.date())
    assert (first.newest, first.seen) == (None, None)
    assert second.newest is not None
    assert (second.newest.value, second.newest.problem) == (None, "throttled")
    assert (second.seen, second.seen_at) == (SettingValue.OPTED_IN, NOW)
    counted = {tenant: record.requests([tenant])[State.PENDING] for tenant in ("one", "other")}
    assert counted == {"one": 1, "other": 0}
    assert record.owed_since(NOW, ["one", "other"]) is None
    assert record.unsent([]) == {}


def test_an_active_device_concerns_its_owner_and_its_own_tenant_alone(database: Database) -> None:
    with Ledger(database, "one").recording(NOW) as entry:
        proposed(entry, sender="proposed@contoso.com")
    with Ledger(database, "other").recording(NOW) as entry:
        active = register.act(entry, proposed(entry), DeviceAct.ACTIVATED, actor=BOB, to=DeviceState.ACTIVE)
    whose, record, both = Whose(database), FleetRecord(database), ["one", "other"]
    assert whose.having(CAROL, both) == {"one", "other"}
    assert whose.having("U0DAVE", both) == set()
    assert whose.having(CAROL, ["one"]) == {"one"}
    assert record.devices(["other"]) == {"other": [f"D{active.id} Scanner"]}
    assert list(record.devices(["one"])) == ["one"]
    late = [record.standings(both, day)[0].overdue_devices for day in (DUE, DUE + timedelta(days=1))]
    assert late == [0, 1]
    for tenant, person, mine in (("one", CAROL, 1), ("other", CAROL, 1), ("other", "U0DAVE", 0)):
        with Ledger(database, tenant).reading() as reader:
            rows = home_rows(reader, tenant, person, NOW.date())
        assert (len(rows.devices), rows.device_count) == (mine, mine)
        assert len(rows.awaited) == (tenant == "one")
