"""A machine that does to the bot whatever people, clocks, Slack and Exchange may do, in any order, and asks
the oracle each time.

``Machine`` needs ``fresh``: a new database with the current schema, on either system, for each life.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import event, select

from handlers.policy.rule import Rule
from handlers.ports import Unavailable
from storage.engine import Database
from storage.lifecycle import OPEN
from storage.records import ChangeRequest, Door, SettingValue
from storage.schema.tables import notices
from tests.handlers.conftest import without_syncing
from tests.handlers.driver import ALICE, BOB, CAROL, DAVE, ERIN, FRANK, MAIL, NOWHERE, RULE, TWO, House
from tests.handlers.fakes import (
    ACCEPTED_LATE,
    BUSY,
    CHANNEL,
    LATE,
    LOST,
    LOST_BUT_TAKEN,
    REFUSED,
    TAKEN,
    UNREADABLE,
    Answering,
    Write,
    member,
)
from tests.handlers.oracle import WISHES, Oracle

RULES = [RULE, TWO, replace(RULE, approvers=(CAROL, MAIL)), replace(TWO, max_window=timedelta(days=60))]
"""The first and the third need one approval, the others two."""
DOORS = [Door.BUTTON, Door.REACTION]
FATES = [TAKEN, REFUSED, BUSY, LOST, LOST_BUT_TAKEN, LATE, ACCEPTED_LATE]
TWIN = "S0TWIN"
"""A user group with the name of ``MAIL`` and other members."""


BEFORE = ["those who may not decide try", "Bob approves by both doors", "it is killed with a vote in hand"]
"""What is most telling before enough people have approved."""

BETWEEN = [
    "the wish lapses",
    "Bob is deactivated",
    "Carol becomes a guest",
    "Carol opts out",
    "Carol opts out while it is sent",
    "the rule changes",
    "somebody opts out outside",
    "it is killed while sending",
    "Exchange cannot be read",
]
"""What is most telling between the approval and the write."""


class Killed(BaseException):
    """The process ends here."""


EVENTS: dict[str, Callable[["Machine"], object]] = {
    "those who may not decide try": lambda life: life.those_who_may_not_decide_try(),
    "Bob approves by both doors": lambda life: [life.touch("approve", BOB, door) for door in DOORS],
    "Carol and Dave approve": lambda life: [
        life.touch("approve", person, Door.BUTTON) for person in (CAROL, DAVE)
    ],
    "Bob takes his button's vote back": lambda life: life.touch("take_back", BOB, Door.BUTTON),
    "Carol removes her reaction": lambda life: life.touch("take_back", CAROL, Door.REACTION),
    "Carol rejects": lambda life: life.touch("reject", CAROL, Door.REACTION),
    "Alice withdraws": lambda life: life.touch("withdraw", ALICE, Door.BUTTON),
    "some time passes": lambda life: life.house.clock.advance(minutes=6),
    "a quarter of an hour passes": lambda life: life.house.clock.advance(minutes=15),
    "the clock is set back": lambda life: life.house.clock.advance(minutes=-10),
    "the worker looks": lambda life: life.work(1),
    "Bob asks": lambda life: life.submit("opt_in", BOB, days=20),
    "Alice asks for longer": lambda life: life.submit("extension", ALICE, days=50),
    "Carol opts out": lambda life: life.submit("opt_out", CAROL),
    "Carol opts out while it is sent": lambda life: life.be_opted_out_while_sending(),
    "Erin tries to opt out": lambda life: life.submit("opt_out", ERIN),
    "Slack tells everything again": lambda life: life.again(),
    "Bob is deactivated": lambda life: life.house.workspace.change(BOB, deleted=True),
    "Carol becomes a guest": lambda life: life.house.workspace.change(CAROL, is_guest=True),
    "Bob and Carol are back": lambda life: life.house.workspace.people.update(
        {BOB: member(BOB), CAROL: member(CAROL)}
    ),
    "Dave leaves the group": lambda life: life.house.workspace.groups.update({MAIL: []}),
    "Dave is in the group": lambda life: life.house.workspace.groups.update({MAIL: [DAVE]}),
    "the group is silent": lambda life: life.house.workspace.silent.add(MAIL),
    "Bob cannot be looked up": lambda life: life.house.workspace.silent.add(BOB),
    "Slack answers again": lambda life: life.house.workspace.silent.clear(),
    "Exchange cannot be read": lambda life: setattr(life.house.tenant, "unreadable", UNREADABLE),
    "Exchange can be read": lambda life: setattr(life.house.tenant, "unreadable", None),
    "what was sent takes effect": lambda life: life.house.tenant.land(),
    "somebody opts in outside": lambda life: setattr(life.house.tenant, "value", SettingValue.OPTED_IN),
    "somebody opts out outside": lambda life: setattr(life.house.tenant, "value", SettingValue.OPTED_OUT),
    "a domain controller lags behind": lambda life: setattr(life.house.tenant, "lagging", 2),
    "the value is looked at": lambda life: life.house.observe(),
    "a message cannot be posted": lambda life: life.house.board.fail(
        "draw", Unavailable("Slack could not be reached.")
    ),
    "the wish lapses": lambda life: life.last_instant(),
    "the window ends": lambda life: life.end_of_window(),
    "it is restarted": lambda life: life.restart(),
    "the rule changes": lambda life: life.restart(
        RULES[(RULES.index(life.house.context.rule) + 2) % len(RULES)]
    ),
    "the rule changes more": lambda life: life.restart(
        RULES[(RULES.index(life.house.context.rule) + 1) % len(RULES)]
    ),
    "it is killed while sending": lambda life: life.be_killed_while_sending(lands=False),
    "it is killed as it was sent": lambda life: life.be_killed_while_sending(lands=True),
    "it is killed with a vote in hand": lambda life: life.be_killed_after_keeping_a_vote(),
}
"""What may happen at any time."""

BEGINNINGS: dict[str, st.SearchStrategy[Any]] = {
    "chosen": st.sampled_from(RULES[:2]),
    "value": st.sampled_from([SettingValue.NOT_SET, SettingValue.OPTED_OUT]),
    "already": st.sampled_from([0, 1, 2, 3]),
}
SCENES: dict[str, st.SearchStrategy[Any]] = {
    "fresh": st.sampled_from([True, True, False]),
    "lagging": st.sampled_from([0, 1, 2]),
    "before": st.sampled_from(["", "", *BEFORE]),
    "approvers": st.sampled_from([(BOB, CAROL), (DAVE, CAROL, BOB), (CAROL, BOB), (BOB, BOB), ()]),
    "door": st.sampled_from(DOORS),
    "between": st.sampled_from(["", *BETWEEN]),
    "outcomes": st.lists(st.sampled_from(FATES), max_size=2),
    "later": st.lists(st.sampled_from(sorted(EVENTS)), max_size=3),
}
"""How a life may begin, and of what its scenes are made."""


class Machine(RuleBasedStateMachine):
    """One life of one bot."""

    fresh: ClassVar[Callable[[], AbstractContextManager[str]]]
    lived: ClassVar[Counter[str]] = Counter()
    """How many lives began, and how many scenes were played in them."""

    def enter(self, chosen: Rule, value: SettingValue, already: int) -> None:
        """A new bot; ``already``: an opt-in was asked for (1), approved (2), applied (3)."""
        self.lived["lives of a bot"] += 1
        self.room = ExitStack()
        self.database = Database(self.room.enter_context(type(self).fresh()))
        if self.database.is_sqlite:
            for engine in (self.database.engine, self.database._quick):
                event.listen(engine, "connect", without_syncing)
        self.house = House(self.database, rule=chosen)
        self.house.tenant.value = value
        self.house.workspace.people[FRANK] = member(FRANK, team_id="T0FABRIKAM", is_stranger=True)
        self.house.workspace.groups[TWIN] = [ERIN]
        self.house.workspace.group_names |= {MAIL: "Mail owners", TWIN: "Mail owners"}
        self.oracle = Oracle(self.house)
        self.acts: list[Callable[[], object]] = []
        self.numbers = itertools.count(1)
        if already:
            self.submit("opt_in", ALICE, days=20)
        for person in (BOB, CAROL) if already > 1 else ():
            self.touch("approve", person, Door.REACTION)
        if already > 2:
            self.work(1)

    begin = initialize(**BEGINNINGS)(enter)

    def play(
        self,
        *,
        fresh: bool,
        lagging: int,
        before: str,
        approvers: tuple[str, ...],
        door: Door,
        between: str,
        outcomes: list[Answering],
        later: list[str],
    ) -> None:
        """A request is asked for and approved; something happens before, in between and later; and the worker
        looks."""
        self.lived["scenes in those lives"] += 1
        if fresh:
            self._come_to_rest(lagging)
        self.submit("opt_in", ALICE, days=20)
        self.happen(before)
        for person in approvers:
            self.touch("approve", person, door)
        self.house.tenant.outcomes.extend(outcomes)
        for name in (between, *later):
            self.happen(name)
        self.work(1)

    scene = rule(**SCENES)(play)

    def happen(self, name: str) -> None:
        """One of the events."""
        if name:
            EVENTS[name](self)
            self.oracle.judge_everything()

    def work(self, times: int) -> None:
        """Every lane looks, a few times."""
        for _ in range(times):
            self.house.work()
            self.house.clock.advance(seconds=2)

    def those_who_may_not_decide_try(self) -> None:
        """A member without a role, a stranger and the requester, by both doors."""
        asked = self.newest_request()
        for person, door in zip(
            (ERIN, FRANK, asked.requester_id if asked else None), (*DOORS, Door.BUTTON), strict=True
        ):
            if person:
                self.touch("approve", person, door)

    def touch(self, name: str, person: str, door: Door) -> None:
        """Press a button of the newest request, or react to it; nothing when there is no request."""
        asked, number = self.newest_request(), next(self.numbers)
        if asked is None:
            return
        at, event_id = self.house.clock.at + timedelta(microseconds=number), f"Ev{number}"
        emoji, removed = "x" if name == "reject" else "white_check_mark", name == "take_back"
        ts = self.house.card_ts(asked.id)
        if door is Door.BUTTON or ts == NOWHERE:
            self._do(lambda: self.house.press(name, person, asked.id, at=at, ts=ts))
        else:
            self._do(
                lambda: self.house.react(
                    person, asked.id, emoji, removed=removed, at=at, event_id=event_id, ts=ts
                )
            )

    def submit(self, callback: str, person: str, *, days: int = 0) -> None:
        """Submit a form."""
        filled: dict[str, object] = {"reason": ""}
        if days:
            day = self.house.clock.at.date() + timedelta(days=days)
            filled = {"reason": "Old", "clients": "One", "protocols": ["pop3"], "day": day}
        view_id = f"V{next(self.numbers)}"
        self._do(lambda: self.house.submit(callback, person, CHANNEL, view_id=view_id, **filled))

    def again(self) -> None:
        """Slack delivers the last few acts once more."""
        for act in self.acts[-3:]:
            act()

    def last_instant(self) -> None:
        """It is exactly the instant at which the open request expires, and Exchange's lane is the first to
        look."""
        asked = self.newest_request()
        if asked is not None and asked.expires_at is not None and asked.state in OPEN:
            self.house.clock.at = max(self.house.clock.at, asked.expires_at)
            self.house.run()

    def end_of_window(self) -> None:
        """It is exactly the instant at which the window ends."""
        baseline = self.house.baseline()
        if baseline is not None and baseline.window_end is not None:
            self.house.clock.at = max(self.house.clock.at, baseline.window_end)

    def restart(self, chosen: Rule | None = None) -> None:
        """The process ends and another one begins, perhaps under another rule."""
        self.house.start(chosen or self.house.context.rule)
        self.house.free_leftovers()

    def be_killed_while_sending(self, *, lands: bool) -> None:
        """The process ends while Exchange is called, which may take effect or not."""

        def die(write: Write) -> None:
            self.oracle.judge_write(write)
            if lands:
                self.house.tenant.take(write)
            raise Killed

        self.house.tenant.during_write = die
        try:
            self.house.run()
        except Killed:
            self.restart()
        finally:
            self.house.tenant.during_write = self.oracle.judge_write

    def be_opted_out_while_sending(self) -> None:
        """Somebody opts out while Exchange is called, which does not process what was sent."""

        def opt_out(write: Write) -> None:
            self.house.tenant.during_write = self.oracle.judge_write
            self.oracle.judge_write(write)
            self.submit("opt_out", CAROL)

        self.house.tenant.outcomes.insert(0, BUSY)
        self.house.tenant.during_write = opt_out
        self.house.run()
        self.house.tenant.during_write = self.oracle.judge_write

    def be_killed_after_keeping_a_vote(self) -> None:
        """The process ends between the acknowledgement of a vote and its counting."""
        self.house.hands.dying = True
        self.touch("approve", CAROL, Door.REACTION)
        self.house.hands.dying = False
        self.restart()
        self.house.dispatch.take_up_leftovers()

    # What must hold

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "oracle"):
            self.oracle.judge_everything()

    def teardown(self) -> None:
        """Once everything answers again, all comes to an end, and everything owed is sent."""
        if not hasattr(self, "oracle"):
            return
        try:
            self._heal()
            for _ in range(4):
                self.house.clock.advance(hours=13)
                self.house.observe()
                self.house.work()
            self.oracle.judge_everything()
            self.oracle.judge_record()
            self.oracle.judge_shown()
            assert [request for request in self.house.requests() if request.state in OPEN] == []
            with self.database.read() as connection:
                assert (
                    connection.execute(select(notices.c.key).where(notices.c.delivered_at.is_(None))).all()
                    == []
                )
        finally:
            self.database.close()
            self.room.close()

    def _come_to_rest(self, lagging: int) -> None:
        """Everybody is back, everything answers, some of it from before, the tenant is opted out, and no
        request is open."""
        self._heal()
        self.house.tenant.lagging = lagging
        self.house.workspace.people.update({person: member(person) for person in (BOB, CAROL, DAVE)})
        self.house.workspace.groups[MAIL] = [DAVE]
        self.house.clock.advance(minutes=15)
        self.submit("opt_out", CAROL)
        self.work(1)

    def _heal(self) -> None:
        self.house.tenant.unreadable = None
        self.house.tenant.outcomes.clear()
        self.house.tenant.land()
        self.house.tenant.lagging = 0
        self.house.workspace.silent.clear()
        self.house.free_leftovers()

    def _do(self, act: Callable[[], object]) -> None:
        """Do something that Slack may tell again later, exactly as it was."""
        act()
        self.oracle.judge_everything()
        self.acts.append(act)

    def newest_request(self) -> ChangeRequest | None:
        requests_ = [request for request in self.house.requests() if request.kind in WISHES]
        return requests_[-1] if requests_ else None


def aimed(machine: type[Machine], aim: Mapping[str, object]) -> type[Machine]:
    """The same machine with a part of each beginning and scene held still: what it does is among what the
    other may do."""
    assert aim.keys() <= BEGINNINGS.keys() | SCENES.keys()
    begin, scene = (
        {name: st.just(aim[name]) if name in aim else drawn for name, drawn in parts.items()}
        for parts in (BEGINNINGS, SCENES)
    )
    return type(
        "Aimed",
        (machine,),
        {"begin": initialize(**begin)(machine.enter), "scene": rule(**scene)(machine.play)},
    )
