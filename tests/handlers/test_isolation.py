"""Two tenants on one database, with the same people: each is told, records and hands out what it would have
alone.

Chance plays acts on both; what each tenant shows is compared with what it shows on a database of its own,
numbers put into the order of the tenant's own, for those run through all tenants.
"""

import io
import itertools
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from handlers.context.look_ups import GroupLists
from handlers.context.people import ActedTooOften, People
from handlers.evidence.pack import Pack
from handlers.policy.periods import Period
from handlers.policy.rule import Home
from handlers.register.commands import AcceptDevice, Replaced
from handlers.register.none_left import NoneLeft
from handlers.register.owner_reminders import OwnerReminders
from handlers.register.weekly_message import WeeklyDevices
from handlers.reminders.remind import Reminders
from handlers.slack.views import cards, request_outcomes
from storage.devices.records import DeviceState
from storage.engine import Database
from storage.messages.outbox import Outbox
from storage.migrate import upgrade
from storage.record.export import lines
from storage.record.verify import verify
from storage.records import SettingValue
from storage.streams import Streams
from tests.handlers.conftest import without_syncing
from tests.handlers.driver import ALICE, BOB, CAROL, DAVE, ERIN, MAIL, NOW, RULE, House
from tests.handlers.fakes import HOME_TEAM, Workspace
from tests.handlers.filled_forms import _request
from tests.handlers.register import registering
from tests.handlers.saying import announcement

ONE, OTHER = "11111111-2222-3333-4444-555555555555", "99999999-2222-3333-4444-555555555555"
PEOPLE = (ALICE, BOB, CAROL, DAVE, ERIN)
CHANNELS = {ONE: "C0ONE", OTHER: "C0OTHER"}

Act = tuple[str, str]

OF_NUMBERS = r'"value": "[0-9]+"|Code `[^`]*`'
"""What carries a number, or is made of one."""

OF_HASHES = r"[0-9a-f]{64}"
"""The head of the record, in which numbers are."""


def _house(database: Database, tenant: str) -> House:
    """Bob approves in both, Alice and Carol in one of them each."""
    own = ALICE if tenant == ONE else CAROL
    rule = replace(RULE, approvers=(own, BOB), operators=(own, BOB), channel=CHANNELS[tenant])
    return House(database, rule=rule, tenant_id=tenant)


def _open(house: House) -> int:
    """The number of the newest request, whatever became of it; of none, a number that nobody has."""
    found = house.requests()
    return found[-1].id if found else 999_999


def _ask(house: House, person: str) -> None:
    house.submit("opt_in", person, house.board.channel, **_request(house.clock.at))


def _accept_device(house: House, person: str) -> None:
    """The newest of those that are proposed: it is active from then on."""
    with house.ledger.reading() as reader:
        waits = [one.id for one in reader.devices.everything() if one.state is DeviceState.PROPOSED]
    registering.do(house, person, AcceptDevice(waits[-1] if waits else 999_999))


def _replace_device(house: House, person: str) -> None:
    with house.ledger.reading() as reader:
        standing = [one.id for one in reader.devices.everything() if one.is_standing]
    registering.do(house, person, Replaced(standing[0] if standing else 999_999))


def _remind(house: House) -> None:
    """Look for every reminder and the week's message about devices, and send what they owe."""
    for duty in (Reminders, OwnerReminders, WeeklyDevices, NoneLeft):
        looks = duty(house.context)
        looks.look() if isinstance(looks, NoneLeft) else looks.run()
    house.deliver()


ACTS: dict[str, Callable[[House, str], object]] = {
    "ask": _ask,
    "approve": lambda house, person: house.press("approve", person, _open(house)),
    "react": lambda house, person: house.react(person, _open(house)),
    "reject": lambda house, person: house.press("reject", person, _open(house)),
    "withdraw": lambda house, person: house.press("withdraw", person, _open(house)),
    "opt out": lambda house, person: house.submit("opt_out", person, house.board.channel, reason="Gone"),
    "add": lambda house, person: registering.do(
        house, person, registering.scanner(house, sender=f"{person}@x.com")
    ),
    "accept": _accept_device,
    "replace": _replace_device,
    "outside": lambda house, person: (setattr(house.tenant, "value", SettingValue.OPTED_IN), house.observe()),
    "observe": lambda house, person: house.observe(),
    "home": lambda house, person: house.open_home(person),
    "work": lambda house, person: house.work(),
    "wait": lambda house, person: house.clock.advance(hours=7),
    "a week": lambda house, person: house.clock.advance(days=7),
    "remind": lambda house, person: _remind(house),
}


def _play(houses: dict[str, House], acts: list[tuple[str, Act]]) -> None:
    for tenant, (name, person) in acts:
        house = houses[tenant]
        house.clock.advance(seconds=2)
        ACTS[name](house, person)
    for house in houses.values():
        house.work()


