"""Four replicas judge the same requests in the same moment: one outcome each, no vote lost, nothing done
twice."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import text

from storage.engine import Database
from storage.ledger import Ledger
from storage.record.verify import verify
from storage.records import Vote
from tests.counting import Tally
from tests.crashes.racing import ALICE, BOB, CAROL, DAVE, Order, Replicas, arrived, make_exchange, rule
from tests.storage.states import opened

REQUESTS = [pytest.param(4, id="4 requests"), pytest.param(200, id="200 requests", marks=[pytest.mark.long])]
pytestmark = pytest.mark.timeout(600)

Deed = tuple[str, str, str]
"""What, by whom, and by which delivery."""


class Race:
    """So many requests, each in a tenant of its own, and four replicas that act on all of them."""

    def __init__(self, replicas: Replicas, url: str, folder: Path) -> None:
        self._replicas = replicas
        self._url = url
        self.exchange = folder / "exchange.db"
        self.database = Database(url)
        self.requests: dict[str, int] = {}
        make_exchange(self.exchange)

    def open(self, count: int, needed: int) -> None:
        """Open the requests under a rule that needs so many approvals."""
        for number in range(count):
            tenant = f"tenant-{number}"
            self.requests[tenant] = opened(Ledger(self.database, tenant), rule_digest=rule(needed).digest).id

    def run(self, deeds: Sequence[Deed], *, needed: int = 1) -> dict[str, list[str]]:
        """Let one replica for each deed do it to every request; returns by tenant what each of them
        answered."""
        work = [self._url, str(self.exchange), str(needed)]
        return {
            tenant: self._replicas.obey(work, [Order(tenant, request, *deed) for deed in deeds])
            for tenant, request in self.requests.items()
        }

    def count(self, tally: Tally) -> None:
        """Count how the requests ended."""
        with self.database.read() as connection:
            for state in connection.execute(text("SELECT state FROM change_requests")).scalars():
                tally(f"requests raced for by four processes on {connection.dialect.name}: ended {state}")

    def votes(self, tenant: str) -> dict[str, Vote]:
        """The recorded votes; nobody may have two."""
        with Ledger(self.database, tenant).reading() as reader:
            decisions = reader.decisions([self.requests[tenant]])
        assert len({decision.person_id for decision in decisions}) == len(decisions)
        return {decision.person_id: decision.vote for decision in decisions}

    def moves(self, tenant: str) -> list[str]:
        """Every state the request was moved to, by its record, which must be whole."""
        assert verify(self.database, tenant).ok
        with Ledger(self.database, tenant).reading() as reader:
            moves = [str(event.payload["to"]) for event in reader.events() if event.kind == "moved"]
            assert reader.request(self.requests[tenant]).state == moves[-1]
        return moves

    def answers(self, tenant: str) -> dict[str, str]:
        """What each person was told; nobody may be left without an answer, and none may be told twice."""
        query = (
            "SELECT recipient, facts FROM notices WHERE tenant_id = :tenant AND kind IN ('answer', "
            "'ask_reason')"
        )
        with self.database.read() as connection:
            rows = connection.execute(text(query), {"tenant": tenant}).all()
            left = connection.execute(text("SELECT count(*) FROM inbox WHERE done_at IS NULL")).scalar()
        assert left == 0
        assert max(Counter(row.recipient for row in rows).values()) == 1
        return {row.recipient: json.loads(row.facts)["text"] for row in rows}


@pytest.fixture(scope="module")
def replicas() -> Iterator[Replicas]:
    with Replicas(4) as four:
        yield four


@pytest.fixture
def race(replicas: Replicas, migrated_database_url: str, tmp_path: Path) -> Iterator[Race]:
    ready = Race(replicas, migrated_database_url, tmp_path)
    yield ready
    ready.database.close()


COUNTED, REJECTED, WITHDRAWN, TOO_LATE = " is counted", " is rejected;", " is withdrawn.", " is already "


APPROVALS_AND_A_REJECTION: list[Deed] = [
    ("approve", BOB, "b"),
    ("reject", CAROL, "c"),
    ("approve", DAVE, "d"),
]


@pytest.mark.parametrize("count", REQUESTS)
def test_of_two_approvals_and_a_rejection_at_once_one_decides_and_all_are_told(
    count: int, race: Race, tally: Tally
) -> None:
    race.open(count, 1)
    race.run(APPROVALS_AND_A_REJECTION)
    for tenant in race.requests:
        votes, told = race.votes(tenant), race.answers(tenant)
        assert (race.moves(tenant), list(votes.values())) in (
            (["approved"], [Vote.APPROVE]),
            (["rejected"], [Vote.REJECT]),
        )
        assert {person for person, words in told.items() if COUNTED in words or REJECTED in words} == set(
            votes
        )
        assert {person for person, words in told.items() if TOO_LATE in words} == {BOB, CAROL, DAVE} - set(
            votes
        )
    race.count(tally)


@pytest.mark.parametrize("count", REQUESTS)
def test_a_withdrawal_at_the_same_moment_wins_until_it_is_sent_or_comes_too_late(
    count: int, race: Race, tally: Tally
) -> None:
    race.open(count, 1)
    race.run([*APPROVALS_AND_A_REJECTION, ("withdraw", ALICE, "a")])
    for tenant in race.requests:
        moves, votes, told = race.moves(tenant), race.votes(tenant), race.answers(tenant)
        assert moves in (["approved", "withdrawn"], ["rejected"], ["withdrawn"])
        assert [vote.value for vote in votes.values()] == {
            "approved": ["approve"],
            "rejected": ["reject"],
        }.get(moves[0], [])
        assert {person for person, words in told.items() if COUNTED in words or REJECTED in words} == set(
            votes
        )
        assert {person for person, words in told.items() if WITHDRAWN in words} == (
            {ALICE} if moves[-1] == "withdrawn" else set()
        )
        assert len([words for words in told.values() if TOO_LATE in words]) == 4 - len(votes) - (
            moves[-1] == "withdrawn"
        )
    race.count(tally)


@pytest.mark.parametrize("count", REQUESTS)
def test_two_approvals_at_once_both_count_where_two_are_needed(count: int, race: Race, tally: Tally) -> None:
    race.open(count, 2)
    answers = race.run(
        [("approve", BOB, "b"), ("approve", CAROL, "c"), ("approve", BOB, "b"), ("approve", CAROL, "c")],
        needed=2,
    )
    for tenant in race.requests:
        assert race.votes(tenant) == {BOB: Vote.APPROVE, CAROL: Vote.APPROVE}
        assert race.moves(tenant) == ["approved"]
        assert all(COUNTED in words for words in race.answers(tenant).values())
        assert sorted(answers[tenant][:1] + answers[tenant][2:3]) == ["done", "known"], (
            "a redelivery counts once"
        )
        assert sorted(answers[tenant][1:2] + answers[tenant][3:4]) == ["done", "known"], (
            "a redelivery counts once"
        )
    race.count(tally)


@pytest.mark.parametrize("count", REQUESTS)
def test_of_three_approvals_at_once_two_decide_and_the_third_is_told(
    count: int, race: Race, tally: Tally
) -> None:
    race.open(count, 2)
    race.run([("approve", BOB, "b"), ("approve", CAROL, "c"), ("approve", DAVE, "d")], needed=2)
    for tenant in race.requests:
        votes, told = race.votes(tenant), race.answers(tenant)
        assert len(votes) == 2
        assert race.moves(tenant) == ["approved"]
        assert {person for person, words in told.items() if COUNTED in words} == set(votes)
        assert [words for words in told.values() if TOO_LATE in words]
    race.count(tally)


@pytest.mark.parametrize("count", REQUESTS)
def test_four_replicas_write_an_approved_change_once(count: int, race: Race, tally: Tally) -> None:
    race.open(count, 1)
    race.run([("approve", BOB, "b")])
    answers = race.run([("apply", "", "")] * 4)
    for tenant in race.requests:
        assert answers[tenant] == ["done"] * 4
        assert arrived(race.exchange, tenant) == 1
        assert race.moves(tenant) == ["approved", "applying", "applied"]
    race.count(tally)
