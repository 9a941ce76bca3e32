"""What every use case needs, gathered once at start: the ledger, the people, the setting, the rule, the clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from handlers.days import local_day
from handlers.milestones import Calendar
from handlers.people import People
from handlers.policy import Rule
from handlers.ports import Clock, Cloud, Setting
from handlers.slots import NINE_TO_FIVE, Hours, lapses_at
from storage.leases import Leases
from storage.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Context:
    """One tenant's surroundings. ``nudge`` wakes the worker after a commit."""

    ledger: Ledger
    leases: Leases
    people: People
    setting: Setting
    rule: Rule
    cloud: Cloud
    calendar: Calendar
    zone: ZoneInfo
    clock: Clock
    nudge: Callable[[], None]
    hours: Hours = NINE_TO_FIVE
    escalate_to: tuple[str, ...] = ()
    """People and user groups who hear of a request that is about to lapse."""
    certificate_expires: Callable[[], datetime | None] = lambda: None
    """When the bot's own certificate expires; ``None`` when it has none. Raises ``Unavailable``, and may take its time."""
    organization: str | None = None
    """The tenant's initial domain, where the operator's settings name it."""
    secret_expires: datetime | None = None
    """When the client secret expires, as far as the operator said so."""

    def now(self) -> datetime:
        """The present, in UTC."""
        return self.clock()

    def lapses_at(self, asked: datetime) -> datetime:
        """When a request asked for at this instant lapses undecided, unless its window would end before."""
        return lapses_at(asked, self.rule.request_ttl, self.zone, self.hours)

    def today(self) -> date:
        """The present day in the configured zone."""
        return local_day(self.clock(), self.zone)