def _shown(house: House) -> dict[str, object]:
    """All that anybody can see of a tenant, with its own numbers."""
    zone, board = house.edge.zone, house.board
    own: dict[str, str] = {}

    def said(text: str) -> str:
        return re.sub(
            r"(?<=#)\d+|(?<=\bD)\d+\b|\d{7,}\.\d+",
            lambda found: own.setdefault(found[0], f"n{len(own)}"),
            text,
        )

    with house.ledger.reading() as reader:
        numbers = {str(one.id): f"r{place}" for place, one in enumerate(house.requests())}
        entries = {str(one.id): f"d{place}" for place, one in enumerate(reader.devices.everything())}
    own |= entries | numbers
    texts = [cards.card(view, zone).text for _, view in board.cards]
    texts += [request_outcomes.outcome(view, zone, person).text for person, view in board.outcomes]
    texts += [f"{one.person}: {one.text}" for one in board.said]
    texts += [f"{person}: {announcement(facts, zone).text}" for person, facts in board.told]
    texts += [announcement(facts, zone).text for facts in board.announced]
    events = [json.loads(line) for line in lines(house.database, house.tenant_id)]
    kinds = [(one["kind"], one["actor"], one["at"]) for one in events]
    homes = {person: said(json.dumps(house.home(person))) for person in PEOPLE}
    return {
        "messages": [re.sub(OF_HASHES, "", said(text)) for text in texts],
        "record": kinds,
        "tenants": {one["tenant"] for one in events},
        "sound": verify(house.database, house.tenant_id).ok,
        "homes": {person: re.sub(OF_NUMBERS, "", page) for person, page in homes.items()},
        "owed": Outbox(house.database, house.tenant_id).oldest_owed(house.clock()),
        "stream": Streams(house.database, house.tenant_id, "receiver").backlog().events,
        "writes": len(house.tenant.writes),
        "pack": _pack(house),
    }


def _pack(house: House) -> dict[str, object]:
    """What an auditor is handed: rows of each table, and what is not proven."""
    file, day = io.BytesIO(), NOW.date()
    made = Pack(house.database, house.tenant_id, Period(day, day), named=None, not_found_out=[]).write(file)
    with zipfile.ZipFile(file) as found:
        tables = {name: found.read(name).count(b"\n") for name in found.namelist() if name.endswith(".csv")}
    return {"missing": len(made.missing), "tables": tables}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Database]:
    """Opens a new database with the present schema."""
    folder, number = tmp_path_factory.mktemp("isolation"), itertools.count()
    template = folder / "template.db"
    upgrade(f"sqlite:///{template}")

    def made() -> Database:
        file = folder / f"{next(number)}.db"
        shutil.copy(template, file)
        database = Database(f"sqlite:///{file}")
        for engine in (database.engine, database._quick):
            event.listen(engine, "connect", without_syncing)
        return database

    return made


PLAYED = st.lists(
    st.tuples(
        st.sampled_from([ONE, OTHER]), st.tuples(st.sampled_from(sorted(ACTS)), st.sampled_from(PEOPLE))
    ),
    min_size=6,
    max_size=14,
)


def _alike(fresh: Callable[[], Database], acts: list[tuple[str, Act]]) -> None:
    with closing(fresh()) as shared, closing(fresh()) as first, closing(fresh()) as second:
        together = {tenant: _house(shared, tenant) for tenant in (ONE, OTHER)}
        _play(together, acts)
        for tenant, database in ((ONE, first), (OTHER, second)):
            alone = _house(database, tenant)
            _play({tenant: alone}, [act for act in acts if act[0] == tenant])
            assert _shown(together[tenant]) == _shown(alone)


TOLD = [
    *[(tenant, ("add", ALICE if tenant == ONE else CAROL)) for tenant in (ONE, OTHER)],
    *[(tenant, ("ask", BOB)) for tenant in (ONE, OTHER)],
    *[(tenant, ("work", BOB)) for tenant in (OTHER, ONE)],
    *[(tenant, ("home", BOB)) for tenant in (ONE, OTHER)],
    (OTHER, ("approve", ALICE)),
    (ONE, ("approve", CAROL)),
    (ONE, ("approve", ALICE)),
    (ONE, ("work", BOB)),
    (ONE, ("add", BOB)),
    (ONE, ("accept", ALICE)),
    (OTHER, ("react", CAROL)),
    (ONE, ("opt out", BOB)),
    (OTHER, ("outside", BOB)),
    *[(tenant, ("work", BOB)) for tenant in (OTHER, ONE)],
    *[(tenant, (name, BOB)) for name in ("a week", "remind") for tenant in (OTHER, ONE)],
    (ONE, ("replace", ERIN)),
    (OTHER, ("ask", CAROL)),
    *[(tenant, ("home", person)) for tenant in (OTHER, ONE) for person in (ALICE, ERIN)],
]
"""A story through every door, before chance plays."""


def test_a_tenant_shows_what_it_would_alone_through_every_door(fresh: Callable[[], Database]) -> None:
    _alike(fresh, TOLD)


def test_what_a_person_may_look_up_in_one_tenant_is_not_used_up_in_the_other() -> None:
    workspace = Workspace(ALICE, DAVE, groups={MAIL: [DAVE]})
    groups = GroupLists(workspace.members, lambda: 0.0)
    one, other = (
        People(workspace, Home(HOME_TEAM), RULE, checks=1, groups=groups, monotonic=lambda: 0.0) for _ in "ab"
    )
    for person in (ALICE, DAVE):
        assert one.approver(person).allowed
        with pytest.raises(ActedTooOften):
            one.approver(person)
        assert other.approver(person).allowed


@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=PLAYED)
def test_a_tenant_shows_what_it_would_alone_whatever_is_done_in_the_other(
    fresh: Callable[[], Database], acts: list[tuple[str, Act]]
) -> None:
    _alike(fresh, acts)


@pytest.mark.long
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=PLAYED)
def test_the_same_of_many_stories(fresh: Callable[[], Database], acts: list[tuple[str, Act]]) -> None:
    _alike(fresh, acts)
