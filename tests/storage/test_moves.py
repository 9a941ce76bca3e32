"""A change request moves as the lifecycle says and in no other way: every state against every state, on both
databases."""

from datetime import timedelta

import pytest

from storage.engine import Database
from storage.errors import Conflict, NoSuchRequest
from storage.ledger import Ledger
from storage.lifecycle import BIRTHS, MOVES, OPEN, SETTLED, UNSENT, Kind, State, may_move
from tests.storage.states import ALICE, BOB, NOW, TENANT, brought_to, everything, opened, way

LATER = NOW + timedelta(minutes=5)


def test_every_state_can_be_reached_from_a_birth() -> None:
    assert [state for state in State if all(way(kind, state) is None for kind in Kind)] == []


def test_nothing_leaves_a_settled_state_and_every_other_state_can_end() -> None:
    assert {before for before, _ in MOVES} == OPEN
    assert set(State) == SETTLED | OPEN
    assert not SETTLED & OPEN
    assert UNSENT < OPEN


@pytest.mark.parametrize("before", list(State), ids=lambda state: state.value)
def test_a_request_moves_exactly_where_the_lifecycle_lets_it(
    before: State, database: Database, subtests: pytest.Subtests
) -> None:
    for after in State:
        with subtests.test(after=after.value):
            (moves if may_move(before, after) else stays)(
                Ledger(database, f"{before}-{after}"), before, after
            )


def stays(ledger: Ledger, before: State, after: State) -> None:
    request = brought_to(ledger, before)
    stood = everything(ledger.database)
    with pytest.raises(ValueError, match="is no move"), ledger.recording(LATER) as entry:
        entry.move(request, after, actor=BOB, detail="never")
    assert everything(ledger.database) == stood


def moves(ledger: Ledger, before: State, after: State) -> None:
    request = brought_to(ledger, before)
    with ledger.recording(LATER) as entry:
        moved = entry.move(request, after, actor=BOB, detail="because")
    assert (moved.state, moved.version, moved.detail) == (after, request.version + 1, "because")
    assert moved.settled_at == (LATER if after in SETTLED else None)
    with ledger.reading() as reader:
        assert reader.request(request.id) == moved
        event = reader.events()[-1]
    assert (event.kind, event.actor, event.request_id) == ("moved", BOB, request.id)
    assert event.payload == {"from": before.value, "to": after.value, "detail": "because"}


@pytest.mark.parametrize("kind", list(Kind))
def test_a_request_is_born_in_the_state_of_its_kind_and_recorded(kind: Kind, ledger: Ledger) -> None:
    born = opened(ledger, kind)
    assert (born.state, born.version) == (BIRTHS[kind], 1)
    assert born.settled_at == (NOW if born.state in SETTLED else None)
    with ledger.reading() as reader:
        assert reader.request(born.id) == born
        event = reader.events()[-1]
    assert (event.kind, event.actor, event.payload["state"]) == ("request_opened", ALICE, born.state.value)


def test_a_move_from_a_version_that_has_passed_is_a_conflict_and_leaves_no_trace(ledger: Ledger) -> None:
    seen = opened(ledger)
    with ledger.recording(NOW) as entry:
        entry.move(seen, State.APPROVED, actor=BOB, detail="first")
    stood = everything(ledger.database)
    with pytest.raises(Conflict), ledger.recording(NOW) as entry:
        entry.move(seen, State.REJECTED, actor=BOB, detail="second")
    assert everything(ledger.database) == stood


def test_a_move_that_returned_to_the_same_state_is_still_a_conflict_for_who_saw_the_first(
    ledger: Ledger,
) -> None:
    seen = opened(ledger)
    with ledger.recording(NOW) as entry:
        approved = entry.move(seen, State.APPROVED, actor=BOB, detail="there")
        entry.move(approved, State.PENDING, actor=BOB, detail="and back")
    with pytest.raises(Conflict), ledger.recording(NOW) as entry:
        entry.move(seen, State.APPROVED, actor=BOB, detail="seen before")


def test_another_tenant_neither_sees_nor_moves_a_request(ledger: Ledger, database: Database) -> None:
    request = opened(ledger)
    neighbour = Ledger(database, "another-tenant")
    with neighbour.reading() as reader, pytest.raises(NoSuchRequest, match=f"#{request.id}"):
        reader.request(request.id)
    with pytest.raises(Conflict), neighbour.recording(NOW) as entry:
        entry.move(request, State.APPROVED, actor=BOB, detail="not yours")
    assert request.tenant_id == TENANT


def test_postponing_keeps_the_state_and_the_next_move_forgets_the_waiting(ledger: Ledger) -> None:
    request = brought_to(ledger, State.APPROVED)
    until = NOW + timedelta(minutes=1)
    with ledger.recording(NOW) as entry:
        waiting = entry.postpone(request, until=until, detail="waiting for Exchange")
    assert (waiting.state, waiting.retry_at, waiting.version) == (State.APPROVED, until, request.version + 1)
    with ledger.recording(NOW) as entry:
        assert entry.reader.ready(NOW) == []
        assert entry.reader.ready(until) == [waiting]
        moved = entry.move(waiting, State.APPLYING, actor=BOB, detail="now", sent_at=until)
    assert (moved.retry_at, moved.sent_at) == (None, until)


def test_a_new_sentence_raises_the_version_and_nothing_else(ledger: Ledger) -> None:
    request = opened(ledger)
    with ledger.recording(NOW) as entry:
        said = entry.say(request, detail="Bob agrees; one more is needed")
    assert (said.state, said.version, said.detail) == (
        request.state,
        request.version + 1,
        "Bob agrees; one more is needed",
    )
