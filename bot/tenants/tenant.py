"""Wire one tenant of a running bot: its ledger, people, rule, Exchange client, messages and jobs.

What tenants share is handed in, and knows none of them. Nothing is started and nothing is sent by wiring.
"""

import os
import socket
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.exchange.auth.shared_connections import Together
from bot.exchange.client import MANY, ExchangeOnline
from bot.exchange.optional_lookups import OptionalLookups
from bot.from_settings import exchange_of, rule_of
from bot.observability.health import Health
from bot.observability.metrics import Metrics
from bot.settings.model import Settings
from bot.settings.state_dir import standing_of
from bot.settings.tenants import TenantSettings
from bot.stream.sending import lag_of
from bot.worker.jobs import REMIND_EVERY, TenantJobs, evidence_job, jobs_of, probe_job, stream_jobs
from bot.worker.loops import Worker
from handlers.calendar.calendar import Calendar
from handlers.changes.change_author import Attribution
from handlers.context.context import Context
from handlers.context.look_ups import GroupLists
from handlers.context.people import People
from handlers.delivery.deliver import Delivery
from handlers.dispatch import Dispatch
from handlers.policy.rule import Home
from handlers.policy.tickets import Tickets
from handlers.policy.working_hours import Hours
from handlers.ports import Clock, Directory, TimeStamps
from handlers.probe_ports import ProbeRow, ProbeTarget
from handlers.queries.probe import ProbeNews, Probing
from handlers.queries.status import StatusReports
from handlers.queries.status_readers import StatusReaders
from handlers.slack.client.announcer import SlackAnnouncer
from handlers.slack.client.copies import SlackCopies
from handlers.slack.client.response_urls import Answers
from handlers.slack.client.web_api import SlackWebClient, fetched
from handlers.slack.edge import Edge
from handlers.slack.edge_tenant import edge_tenant_of
from handlers.slack.executor import Executor, guarded
from handlers.slack.home_pages import HomePages, publishing
from handlers.slack.views.signed import Signature
from storage.engine import Database
from storage.inbox import Inbox
from storage.jobs.leases import Leases
from storage.ledger import Ledger
from storage.messages.outbox import Outbox
from storage.record.database_trust import Standing
from storage.record.key_adoption import Adopted, adopt

if TYPE_CHECKING:
    from bot.stream.event_receiver import Receiver

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Shared:
    """What all tenants of one process share. ``wake`` has the worker look at what is due for a tenant."""

    database: Database
    client: SlackWebClient
    directory: Directory
    groups: GroupLists
    executor: Executor
    answers: Answers
    readers: StatusReaders
    clock: Clock
    health: Health
    metrics: Metrics
    wake: Callable[[str], None]
    calendar: Calendar
    together: Together | None = None
    """What the clients of several tenants share; ``None`` where there is one."""
    receiver: "Receiver | None" = None
    """Who is sent every tenant's events; ``None``: nobody."""
    stamps: TimeStamps | None = None
    """Who dates every tenant's record; likewise."""
    remind_every: timedelta = REMIND_EVERY
    """How often it is asked of each tenant whether a reminder is due."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant, wired."""

    named: TenantSettings
    dispatch: Dispatch
    edge: Edge
    people: People
    exchange: ExchangeOnline
    jobs: TenantJobs

    @property
    def tenant_id(self) -> str:
        """Under which the record is kept."""
        return self.named.tenant_id


class Waker:
    """Wakes the worker for a tenant; the tenants are wired before there is one."""

    def __init__(self) -> None:
        self.worker: Worker | None = None

    def __call__(self, tenant_id: str) -> None:
        """Have the worker look at what is due for this tenant."""
        if self.worker is not None:
            self.worker.wake(tenant_id)


class Tenants:
    """The tenants that are served; replaced as a whole while others look."""

    def __init__(self, tenants: Iterable[Tenant]) -> None:
        self._found = tuple(tenants)

    def __iter__(self) -> Iterator[Tenant]:
        return iter(self._found)

    def contexts(self) -> dict[str, Context]:
        """Return the context of each, by its alias."""
        return {one.named.alias: one.dispatch.context for one in self}

    def replace(self, tenants: Iterable[Tenant]) -> None:
        """Serve these from now on."""
        self._found = tuple(tenants)


def context_of(
    settings: Settings,
    ledger: Ledger,
    exchange: ExchangeOnline,
    people: People,
    *,
    clock: Clock,
    calendar: Calendar,
    wake_worker: Callable[[], None],
    standing: Standing | None = None,
) -> Context:
    """Return what every use case needs. The database has to be migrated."""
    return Context(
        ledger=ledger,
        leases=Leases(ledger.database, holder_name()),
        people=people,
        setting=exchange,
        rule=rule_of(settings),
        cloud=exchange.cloud,
        calendar=calendar,
        zone=settings.timezone,
        hours=Hours(*settings.working_hours),
        escalate_to=settings.escalate_to,
        opts_out_when_none_left=settings.when_none_left == "opt-out",
        organization=settings.exchange_organization,
        clock=clock,
        wake_worker=wake_worker,
        certificate_expires=exchange.tokens.certificate_expires,
        secret_expires=settings.secret_expires(),
        standing=standing,
        tickets=Tickets(settings.ticket_pattern, settings.ticket_url),
        stream_lag=lag_of(
            settings.events_url.get_secret_value() if settings.events_url else None, ledger, clock
        ),
    )


