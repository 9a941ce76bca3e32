"""What people do in a tenant in a month, and what goes wrong there: drawn from a seed and the alias alone.

No act knows of another tenant, nor how the bot answers: who approves presses the newest card that can be
approved, if there is one.
"""

import random
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

ALICE, BOB, CAROL, DAVE, ERIN, FRANK = "U0ALICE", "U0BOB", "U0CAROL", "U0DAVE", "U0ERIN", "U0FRANK"
BEGIN = datetime(2026, 11, 23, tzinfo=UTC)
"""A Monday."""

WORKDAY, WEEKEND = (time(0, 1), time(9, 5), time(15, 0)), (time(12, 0),)
"""The instants of a day; people act at all but the one after midnight."""


def _instants() -> list[datetime]:
    days = (BEGIN + timedelta(days=ahead) for ahead in range(400))
    return [
        datetime.combine(day, hour, UTC)
        for day in days
        for hour in (WORKDAY if day.weekday() < 5 else WEEKEND)
    ]


INSTANTS = _instants()


HOSTILE = "<!channel> *bold* `code` <https://evil.example|Approve> \u202e& t000 · t001"

FAULTS = (
    "expired",
    "throttle",
    "slow",
    "malformed",
    "hostile",
    "unavailable",
    "is_archived",
    "channel_not_found",
    "ratelimited",
    "slow",
)
"""One for each tenant in trouble: of Entra, of Exchange, of the channel in Slack."""

IN_SLACK = ("is_archived", "channel_not_found", "ratelimited")


@dataclass(frozen=True)
class Act:
    """One thing that somebody does at an instant; what ``name`` means is ``tests.months.people``'s."""

    instant: int
    name: str
    person: str = ""
    given: str = ""
    days: int = 0


@dataclass
class Life:
    """One tenant: its people, its acts in order, and its trouble."""

    alias: str
    tenant_id: str
    channel: str
    approvers: tuple[str, ...]
    required: int
    zone: str
    acts: list[Act] = field(default_factory=list)
    fault: str = ""
    from_instant: int = 0
    to_instant: int = 0

    def trouble(self, instant: int) -> str:
        """What is wrong at this instant; empty if nothing."""
        return self.fault if self.from_instant <= instant < self.to_instant else ""

    def entry(self) -> str:
        """The tenant in the file."""
        who = ", ".join(self.approvers)
        return (
            f"  {self.alias}:\n    tenant_id: {self.tenant_id}\n"
            f"    organization: {self.alias}.onmicrosoft.com\n    channel: {self.channel}\n"
            f"    approvers: [{who}]\n    approvals_required: {self.required}\n    timezone: {self.zone}\n"
        )


def at(instant: int) -> datetime:
    """The moment of an instant."""
    return INSTANTS[instant]


def first_of(day: int) -> int:
    """The first instant of a day, which is the number of those before."""
    return bisect_left(INSTANTS, BEGIN + timedelta(days=day))


