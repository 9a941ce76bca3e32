"""Who ended a request is told from its votes and its row, whatever its sentence says."""

from dataclasses import replace

import pytest

from handlers.policy.decided_by import who_approved, why_so
from storage.lifecycle import State
from tests.handlers.driver import ALICE, BOB, CAROL
from tests.handlers.policy.test_content import REQUEST
from tests.sentences import says

SENTENCES = [
    "",
    "Rejected by @U0MALLORY.",
    "Withdrawn by @U0MALLORY.",
    "Stale by now.",
    "Nobody decided in time.",
]


@pytest.mark.parametrize("detail", SENTENCES)
def test_the_person_who_ended_it_is_named_from_the_record(detail: str) -> None:
    rejected = replace(REQUEST, state=State.REJECTED, detail=detail)
    withdrawn = replace(REQUEST, state=State.WITHDRAWN, detail=detail, requester_id=CAROL)
    assert why_so(rejected, BOB) == f" by @{BOB}."
    assert why_so(withdrawn, None) == f" by @{CAROL}."


@pytest.mark.parametrize("detail", SENTENCES)
@pytest.mark.parametrize("state", sorted(set(State) - {State.REJECTED, State.WITHDRAWN}))
def test_any_other_end_is_told_in_its_own_sentence(state: State, detail: str) -> None:
    assert why_so(replace(REQUEST, state=state, detail=detail), BOB) == (f". {detail}" if detail else ".")


def test_whoever_approved_is_named_only_where_that_sufficed() -> None:
    told = {state: who_approved(replace(REQUEST, state=state), [ALICE, BOB]) for state in State}
    both = says("approved_by_and_2", alice=ALICE, bob=BOB)
    assert {state for state, text in told.items() if text == both} == {
        State.APPROVED, State.APPLYING, State.UNCERTAIN, State.APPLIED, State.FAILED
    }  # fmt: skip
    assert who_approved(replace(REQUEST, state=State.APPLIED), []) == ""