def served(
    named: TenantSettings, shared: Shared, home: Home | None = None, homes: HomePages | None = None
) -> Tenant:
    """Take a tenant's record over with a new key where nobody has to be asked, then wire the tenant."""
    database = shared.database
    standing = standing_of(named.settings, database)
    adopted = adopt(database, named.tenant_id, shared.clock(), seen_authenticated=standing.seen_authenticated)
    if adopted in (Adopted.NOW, Adopted.REFUSED):
        key = database.authenticity.keys.newest
        log.warning("record.key", outcome=adopted.name.lower(), key=key, why=adopted.value)
    return _wired(named, shared, standing, home, homes)


def _wired(
    named: TenantSettings, shared: Shared, standing: Standing, home: Home | None, homes: HomePages | None
) -> Tenant:
    """Wire one tenant; without an alias it is the only one.

    ``home`` is the workspace, where Slack has told it; ``homes`` publishes pages of several tenants,
    ``None``: of this one.
    """
    settings, tenant_id, database = named.settings, named.tenant_id, shared.database
    signature = Signature(named.alias, tenant_id, named.warning) if named.alias else None
    people = People(shared.directory, home, rule_of(settings), groups=shared.groups)
    ledger = Ledger(database, tenant_id, unbroken=2 * settings.observe_every)
    exchange = _exchange(named, shared, ledger)
    context = context_of(
        settings,
        ledger,
        exchange,
        people,
        clock=shared.clock,
        calendar=shared.calendar,
        wake_worker=partial(shared.wake, tenant_id),
        standing=standing,
    )
    lookups = OptionalLookups(exchange, client_id=settings.azure_client_id or "")
    copies, fetch = SlackCopies(shared.client), partial(fetched, shared.client)
    begun = partial(_begun, shared.readers)
    dispatch = Dispatch(context, Inbox(database, tenant_id), lookups, copies, fetch, begun=begun)
    around = edge_tenant_of(context)
    announcer = SlackAnnouncer(
        shared.client, channel=around.rule.channel, zone=around.zone, find=around.find, by=signature
    )
    news = ProbeNews(context)
    probing = Probing(partial(_probed, settings.probed()), news.keep)
    jobs = _jobs(named, shared, dispatch, announcer, lookups)
    jobs = replace(jobs, probe=probe_job(settings, context, probing, news))
    own = homes or HomePages(publishing(dispatch, shared.client, around.zone), shared.executor.follow)
    made = partial(Edge, dispatch, shared.executor, shared.client, around, answers=shared.answers)
    edge = made(homes=own, probing=probing, signature=signature)
    return Tenant(named, dispatch, edge, people, exchange, jobs)


def _exchange(named: TenantSettings, shared: Shared, ledger: Ledger) -> ExchangeOnline:
    """Make the conversation with a tenant's Exchange: of several, one reading at a time."""
    at_once, together = 1 if named.alias else MANY, shared.together
    called = shared.metrics.called
    return exchange_of(named.settings, shared.clock, ledger, called, reads_at_once=at_once, together=together)


def _begun(readers: StatusReaders, reports: StatusReports) -> StatusReports:
    """Have a tenant's reports of the live value served by the threads that all tenants share."""
    reports.start(guarded, readers=readers)
    return reports


def _probed(targets: Iterable[ProbeTarget]) -> list[ProbeRow]:
    from bot.probe.run import probe  # noqa: PLC0415 - only who probes waits for it

    return probe(targets)


def _jobs(
    named: TenantSettings,
    shared: Shared,
    dispatch: Dispatch,
    announcer: SlackAnnouncer,
    lookups: OptionalLookups,
) -> TenantJobs:
    """Make the tenant's jobs, without probing."""
    settings, context = named.settings, dispatch.context
    outbox = Outbox(shared.database, named.tenant_id)
    delivery, attribution = Delivery(context, outbox, announcer), Attribution(context, lookups)
    noted = partial(shared.health.note, tenant=named.alias)
    streaming = partial(shared.metrics.streaming, tenant=named.alias)
    jobs = jobs_of(
        settings,
        dispatch,
        delivery,
        attribution,
        noted=partial(noted, "agreement"),
        reminded=shared.remind_every,
    )
    stream, lag = stream_jobs(settings, context, shared.receiver, streaming, partial(noted, "stream"))
    evidence = evidence_job(settings, context, lookups, announcer.permalink, shared.stamps)
    return replace(jobs, stream=stream, stream_lag=lag, evidence=evidence)


def holder_name() -> str:
    """Name this process for leases: host, process id and a random part against recycled numbers."""
    return f"{socket.gethostname()[:24]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
