"""Exactly one wins, and nothing that was counted is lost: threads and real processes against one database."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from storage.engine import Database
from storage.errors import AlreadyOpen, Conflict
from storage.ledger import Ledger
from storage.lifecycle import OPEN, SETTLED, Kind, State
from storage.record.verify import verify
from storage.schema.tables import change_requests
from tests.counting import Tally
from tests.storage.racer import Racers, racers
from tests.storage.states import BOB, NOW, TENANT, approve, asked, brought_to, opened

PROCESSES = 4
ROUNDS = [
    pytest.param(5, id="5 rounds"),
    pytest.param(200, id="200 rounds", marks=[pytest.mark.long, pytest.mark.timeout(600)]),
]


@pytest.fixture
def four(migrated_database_url: str) -> Iterator[Racers]:
    with racers(migrated_database_url, PROCESSES) as running:
        yield running


def at_once(deed: Callable[[int], str], threads: int = 8) -> list[str]:
    """Run one deed in many threads that all start together."""
    barrier = threading.Barrier(threads)

    def one(number: int) -> str:
        barrier.wait(timeout=30)
        return deed(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(threads)))


@pytest.mark.parametrize("kind", [Kind.OPT_IN, Kind.EXTENSION])
@pytest.mark.parametrize("state", sorted(OPEN))
def test_an_open_wish_keeps_a_second_one_out_and_is_named(kind: Kind, state: State, ledger: Ledger) -> None:
    first = brought_to(ledger, state)
    with (
        pytest.raises(AlreadyOpen, match=f"#{first.id} is already open") as refused,
        ledger.recording(NOW) as entry,
    ):
        asked(entry, kind)
    assert refused.value.request_id == first.id


@pytest.mark.parametrize("state", sorted(SETTLED - {State.OBSERVED}))
def test_a_settled_wish_makes_room_for_the_next(state: State, ledger: Ledger) -> None:
    first = brought_to(ledger, state)
    assert opened(ledger).id > first.id


def test_an_opt_out_and_a_change_from_outside_stand_beside_an_open_wish(ledger: Ledger) -> None:
    kinds = (Kind.OPT_IN, Kind.OPT_OUT, Kind.OUTSIDE, Kind.OUTSIDE)
    assert [opened(ledger, kind).kind for kind in kinds] == list(kinds)
    with pytest.raises(AlreadyOpen):
        opened(ledger, Kind.OPT_OUT)


def test_every_tenant_has_a_place_of_its_own(database: Database) -> None:
    assert opened(Ledger(database, "one")).id != opened(Ledger(database, "two")).id


def test_the_database_keeps_the_second_one_out_even_past_the_ledger(ledger: Ledger) -> None:
    first = opened(ledger)
    with ledger.database.read() as connection:
        row = connection.execute(change_requests.select().where(change_requests.c.id == first.id)).one()
    second = {name: value for name, value in row._mapping.items() if name != "id"}
    with pytest.raises(IntegrityError), ledger.database.write() as connection:
        connection.execute(
            insert(change_requests).values(**second | {"kind": "extension", "state": "uncertain"})
        )


def test_of_eight_threads_that_ask_at_once_one_gets_the_place(ledger: Ledger) -> None:
    def ask(_: int) -> str:
        try:
            return f"won {opened(ledger).id}"
        except AlreadyOpen as lost:
            return f"lost {lost.request_id}"

    answers = sorted(at_once(ask))
    assert answers == ["lost 1"] * 7 + ["won 1"]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_of_four_processes_that_ask_at_once_one_gets_the_place(
    rounds: int, four: Racers, database: Database, tally: Tally
) -> None:
    for number in range(rounds):
        answers = sorted(four.all("open", f"tenant-{number}"))
        winner = answers[-1].removeprefix("won ")
        assert answers == [f"lost {winner}"] * (PROCESSES - 1) + [f"won {winner}"]
        assert verify(database, f"tenant-{number}").checked == 1
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM change_requests")).scalar() == rounds
    tally(
        f"races of four processes for the one place on {database.engine.dialect.name}: one winner each",
        rounds,
    )


@pytest.mark.parametrize("rounds", ROUNDS)
def test_of_four_processes_that_decide_at_once_one_decides(
    rounds: int, four: Racers, database: Database, tally: Tally
) -> None:
    for number in range(rounds):
        tenant = f"tenant-{number}"
        request = opened(Ledger(database, tenant))
        assert four.all("see", tenant, str(request.id)) == ["saw 1"] * PROCESSES
        deeds = [("decide", tenant, f"U{racer}") for racer in range(PROCESSES)]
        answers = four.each(deeds)
        assert sorted(answers) == ["lost"] * (PROCESSES - 1) + ["won"]
        with Ledger(database, tenant).reading() as reader:
            assert (reader.request(request.id).state, reader.request(request.id).version) == (
                State.APPROVED,
                2,
            )
            assert [event.actor for event in reader.events()] == [
                request.requester_id,
                f"U{answers.index('won')}",
            ]
    tally(f"races of four processes to decide on {database.engine.dialect.name}: one winner each", rounds)


@pytest.mark.parametrize(
    "votes", [pytest.param(5), pytest.param(100, marks=[pytest.mark.long, pytest.mark.timeout(600)])]
)
def test_no_vote_of_four_processes_is_lost(votes: int, four: Racers, ledger: Ledger, tally: Tally) -> None:
    request = opened(ledger)
    deeds = [("vote", TENANT, str(request.id), f"U{racer}", str(votes)) for racer in range(PROCESSES)]
    assert four.each(deeds) == ["voted"] * PROCESSES
    with ledger.reading() as reader:
        people = [decision.person_id for decision in reader.decisions([request.id])]
        assert reader.request(request.id).version == 1 + PROCESSES * votes
    assert sorted(people) == sorted(
        f"U{racer}-{number}" for racer in range(PROCESSES) for number in range(votes)
    )
    assert verify(ledger.database, TENANT).checked == 1 + PROCESSES * votes
    tally(
        f"votes of four processes at once on {ledger.database.engine.dialect.name}: none lost",
        PROCESSES * votes,
    )


def test_of_eight_votes_on_the_same_version_one_counts_and_the_others_leave_nothing(ledger: Ledger) -> None:
    seen = opened(ledger)

    def cast(number: int) -> str:
        try:
            with ledger.recording(NOW) as entry:
                approve(entry, seen, person_id=f"U{number}")
        except Conflict:
            return "lost"
        return f"U{number}"

    answers = at_once(cast)
    (winner,) = set(answers) - {"lost"}
    with ledger.reading() as reader:
        assert [decision.person_id for decision in reader.decisions([seen.id])] == [winner]
        assert [event.kind for event in reader.events()] == ["request_opened", "voted"]


@pytest.mark.parametrize("_round", range(3))
def test_of_a_withdrawal_and_an_approval_at_once_one_happens(_round: int, ledger: Ledger) -> None:
    seen = opened(ledger)
    ways = (State.WITHDRAWN, State.APPROVED)

    def move(number: int) -> str:
        try:
            with ledger.recording(NOW) as entry:
                return entry.move(seen, ways[number], actor=BOB, detail="").state.value
        except Conflict:
            return "lost"

    answers = set(at_once(move, 2))
    with ledger.reading() as reader:
        assert answers == {reader.request(seen.id).state.value, "lost"}


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_a_postgresql_whose_default_isolation_is_stricter_forks_and_refuses_nothing(
    migrated_postgres_url: str, level: str
) -> None:
    administrator = Database(migrated_postgres_url)
    with administrator.write() as connection:
        name = administrator.engine.url.database
        connection.execute(text(f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = '{level}'"))
    administrator.close()
    database = Database(migrated_postgres_url)
    ledger = Ledger(database, TENANT)

    def record(number: int) -> str:
        for _ in range(5):
            with ledger.recording(NOW) as entry:
                entry.record("counted", "bot", {"number": number})
        return "recorded"

    try:
        assert at_once(record, threads=4) == ["recorded"] * 4
        assert verify(database, TENANT).ok
    finally:
        database.close()
