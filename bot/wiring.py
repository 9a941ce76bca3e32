"""The one composition root: settings in, a wired bot out. Nothing here judges, and nothing else wires."""

import os
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from slack_bolt import App

from bot.exchange.client import ExchangeOnline
from bot.exchange.lookups import OptionalLookups
from bot.from_settings import exchange_of, rule_of
from bot.observability.gauges import Gauges
from bot.observability.health import Health
from bot.observability.metrics import Metrics
from bot.probe.run import probe
from bot.settings.milestones import load_calendar
from bot.settings.model import Settings
from bot.stream.sending import lag_of
from bot.transport.bolt_app import Identity, bolt_app
from bot.worker.jobs import evidence_job, jobs_of, probe_job, stream_jobs
from bot.worker.loops import Worker
from bot.worker.plan import loops
from handlers.changes.change_author import Attribution
from handlers.context.context import Context
from handlers.context.people import People
from handlers.context.sharing import SharedDirectory
from handlers.delivery.deliver import Delivery
from handlers.dispatch import Dispatch
from handlers.policy.rule import Home
from handlers.policy.tickets import Tickets
from handlers.policy.working_hours import Hours
from handlers.ports import Clock
from handlers.queries.probe_news import ProbeNews
from handlers.queries.probing import Probing
from handlers.slack.client.announcer import SlackAnnouncer
from handlers.slack.client.answers import Answers
from handlers.slack.client.copies import SlackCopies
from handlers.slack.client.directory import SlackDirectory
from handlers.slack.client.files import fetched
from handlers.slack.client.web_api import SlackWebClient
from handlers.slack.edge import Edge
from handlers.slack.executor import Executor
from handlers.slack.home_pages import HomePages, publishing
from handlers.slack.listeners.register import guarded, register
from handlers.slack.surroundings import surroundings_of
from handlers.slack.views.links import finder
from handlers.slack.workspace_guard import WorkspaceGuard
from storage.engine import Database
from storage.inbox import Inbox
from storage.leases import Leases
from storage.ledger import Ledger
from storage.outbox import Outbox
from storage.record.standing import Standing

CREW = 12
"""Threads that do what was acknowledged; they wait for Slack most of the time."""


@dataclass(frozen=True, slots=True)
class Bot:
    """Everything that runs, for ``bot.process`` to start and stop."""

    dispatch: Dispatch
    edge: Edge
    people: People
    executor: Executor
    worker: Worker
    exchange: ExchangeOnline
    client: SlackWebClient


def context_of(
    settings: Settings,
    ledger: Ledger,
    exchange: ExchangeOnline,
    people: People,
    *,
    clock: Clock,
    nudge: Callable[[], None],
    standing: Standing | None = None,
) -> Context:
    """What every use case needs. The database has to be migrated."""
    return Context(
        ledger=ledger,
        leases=Leases(ledger.database, holder_name()),
        people=people,
        setting=exchange,
        rule=rule_of(settings),
        cloud=exchange.cloud,
        calendar=load_calendar(settings.milestones),
        zone=settings.timezone,
        hours=Hours(*settings.working_hours),
        escalate_to=settings.escalate_to,
        opts_out_when_none_left=settings.when_none_left == "opt-out",
        organization=settings.exchange_organization,
        clock=clock,
        nudge=nudge,
        certificate_expires=exchange.tokens.certificate_expires,
        secret_expires=settings.secret_expires(),
        standing=standing,
        tickets=Tickets(settings.ticket_pattern, settings.ticket_url),
        stream_lag=lag_of(settings.events_url.get_secret_value() if settings.events_url else None, ledger, clock),
    )


def wire(
    settings: Settings,
    database: Database,
    client: SlackWebClient,
    *,
    clock: Clock,
    health: Health,
    metrics: Metrics,
    standing: Standing | None = None,
) -> Bot:
    """Wire all that needs no sign-in to Slack; nothing is started and nothing is sent. ``app_of`` adds what listens."""
    database.watch.tell = health.note_database
    people = People(SharedDirectory(SlackDirectory(client)), None, rule_of(settings))
    nudge = _Nudge(settings.azure_tenant_id or "")
    ledger = Ledger(database, settings.azure_tenant_id or "", unbroken=2 * settings.observe_every)
    exchange = exchange_of(settings, clock, ledger, metrics.called)
    context = context_of(settings, ledger, exchange, people, clock=clock, nudge=nudge, standing=standing)
    outbox = Outbox(database, ledger.tenant_id)
    lookups = OptionalLookups(exchange, client_id=settings.azure_client_id or "")
    inbox = Inbox(database, ledger.tenant_id)
    dispatch = Dispatch(context, inbox, lookups, SlackCopies(client), partial(fetched, client))
    announcer = SlackAnnouncer(client, channel=context.rule.channel, zone=context.zone, find=finder(ledger))
    news = ProbeNews(context)
    probing = Probing(partial(probe, settings.probed()), news.keep)
    delivery, attribution = Delivery(context, outbox, announcer), Attribution(context, lookups)
    jobs = jobs_of(settings, dispatch, delivery, attribution, noted=partial(health.note, "agreement"))
    evidence = evidence_job(settings, context, lookups, announcer.permalink)
    stream, lag = stream_jobs(settings, context, metrics, health)
    probes = probe_job(settings, context, probing, news)
    jobs = replace(jobs, probe=probes, stream=stream, stream_lag=lag, evidence=evidence)
    gauges = Gauges(context, outbox, metrics=metrics, health=health)
    worker = Worker(loops(settings, database, [jobs], clock, measured=gauges.refresh))
    nudge.worker = worker
    edge = _edge_of(dispatch, client, probing)
    return Bot(dispatch, edge, people, edge.executor, worker, exchange, client)


def _edge_of(dispatch: Dispatch, client: SlackWebClient, probing: Probing) -> Edge:
    """Make what Slack's listeners are given."""
    executor, around = Executor(guarded, threads=CREW), surroundings_of(dispatch.context)
    return Edge(
        dispatch=dispatch,
        executor=executor,
        client=client,
        around=around,
        answers=Answers(client.base_url, tls=client.ssl, proxy=client.proxy, connections=CREW),
        homes=HomePages(publishing(dispatch, client, around.zone), executor.follow),
        probing=probing,
    )


def app_of(bot: Bot, identity: Identity) -> App:
    """Make what listens, for the installation Slack names; from now on members are known."""
    home = Home(team_id=identity.team_id, enterprise_id=identity.enterprise_id)
    bot.people.at(home)
    app = bolt_app(bot.client, identity)
    app.use(WorkspaceGuard(home))
    register(app, replace(bot.edge, bot_user=identity.user_id))
    return app


def holder_name() -> str:
    """Name this process for leases: host, process id and a random part against recycled numbers."""
    return f"{socket.gethostname()[:24]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


class _Nudge:
    """Wakes the worker for one tenant; the use cases are wired before there is one."""

    def __init__(self, tenant_id: str) -> None:
        self.worker: Worker | None = None
        self._tenant_id = tenant_id

    def __call__(self) -> None:
        if self.worker is not None:
            self.worker.wake(self._tenant_id)
