"""Gather at start what every use case needs: the ledger, people, the setting, the rule, the clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from handlers.calendar.calendar import Calendar
from handlers.context.people import People
from handlers.policy.days import local_day
from handlers.policy.rule import Rule
from handlers.policy.tickets import NO_TICKETS, Tickets
from handlers.policy.working_hours import NINE_TO_FIVE, Hours, expiry_of
from handlers.ports import Clock, Cloud, Setting
from storage.jobs.leases import Leases
from storage.ledger import Ledger
from storage.ledger_reader import Reader
from storage.record.database_trust import Standing, Untrusted
from storage.streams import Backlog

UNKEPT = "The newest head of the record could not be kept (LEGACYTLS_STATE_DIR), so nothing was sent."
"""Why a change is not sent: put back later, a backup of this moment would have it made once more."""


@dataclass(frozen=True, slots=True)
class Context:
    """One tenant's surroundings. ``wake_worker`` wakes the worker after a commit."""

    ledger: Ledger
    leases: Leases
    people: People
    setting: Setting
    rule: Rule
    cloud: Cloud
    calendar: Calendar
    zone: ZoneInfo
    clock: Clock
    wake_worker: Callable[[], None]
    hours: Hours = NINE_TO_FIVE
    opts_out_when_none_left: bool = False
    """Whether the bot opts out by itself once no active device is left; else people are asked."""
    escalate_to: tuple[str, ...] = ()
    """People and user groups who hear of a request that is about to expire."""
    certificate_expires: Callable[[], datetime | None] = lambda: None
    """When the bot's own certificate expires; ``None`` when it has none. Raises ``Unavailable``, and may take
    its time."""
    organization: str | None = None
    """The tenant's initial domain, where the operator's settings name it."""
    secret_expires: datetime | None = None
    """When the client secret expires, as far as the operator said so."""

    tickets: Tickets = NO_TICKETS
    stream_lag: Callable[[], Backlog | None] = lambda: None
    """How far the receiver of the stream is behind; ``None`` where it does not lag, or there is none.

    Raises ``Unreachable``."""

    standing: Standing | None = None
    """Whether the database is the one that this process knows; ``None`` where nobody asks."""

    def untrusted(self, reader: Reader) -> Untrusted | None:
        """Say why nothing may be opted in or extended on this database; ``None``: nothing is in the way."""
        return self.standing.look(reader.connection) if self.standing is not None else None

    def keeps_head(self) -> bool:
        """Keep the record's newest head; ``False`` where a backup put back later could repeat a change."""
        return self.standing is None or self.standing.keep()

    def now(self) -> datetime:
        """Return the present, in UTC."""
        return self.clock()

    def expiry_of(self, asked: datetime) -> datetime:
        """Return when a request asked for then expires undecided, unless its window would end before."""
        return expiry_of(asked, self.rule.request_ttl, self.zone, self.hours)

    def today(self) -> date:
        """Return the present day in the configured zone."""
        return local_day(self.clock(), self.zone)