def lives(seed: int, tenants: int, days: int, *, faults: int) -> list[Life]:
    """Draw so many lives, of which the first few in every twentieth place are in trouble."""
    made = [_life(seed, number, days) for number in range(tenants)]
    every = max(1, tenants // faults) if faults else 1
    for number, fault in enumerate(FAULTS[:faults]):
        one = made[number * every]
        one.fault = fault
        begins = max(1, days // 6)
        one.from_instant, one.to_instant = first_of(begins) + 1, first_of(begins + max(1, days // 4)) + 1
    return made


def _life(seed: int, number: int, days: int) -> Life:
    dice = random.Random(f"{seed} {number}")
    approvers = dice.choice(((ALICE, BOB), (BOB, CAROL), (ALICE, CAROL, BOB), (CAROL, ALICE)))
    one = Life(
        f"t{number:03}",
        f"{number:08x}-2222-3333-4444-555555555555",
        f"C0T{number:03}",
        approvers,
        2 if dice.random() < 0.2 else 1,
        dice.choice(("UTC", "UTC", "Europe/Berlin", "America/New_York")),
    )
    day = 0
    while day < days:
        dice.choice(EPISODES)(one, dice, day)
        day += dice.randrange(1, 4)
    one.acts = sorted((act for act in one.acts if act.instant < first_of(days)), key=lambda act: act.instant)
    return one


def _when(dice: random.Random, day: int) -> int:
    begins, ends = first_of(day), first_of(day + 1)
    return dice.randrange(begins + 1, ends) if ends - begins > 1 else begins


def _put(one: Life, instant: int, name: str, person: str, given: str = "", *, days: int = 0) -> None:
    one.acts.append(Act(instant, name, person, given, days))


def _asked(one: Life, dice: random.Random, day: int) -> int:
    instant = _when(dice, day)
    person = dice.choice(one.approvers)
    reason = HOSTILE if dice.random() < 0.15 else f"{dice.randrange(2, 60)} scanners in {one.alias}"
    _put(one, instant, "ask", person, reason, days=dice.randrange(1, 9))
    return instant


def _approved(one: Life, dice: random.Random, instant: int) -> None:
    for person in one.approvers:
        _put(one, instant + 1, dice.choice(("approve", "approve", "react")), person)


def _window(one: Life, dice: random.Random, day: int) -> None:
    _approved(one, dice, _asked(one, dice, day))
    if dice.random() < 0.5:
        later = _when(dice, day + 1)
        _put(
            one,
            later,
            "extend",
            dice.choice(one.approvers),
            "The lease was prolonged",
            days=dice.randrange(4, 20),
        )
        _approved(one, dice, later)
    if dice.random() < 0.4:
        _put(one, _when(dice, day + dice.randrange(1, 6)), "opt out", dice.choice(one.approvers))


def _rejected(one: Life, dice: random.Random, day: int) -> None:
    instant = _asked(one, dice, day)
    _put(one, instant + 1, dice.choice(("reject", "react no")), dice.choice(one.approvers))
    _put(one, instant + 2, "reject", dice.choice(one.approvers))


def _left_alone(one: Life, dice: random.Random, day: int) -> None:
    instant = _asked(one, dice, day)
    _put(one, instant + 1, "approve", dice.choice((DAVE, ERIN, FRANK)))


def _withdrawn(one: Life, dice: random.Random, day: int) -> None:
    instant = _asked(one, dice, day)
    for person in one.approvers:
        _put(one, instant + 1, "withdraw", person)


def _outside(one: Life, dice: random.Random, day: int) -> None:
    instant = _when(dice, day)
    _put(one, instant, "outside", "", dice.choice(("on", "off", "unset")))
    if dice.random() < 0.5:
        _put(one, instant + dice.randrange(1, 5), "opt out", dice.choice(one.approvers))


def _devices(one: Life, dice: random.Random, day: int) -> None:
    for _ in range(dice.randrange(1, 4)):
        instant = _when(dice, day)
        name = HOSTILE if dice.random() < 0.15 else f"Scanner {dice.randrange(100)} of {one.alias}"
        owner = dice.choice((ALICE, BOB, CAROL, DAVE))
        _put(one, instant, "add", dice.choice(one.approvers), f"{name}|{owner}", days=dice.randrange(1, 20))
    rest = day + dice.randrange(1, 3)
    for name in dice.sample(("device_accept", "device_replaced", "device_withdraw", "device_refuse"), 2):
        _put(one, _when(dice, rest), name, dice.choice(one.approvers))
    _put(one, _when(dice, rest), "reply", dice.choice((ALICE, BOB, CAROL, DAVE)))


def _looks(one: Life, dice: random.Random, day: int) -> None:
    for _ in range(2):
        word = dice.choice(("status", "history", "devices", "calendar", "devices mine", "help", "whatif"))
        _put(one, _when(dice, day), "look", dice.choice((ALICE, BOB, CAROL, DAVE, ERIN)), word)


EPISODES = (_window, _window, _rejected, _left_alone, _withdrawn, _outside, _devices, _devices, _looks)
