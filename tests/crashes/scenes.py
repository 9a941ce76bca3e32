"""What people do while the bot dies, and how each such scene may end: the only endings that are true."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from storage.lifecycle import State
from tests.crashes.world import ALICE, BOB, CHANNEL, World

Act = Callable[[World], object]


@dataclass(frozen=True, slots=True)
class Stand:
    """What was certain at the moment of death, and what Exchange did in the end."""

    kept: bool
    """The act stood in the inbox."""
    sending: bool
    """The attempt to write stood in the ledger."""
    effective: int
    """Writes that changed the setting."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One act. ``asked``: whether a request stands in the channel before it. ``prepare`` returns what the act needs."""

    name: str
    actor: str
    asked: bool
    prepare: Callable[[World], Any]
    act: Callable[[World, Any], object]
    end: State
    writes: bool
    """Whether it leads to a write."""
    answer: str
    """Words of the private answer to the actor."""
    teller: str | None
    """Whoever gets the result by direct message."""
    redelivered: bool = False
    """Whether the act cannot be lost: Slack sends it again until it is acknowledged, or it is time itself that acts."""
    votes: int = 1
    """Votes on record once the act was done."""
    before: int = 0
    """Votes on record before it."""
    arm: str = "INSERT INTO inbox"
    """How the first statement of the act begins: the moments are counted from there."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What the bot is told beyond the usual."""

    def ending(self, stand: Stand) -> State | None:
        """The one true state of the newest request; ``None`` when there must be none."""
        if not stand.kept:
            return State.PENDING if self.asked else None
        if not self.writes or not stand.sending or stand.effective:
            return self.end
        return State.FAILED


def _nothing(_: World) -> None:
    """No preparation."""


def _react(world: World, _: object) -> object:
    return world.slack.react(BOB, CHANNEL, world.cards()[-1]["ts"], "white_check_mark")


def _vote(world: World) -> None:
    """Bob approves, where two are needed; a vote on a card that does not show that rule yet would not count."""
    world.wait(world.owes_nothing)
    world.press(BOB, "approve")
    world.wait(lambda: world.owes_nothing() and any("is counted" in text for text in world.answers(BOB)))


APPROVAL = Scene(
    "an approval by button", BOB, True, _nothing, lambda world, _: world.press(BOB, "approve"),
    State.APPLIED, True, "is counted", ALICE,
)  # fmt: skip
REACTION = Scene(
    "an approval by reaction", BOB, True, _nothing, _react,
    State.APPLIED, True, "is counted", ALICE, redelivered=True,
)  # fmt: skip
REJECTION = Scene(
    "a rejection", BOB, True, _nothing, lambda world, _: world.press(BOB, "reject"),
    State.REJECTED, False, "is rejected", ALICE,
)  # fmt: skip
OPT_OUT = Scene(
    "an opt-out", BOB, False,
    lambda world: world.form(BOB, "disable"), lambda world, form: world.slack.submit(BOB, form, {}),
    State.APPLIED, True, "is recorded", BOB,
)  # fmt: skip
ASKING = Scene(
    "a request", ALICE, False, lambda world: world.form(ALICE, "enable"), lambda world, form: world.ask(form),
    State.PENDING, False, "is open", None,
)  # fmt: skip
WITHDRAWAL = Scene(
    "a withdrawal", ALICE, True, _nothing, lambda world, _: world.press(ALICE, "withdraw"),
    State.WITHDRAWN, False, "is withdrawn", None, votes=0,
)  # fmt: skip
TAKING_BACK = Scene(
    "a vote taken back", BOB, True, _vote, lambda world, _: world.press(BOB, "take_back"),
    State.PENDING, False, "is taken back", None, votes=2, before=1, settings={"LEGACYTLS_APPROVALS_REQUIRED": "2"},
)  # fmt: skip
LAPSE = Scene(
    "the end of a request's time", ALICE, True, _nothing, lambda world, _: world.clock.advance(25 * 3600),
    State.EXPIRED, False, "Nobody decided in time", ALICE, redelivered=True, votes=0, arm="UPDATE change_requests",
)  # fmt: skip
SCENES = (APPROVAL, REACTION, REJECTION, OPT_OUT, ASKING, WITHDRAWAL, TAKING_BACK, LAPSE)
