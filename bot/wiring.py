"""The one composition root: settings in, a wired bot out. Nothing here judges, and nothing else wires."""

import time
from dataclasses import dataclass, replace

from slack_bolt import App

from bot.exchange.auth.shared_connections import Together
from bot.from_settings import CredentialsNow
from bot.observability.gauges import FleetGauges, Gauges
from bot.observability.health import Health
from bot.observability.metrics import Metrics
from bot.settings.milestones import load_calendar
from bot.settings.model import Settings
from bot.settings.tenants import Fleet, TenantSettings, fleet_of
from bot.tenants.reload import Rereading
from bot.tenants.shared import Several
from bot.tenants.tenant import Shared, Tenants, Waker, holder_name, served
from bot.transport.bolt_app import Identity, bolt_app
from bot.worker.jobs import TenantJobs, receiver_of, remind_every, stamps_of
from bot.worker.loops import Loop, Worker
from bot.worker.plan import loops
from bot.worker.rounds import PlainReadings
from handlers.context.look_ups import GroupLists, SharedDirectory
from handlers.policy.rule import Home
from handlers.ports import Clock
from handlers.queries.status_readers import StatusReaders
from handlers.slack.client.directory import SlackDirectory
from handlers.slack.client.response_urls import Answers
from handlers.slack.client.web_api import SlackWebClient
from handlers.slack.executor import Executor, guarded
from handlers.slack.listeners.fleet import Fleet as FleetListener
from handlers.slack.listeners.registration import register, register_several
from handlers.slack.listeners.routing import Router
from handlers.slack.workspace_guard import WorkspaceGuard
from storage.engine import Database
from storage.messages.outbox import Outbox
from storage.tenants import FleetRecord

CREW = 12
"""Threads that do what was acknowledged; they wait for Slack most of the time."""

OF_ONE_TENANT = 4
"""How many of them one of several tenants may have at a time."""

READERS = 8
"""Threads that read the live value for those who ask, where there are several tenants."""


@dataclass(frozen=True, slots=True)
class Bot:
    """Everything that runs, for ``bot.process`` to start and stop."""

    tenants: Tenants
    shared: Shared
    worker: Worker
    several: Several | None = None
    """What finds the tenant of an act; ``None`` where there is one."""
    rereading: Rereading | None = None
    """What takes a changed file of tenants; likewise."""


def wire(
    settings: Settings,
    database: Database,
    client: SlackWebClient,
    *,
    clock: Clock,
    health: Health,
    metrics: Metrics,
) -> Bot:
    """Wire all that needs no sign-in to Slack; nothing is started and nothing is sent.

    ``app_of`` adds what listens.
    """
    database.watch.tell = health.note_database
    fleet, waker = fleet_of(settings), Waker()
    shared = _shared(
        settings, database, client, waker, fleet is not None, clock=clock, health=health, metrics=metrics
    )
    if fleet is None:
        only = served(TenantSettings("", settings), shared)
        context, outbox = only.dispatch.context, Outbox(database, only.tenant_id)
        gauges = Gauges(context, outbox, metrics=metrics, health=health)
        worker = Worker(loops(settings, database, [only.jobs], clock, measured=gauges.refresh))
        waker.worker = worker
        return Bot(Tenants([only]), shared, worker)
    return _several(settings, fleet, shared, waker)


def _several(settings: Settings, fleet: Fleet, shared: Shared, waker: Waker) -> Bot:
    """Wire the tenants of a file."""
    shared = replace(shared, remind_every=remind_every(len(fleet.tenants)))
    several, database, clock = Several(settings, shared, fleet.operators), shared.database, shared.clock
    tenants = Tenants([served(one, shared, homes=several.shared_edge.homes) for one in fleet.tenants])
    plain = PlainReadings(database, holder_name())
    metrics, health = shared.metrics, shared.health
    gauges = FleetGauges(
        database, tenants.contexts, clock, holder=plain.holder, metrics=metrics, health=health
    )
    refresh = gauges.refresh

    def plan(jobs: list[TenantJobs]) -> tuple[Loop, ...]:
        often = remind_every(len(jobs))
        return loops(settings, database, jobs, clock, measured=refresh, several=plain, remind_every=often)

    waker.worker = worker = Worker(plan([one.jobs for one in tenants]))
    rereading = Rereading(settings, tenants, several, worker, plan)
    return Bot(tenants, shared, worker, several, rereading)


def _shared(
    settings: Settings,
    database: Database,
    client: SlackWebClient,
    waker: Waker,
    several: bool,
    *,
    clock: Clock,
    health: Health,
    metrics: Metrics,
) -> Shared:
    directory = SharedDirectory(SlackDirectory(client))
    return Shared(
        database=database,
        client=client,
        directory=directory,
        groups=GroupLists(directory.members, time.monotonic),
        executor=Executor(guarded, threads=CREW, of_one_tenant=OF_ONE_TENANT if several else None),
        answers=Answers(client.base_url, tls=client.ssl, proxy=client.proxy, connections=CREW),
        readers=StatusReaders(READERS if several else 1),
        clock=clock,
        health=health,
        metrics=metrics,
        wake=waker,
        calendar=load_calendar(settings.milestones),
        together=Together(CredentialsNow().of) if several else None,
        receiver=receiver_of(settings),
        stamps=stamps_of(settings, clock),
    )


def app_of(bot: Bot, identity: Identity) -> App:
    """Make what listens, for the installation Slack names; from now on members are known."""
    home = Home(team_id=identity.team_id, enterprise_id=identity.enterprise_id)
    app = bolt_app(bot.shared.client, identity)
    app.use(WorkspaceGuard(home))
    for one in bot.tenants:
        one.people.at(home)
    if bot.several is not None:
        bot.several.signed_in(home, identity.user_id)
        bot.several.serve(bot.tenants)
        shared_edge, by_tenant = bot.several.shared_edge, bot.several.by_tenant
        fleet = FleetListener(shared_edge, by_tenant, FleetRecord(bot.shared.database))
        register_several(app, Router(shared_edge, by_tenant, fleet), shared_edge)
    else:
        only = next(iter(bot.tenants))
        register(app, replace(only.edge, bot_user=identity.user_id))
    return app
