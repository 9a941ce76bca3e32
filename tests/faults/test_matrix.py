"""Every trouble of Slack's at every call in the life of a request: no change is lost or made twice, and
people are told."""

from collections.abc import Callable

import pytest

from tests.chance import chance
from tests.faults.story import Story
from tests.faults.troubles import (
    CALLS,
    CARD_POST,
    CARD_UPDATE,
    DIRECT,
    EPHEMERAL,
    FORM,
    GROUP,
    PERSON,
    TROUBLES,
    Call,
    Trouble,
)
from tests.journeys.stage import Stage

Cell = Callable[[str, str, str], None]
TELLING = [
    ("429 on one channel only", CARD_POST), ("500", FORM), ("reset", CARD_UPDATE), ("answer lost", DIRECT),
    ("message deleted", CARD_UPDATE), ("bot removed", EPHEMERAL), ("token revoked", PERSON), ("502", GROUP),
]  # fmt: skip
"""One cell for nearly every trouble and call."""
SHORT = set(chance("faults of the line").sample(TELLING, 4))
"""Those that the line plays; ``-m long`` plays the others."""


def _cells() -> list[object]:
    pairs = [(trouble, call) for trouble in TROUBLES for call in CALLS if call in trouble.calls]
    assert {(trouble.name, call) for trouble, call in pairs} >= SHORT
    return [
        pytest.param(
            trouble,
            call,
            id=f"{trouble.name}, {call.name}",
            marks=() if (trouble.name, call) in SHORT else (pytest.mark.long,),
        )
        for trouble, call in pairs
    ]


@pytest.mark.once(
    "the faults meet the calls that the bot makes, whichever way it is reached and wherever it keeps its "
    "record"
)
@pytest.mark.parametrize(("trouble", "call"), _cells())
def test_no_change_is_lost_or_made_twice(stage: Stage, trouble: Trouble, call: Call, cell: Cell) -> None:
    cell(trouble.name, call.name, Story(stage, trouble, call).play())
