"""What can go wrong at Slack, and at which of the bot's calls."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.slack.cast import BOT_USER
from bot.sandbox.slack.faults import ANY, Fault
from tests.journeys.stage import ALICE, BOB, CAROL, CHANGES, PEOPLE, Stage

LASTING = 10_000
"""Calls: until it is mended."""


@dataclass(frozen=True, slots=True)
class Call:
    """One kind of call in the life of a request: its method, and the place that it goes to where that
    matters."""

    name: str
    method: str
    place: str = ""
    voter: str = BOB

    def channel(self, stage: Stage) -> str | None:
        """The id of the place; ``None`` for any."""
        return stage.slack.dm(ALICE) if self.place == "direct" else self.place or None


CARD_POST = Call("card post", "chat.postMessage", CHANGES)
CARD_UPDATE = Call("card update", "chat.update", CHANGES)
DIRECT = Call("direct message", "chat.postMessage", "direct")
FORM = Call("views.open", "views.open")
EPHEMERAL = Call("ephemeral", "chat.postEphemeral")
PERSON = Call("users.info", "users.info")
GROUP = Call("usergroups", "usergroups.users.list", voter=CAROL)
EVERYTHING = Call("every call", ANY)
CALLS = (CARD_POST, CARD_UPDATE, DIRECT, FORM, EPHEMERAL, PERSON, GROUP, EVERYTHING)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One fault: ``begin`` brings it on, ``end`` mends it. ``copies``: a post may have been done although
    nobody answered."""

    name: str
    begin: Callable[[Stage, Call], None]
    calls: tuple[Call, ...] = CALLS
    end: Callable[[Stage], None] = lambda _: None
    lasts: bool = False
    """It passes only when somebody mends it."""
    copies: bool = False
    removes: bool = False
    """Somebody deletes the request's message while it is being drawn again."""


def ordered(fault: str, count: int, seconds: float | None = None) -> Callable[[Stage, Call], None]:
    """The fault, for so many of the calls that go to the call's place."""

    def begin(stage: Stage, call: Call) -> None:
        stage.slack.faults.add(
            Fault(call.method, fault, call.channel(stage), remaining=count, seconds=seconds)
        )

    return begin


def _slow_down_everywhere(stage: Stage, call: Call) -> None:
    stage.slack.fault(call.method, "ratelimited", 2, seconds=2)


def _remove_bot(stage: Stage, _: Call) -> None:
    stage.slack.workspace.rearrange(CHANGES, members=set(PEOPLE))


def _invite_bot(stage: Stage) -> None:
    stage.slack.workspace.rearrange(CHANGES, members={*PEOPLE, BOT_USER})


PLACED = (CARD_POST, CARD_UPDATE, EPHEMERAL)
TROUBLES = (
    Trouble("429 with Retry-After", _slow_down_everywhere),
    Trouble("429 on one channel only", ordered("ratelimited", 3, 1), PLACED),
    Trouble("500", ordered("server_error", 2)),
    Trouble("502", ordered("bad_gateway", 2)),
    Trouble("timeout", ordered("timeout", 1), copies=True),
    Trouble("reset", ordered("reset", 2)),
    Trouble("answer lost", ordered("lost_answer", 1), copies=True),
    Trouble("message deleted", ordered("slow", LASTING, 1.0), (CARD_UPDATE,), removes=True),
    Trouble("bot removed", _remove_bot, PLACED, _invite_bot, lasts=True),
    Trouble("channel archived", ordered("is_archived", LASTING), PLACED, lasts=True),
    Trouble("token revoked", ordered("token_revoked", LASTING), lasts=True),
)
