"""What proves that Exchange did nothing: the list alone, and never a status by itself."""

import pytest

from bot.exchange.answers import judge
from bot.exchange.http.transport import Answer
from bot.exchange.outcomes import REFUSALS, REFUSED_STATUSES, KnownRefusal
from tests.bot.exchange.test_answers import NOON, Case, F, M, _plain


@pytest.mark.parametrize("known", REFUSALS.values(), ids=lambda known: known.exception)
@pytest.mark.parametrize("status", [400, 500, 503])
def test_only_what_the_list_names_proves_that_nothing_was_done(known: KnownRefusal, status: int) -> None:
    assert known.source
    assert known.mend
    proof = judge(
        Case("", status, _plain(known.exception), M.REFUSED, "", F.REFUSED).answer(), cmdlet="x", now=NOON
    )
    assert (proof.outcome, proof.mend) == (F.REFUSED, known.mend)
    for sibling in (f"{known.exception}2", f"Not{known.exception}", known.exception.lower()):
        outcome = judge(
            Case("", status, _plain(sibling), M.FAILED, "", F.UNKNOWN).answer(), cmdlet="x", now=NOON
        )
        assert outcome.outcome is F.UNKNOWN, sibling


@pytest.mark.parametrize("status", [*range(400, 429), *range(430, 600)])
def test_a_status_alone_proves_nothing_unless_the_list_names_it(status: int) -> None:
    outcome = judge(Answer(status, {}, b""), cmdlet="x", now=NOON)
    assert (outcome.outcome is F.REFUSED) is (status in REFUSED_STATUSES)
    assert all(REFUSED_STATUSES.values())
