"""Tell Slack's edge of the tenant what parsing, judging forms and drawing need, and no more."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from handlers.calendar.calendar import Calendar
from handlers.context.context import Context
from handlers.policy.days import local_day
from handlers.policy.rule import Rule
from handlers.policy.tickets import Tickets
from handlers.ports import Clock, Cloud
from handlers.slack.views.links import Find, finder


@dataclass(frozen=True, slots=True)
class EdgeTenant:
    """One tenant as the edge knows it. ``find`` looks permalinks of requests up by number."""

    rule: Rule
    cloud: Cloud
    calendar: Calendar
    tickets: Tickets
    zone: ZoneInfo
    clock: Clock
    find: Find

    def now(self) -> datetime:
        """Return the present, in UTC."""
        return self.clock()

    def today(self) -> date:
        """Return the present day in the configured zone."""
        return local_day(self.clock(), self.zone)


def edge_tenant_of(context: Context) -> EdgeTenant:
    """Take from the context what the edge is told."""
    find = finder(context.ledger)
    tickets, zone, clock = context.tickets, context.zone, context.clock
    return EdgeTenant(context.rule, context.cloud, context.calendar, tickets, zone, clock, find)
