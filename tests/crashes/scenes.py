"""What people do while the bot dies, and how each such scene may end: the only endings that are true."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from storage.lifecycle import State
from tests.crashes.beginnings import TWO_APPROVALS, Begin
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
    """One act. ``prepare`` returns what the act needs."""

    name: str
    begin: Begin
    actor: str
    """Who acts and is answered; ``CHANNEL``: nobody acts, and everybody is told."""
    act: Callable[[World, Any], object]
    end: State
    answer: str
    """Words of the answer to the actor."""
    writes: bool = False
    """Whether it leads to a write."""
    teller: str | None = None
    """Whoever gets the result by direct message."""
    prepare: Callable[[World], Any] = lambda _: None
    certain: bool = False
    """Whether the act cannot be lost: Slack sends it again until it is acknowledged, or time or the settings
    act."""
    persists: bool = False
    """Whether what failed is tried again half an hour later."""
    votes: int = 1
    """Votes on record once the act was done."""
    before: int = 0
    """Votes on record before it."""
    arm: str = "INSERT INTO inbox"
    """How the first statement of the act begins: the moments are counted from there; ``start``: from the
    start of the bot."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What the bot is told beyond the usual."""

    @property
    def births(self) -> bool:
        """Whether the act opens a request."""
        return not self.begin.waits

    def ending(self, stand: Stand) -> State | None:
        """The one true state of the newest request; ``None`` when there must be none."""
        if not stand.kept:
            return State.PENDING if self.begin.waits else None
        if not self.writes or not stand.sending or stand.effective or self.persists:
            return self.end
        return State.FAILED


def _react(world: World, _: object) -> object:
    return world.slack.react(BOB, CHANNEL, world.cards()[-1]["ts"], "white_check_mark")


def _press(person: str, button: str) -> Act:
    return lambda world, _: world.press(person, button)


def _later(**span: float) -> Act:
    return lambda world, _: world.clock.advance(timedelta(**span).total_seconds())


APPROVAL = Scene(
    "an approval by button", Begin.ASKED, BOB, _press(BOB, "approve"),
    State.APPLIED, "is counted", writes=True, teller=ALICE,
)  # fmt: skip
REACTION = Scene(
    "an approval by reaction", Begin.ASKED, BOB, _react,
    State.APPLIED, "is counted", writes=True, teller=ALICE, certain=True,
)  # fmt: skip
REJECTION = Scene(
    "a rejection", Begin.ASKED, BOB, _press(BOB, "reject"),
    State.REJECTED, "is rejected", teller=ALICE,
)  # fmt: skip
OPT_OUT = Scene(
    "an opt-out", Begin.NOTHING, BOB, lambda world, form: world.slack.submit(BOB, form, {}),
    State.APPLIED, "is recorded", writes=True, teller=BOB, prepare=lambda world: world.form(BOB, "disable"),
    votes=0,
)  # fmt: skip
ASKING = Scene(
    "a request", Begin.NOTHING, ALICE, lambda world, form: world.ask(form),
    State.PENDING, "is open", prepare=lambda world: world.form(ALICE, "enable"), votes=0,
)  # fmt: skip
WITHDRAWAL = Scene(
    "a withdrawal", Begin.ASKED, ALICE, _press(ALICE, "withdraw"),
    State.WITHDRAWN, "is withdrawn", votes=0,
)  # fmt: skip
TAKING_BACK = Scene(
    "a vote taken back", Begin.VOTED, BOB, _press(BOB, "take_back"),
    State.PENDING, "is taken back", votes=2, before=1, settings=TWO_APPROVALS,
)  # fmt: skip
LAPSE = Scene(
    "the end of a request's time", Begin.ASKED, ALICE, _later(days=4),
    State.EXPIRED, "Nobody decided in time", teller=ALICE, certain=True, votes=0,
    arm="UPDATE change_requests",
)  # fmt: skip
EXTENSION = Scene(
    "an extension", Begin.EXTENDING, BOB, _press(BOB, "approve"),
    State.APPLIED, "is counted", teller=ALICE, votes=2, before=1,
)  # fmt: skip
RULE_CHANGE = Scene(
    "a lowered rule", Begin.VOTED, CHANNEL, lambda *_: None,
    State.PENDING, "The rule of this bot was changed", certain=True, votes=2, before=1, arm="start",
)  # fmt: skip
WINDOW_END = Scene(
    "the end of a window", Begin.OPTED_IN, CHANNEL, _later(days=11),
    State.APPLIED, "read back as *opted out*", writes=True, certain=True, persists=True, before=1,
    arm="INSERT INTO change_requests",
)  # fmt: skip
SCENES = (
    APPROVAL, REACTION, REJECTION, OPT_OUT, ASKING, WITHDRAWAL, TAKING_BACK, LAPSE, EXTENSION, RULE_CHANGE,
    WINDOW_END,
)  # fmt: skip
