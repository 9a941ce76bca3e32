"""Change requests, one after the other: asked for, decided, applied, taken away again. People try again, as
people do."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import TypeVar

from bot.sandbox.slack.messages import SlackError
from storage.lifecycle import Kind, State
from storage.records import ChangeRequest
from tests.crashes.world import ALICE, BOB, CAROL, CHANNEL, World
from tests.soak.books import Books

T = TypeVar("T")

SOON = 4.0
"""Seconds that a person waits before doing it again."""
LONGEST = 30
"""Times that a person does it again before it counts as lost."""
UNDER_WAY = frozenset({State.APPROVED, State.APPLYING, State.UNCERTAIN})
GIVEN_UP = 16 * 60.0
"""Seconds after which an uncertain write is settled."""
ENDINGS = ("approve", "approve", "reaction", "reject", "withdraw")


class Changes:
    """Works until told to stop, and then ends what it began."""

    def __init__(self, world: World, chance: random.Random, books: Books) -> None:
        self._world = world
        self._chance = chance
        self._books = books

    def keep_on(self, over: threading.Event) -> None:
        """One change after the other until it is over."""
        while not over.is_set():
            asked = self._asked()
            self._decided(asked.id)
            ended = self._settled(asked.id)
            self._books.count(f"opt-ins that ended {ended}")
            while self._world.tenant.value and not over.is_set():  # one that failed is asked for again
                self._opted_out()

    def _asked(self) -> ChangeRequest:
        def ask() -> None:
            view = self._form(ALICE, "enable")
            if view is not None:
                day = (self._world.clock() + timedelta(days=10)).date().isoformat()
                values = {
                    "reason": "Forty scanners",
                    "clients": "Ricoh MP 301, owner: Facilities",
                    "day": day,
                }
                if self._world.slack.submit(ALICE, view, values) is None:
                    self._books.acknowledged_requests += 1

        return self._insist(ask, self._open_request, "asking")

    def _decided(self, number: int) -> None:
        ending, voter = self._chance.choice(ENDINGS), self._chance.choice((BOB, CAROL))
        person = ALICE if ending == "withdraw" else voter

        def act() -> None:
            with self._world.reader() as reader:
                places = [(card.channel, card.ts) for card in reader.messages.cards(number)]
            for channel, ts in places[:1]:
                if ending == "reaction":
                    with suppress(SlackError):  # it already stands there, so that Slack tells nobody anew
                        self._world.slack.unreact(person, channel, ts, "white_check_mark")
                    self._world.slack.react(person, channel, ts, "white_check_mark")
                else:
                    self._world.slack.press(person, CHANNEL, ts, ending)

        self._insist(act, lambda: self._state(number) is not State.PENDING, f"deciding #{number} by {ending}")

    def _settled(self, number: int) -> State:
        waited = False

        def hurry() -> None:
            """The time that the bot gives Exchange passes at once: it looks ever more rarely, and a fault may
            meet each look."""
            nonlocal waited
            with self._world.reader() as reader:
                request = reader.request(number)
            ahead = (request.retry_at - self._world.clock()).total_seconds() if request.retry_at else 0.0
            if request.state is State.UNCERTAIN and not waited:
                waited = True
                self._world.clock.advance(GIVEN_UP)
            elif request.state in UNDER_WAY and ahead > 0:
                self._world.clock.advance(ahead)

        def over() -> State | None:
            state = self._state(number)
            return None if state in UNDER_WAY else state

        return self._insist(hurry, over, f"applying #{number}")

    def _opted_out(self) -> None:
        before = self._newest(Kind.OPT_OUT)

        def act() -> None:
            view = self._form(BOB, "disable")
            if view is not None:
                self._world.slack.submit(BOB, view, {})

        self._insist(act, lambda: self._newest(Kind.OPT_OUT) > before, "opting out")
        ended = self._settled(self._newest(Kind.OPT_OUT))
        self._books.count(f"opt-outs that ended {ended}")

    # Doing it again

    def _form(self, person: str, subcommand: str) -> str | None:
        """A form that opened, if one did; what was open before is closed."""
        slack = self._world.slack
        for view in reversed(slack.views(person)):
            slack.close_view(person, view["id"])
        slack.command(person, f"/legacytls {subcommand}")
        with suppress(TimeoutError):
            shown: str = slack.workspace.wait_for(
                lambda: next((view["id"] for view in slack.views(person)), None), SOON
            )
            return shown
        return None

    def _insist(self, act: Callable[[], None], done: Callable[[], T | None], what: str) -> T:
        for again in range(LONGEST):
            act()
            with suppress(TimeoutError):
                return self._world.slack.workspace.wait_for(done, SOON)
            self._books.count(f"{what.partition(' #')[0]} took longer than {SOON:.0f} s", int(again == 0))
        raise TimeoutError(f"{what} came to nothing in {LONGEST * SOON:.0f} s: {self._told()}")

    # On record

    def _told(self) -> str:
        """How the newest requests stand, and what was tried, for whoever has to find out why."""
        with self._world.reader() as reader:
            requests = reader.page(limit=2)
            tried = [
                f"{step.step} {step.detail}" for step in reader.attempts([request.id for request in requests])
            ]
        stand = [f"#{r.id} {r.kind} {r.state}, again at {r.retry_at}: {r.detail}" for r in requests]
        return "; ".join([f"it is {self._world.clock()}", *stand, *tried[-12:]])

    def _open_request(self) -> ChangeRequest | None:
        with self._world.reader() as reader:
            return reader.open_request()

    def _state(self, number: int) -> State:
        with self._world.reader() as reader:
            return reader.request(number).state

    def _newest(self, kind: Kind) -> int:
        with self._world.reader() as reader:
            return max((request.id for request in reader.in_states(set(State), kinds=[kind])), default=0)
