"""Make the jobs of one tenant: what each does, under which claim, and what tells that it is due.

``bot.worker.plan`` puts the jobs of all tenants into loops.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.settings.model import Settings
from bot.stream.sending import Stream, receiver_name
from bot.worker.loops import Claim
from bot.worker.pruning import EVERY as PRUNED_EVERY
from bot.worker.pruning import prune_batch
from bot.worker.rounds import Observing
from bot.worker.turns import Job
from handlers.changes.apply import Apply
from handlers.changes.change_author import Attribution
from handlers.changes.disagreement_watch import Watch
from handlers.changes.drift import Drift
from handlers.changes.restored_database import TrustWatch
from handlers.changes.settle import Settling
from handlers.context.context import Context
from handlers.delivery.deliver import Delivery
from handlers.dispatch import Dispatch
from handlers.evidence.daily_job import Keeping
from handlers.evidence.daily_values import Days
from handlers.evidence.heads import Heads, Permalink, Stamping
from handlers.evidence.reconciliation import Reconciliation
from handlers.ports import AuditSearch, Clock, TimeStamps
from handlers.queries.probe import ProbeNews, Probing
from handlers.register.none_left import NoneLeft
from handlers.register.owner_reminders import OwnerReminders
from handlers.register.weekly_message import WeeklyDevices
from handlers.reminders.remind import Reminders
from storage.jobs.leases import TenantDuty
from storage.streams import Streams

if TYPE_CHECKING:
    from bot.stream.event_receiver import Receiver

REMIND_EVERY = timedelta(seconds=2)
"""How often it is asked whether a reminder is due, beside every commit."""

A_TENANT = timedelta(seconds=0.125)
"""The same, for each of many tenants: eight of them are asked each second, however many there are."""


def remind_every(tenants: int) -> timedelta:
    """Return how often it is asked of each of so many tenants."""
    return max(REMIND_EVERY, A_TENANT * tenants)


@dataclass(frozen=True, slots=True)
class TenantJobs:
    """The jobs of one tenant, by loop."""

    tenant_id: str
    apply: Job
    public: Job
    private: Job
    private_newest: Job
    leftovers: Job
    kept: tuple[Job, ...]
    remind: Job
    authors: Job
    prune: Job
    observe: Job
    observing: Observing | None = None
    """The same, for readings that are claimed and kept together with other tenants'."""
    probe: Job | None = None
    stream: Job | None = None
    stream_lag: Job | None = None
    evidence: Job | None = None


def _ends(dispatch: Dispatch) -> tuple[Callable[[], int], ...]:
    """What ends by itself: a request that nobody decided, a window, and one that no device needs any more."""
    return dispatch.withdrawals.expire_due, dispatch.optouts.end_window, dispatch.optouts.end_when_none_left


def _reminding(context: Context) -> Callable[[], int]:
    """The duty of reminding: of what concerns the tenant, and each owner of their devices."""
    reminders, owners = Reminders(context), OwnerReminders(context)
    weekly, none_left = WeeklyDevices(context), NoneLeft(context)
    return lambda: reminders.run() + owners.run() + weekly.run() + none_left.look()


def jobs_of(
    settings: Settings,
    dispatch: Dispatch,
    delivery: Delivery,
    attribution: Attribution,
    *,
    noted: Callable[[str | None], None],
    reminded: timedelta = REMIND_EVERY,
) -> TenantJobs:
    """Make the jobs that every tenant has; ``noted`` is told what disagrees with the record."""
    context = dispatch.context
    tenant_id, claimed = context.ledger.tenant_id, partial(_claimed, context)
    apply = Apply(context, Settling(context))
    remind, trust = _reminding(context), TrustWatch(context)
    kept = (*_ends(dispatch), trust.watch, Watch(context, dispatch.optouts, noted).run)
    observing = _observing(context, dispatch.drift, settings.observe_every)
    pruning = partial(
        prune_batch, context.ledger.database, tenant_id, keep=settings.retention, clock=context.clock
    )

    def leftovers() -> int:
        return dispatch.take_up_leftovers() if context.people.signed_in else 0  # unjudged, not refused

    return TenantJobs(
        tenant_id,
        apply=claimed(TenantDuty.APPLY).holding(apply.run, due=apply.is_due),
        public=claimed(TenantDuty.PUBLIC).over(delivery.send_public, due=delivery.owes_public),
        private=Job(tenant_id, delivery.send_private),
        private_newest=Job(tenant_id, partial(delivery.send_private, newest_first=True)),
        leftovers=Job(tenant_id, leftovers),
        kept=tuple(Job(tenant_id, duty) for duty in kept),
        remind=claimed(TenantDuty.REMIND, reminded).over(remind),
        authors=claimed(TenantDuty.AUTHORS).over(attribution.run, due=attribution.is_due),
        prune=claimed(TenantDuty.PRUNE, PRUNED_EVERY).over(pruning),
        observe=observing.alone,
        observing=observing,
    )


def probe_job(settings: Settings, context: Context, probing: Probing, news: ProbeNews) -> Job | None:
    """Make the job that probes by itself, off by default since port 587 may be closed and watched."""
    every = settings.probe_every
    if every is None or not (context.cloud.offers_legacy or settings.probe_endpoints):
        return None
    due = partial(news.is_due, settings.probed(), every)

    def probe() -> int:
        if due():  # else another replica was faster
            probing.ask(lambda probed: None)
        return 0  # there is never more to do at once

    return _claimed(context, TenantDuty.PROBE, every).over(probe, due=due)


def stamps_of(settings: Settings, clock: Clock) -> TimeStamps | None:
    """Make the service that dates the record for every tenant; ``None`` where none is set."""
    url = settings.timestamp_url
    if url is None:
        return None
    from bot.stream.timestamps import TimeStampService  # noqa: PLC0415 - who has none needs no library for it

    return TimeStampService(url.get_secret_value(), clock=clock, private=settings.timestamp_private)


def receiver_of(settings: Settings) -> "Receiver | None":
    """Make the receiver of every tenant's events; ``None`` where none is set.

    One for all tenants, as each keeps its connections open: a thousand would be as many descriptors.
    """
    if settings.events_url is None or settings.events_secret is None:
        return None
    from bot.stream.event_receiver import Receiver  # noqa: PLC0415 - the same

    url, secret = settings.events_url.get_secret_value(), settings.events_secret.get_secret_value()
    return Receiver(url, secret, private=settings.events_private)


def evidence_job(
    settings: Settings,
    context: Context,
    search: AuditSearch,
    permalink: Permalink,
    stamps: TimeStamps | None,
) -> Job:
    """Make the job that keeps, day by day, what evidence will be asked for later."""
    ledger = context.ledger
    reconciliation = Reconciliation(ledger, search, operators=settings.operators)
    stamping = Stamping(ledger, stamps) if stamps is not None else None
    keeping = Keeping(Days(ledger), reconciliation, Heads(ledger, permalink), stamping, clock=context.clock)
    return _claimed(context, TenantDuty.EVIDENCE).over(keeping.run, due=keeping.is_due)


def stream_jobs(
    settings: Settings,
    context: Context,
    receiver: "Receiver | None",
    measured: Callable[[int, datetime | None], None],
    noted: Callable[[str | None], None],
) -> tuple[Job | None, Job | None]:
    """Make the jobs that send the record on and measure the lag; ``None`` where there is no receiver."""
    if settings.events_url is None or receiver is None:
        return None, None
    url, ledger = settings.events_url.get_secret_value(), context.ledger
    streams = Streams(ledger.database, ledger.tenant_id, receiver_name(url))
    stream = Stream(ledger, streams, receiver, clock=context.clock, operators=settings.operators)

    def lag() -> int:
        backlog = streams.backlog()
        measured(backlog.events, backlog.since)
        noted(stream.trouble(backlog))
        return 0

    return _claimed(context, TenantDuty.STREAM).holding(stream.send, due=stream.is_due), Job(
        ledger.tenant_id, lag
    )


def _claimed(context: Context, duty: TenantDuty, every: timedelta | None = None) -> Claim:
    return Claim(context.leases, context.ledger.tenant_id, duty, context.clock, every)


def _observing(context: Context, drift: Drift, every: timedelta) -> Observing:
    def is_due() -> bool:
        now, next_at = context.now(), drift.next_at(every)
        if now < next_at:  # somebody else has read it meanwhile
            context.leases.put_off(context.ledger.tenant_id, TenantDuty.OBSERVE, now=now, until=next_at)
        return now >= next_at

    claim = _claimed(context, TenantDuty.OBSERVE, every)
    again_at = partial(drift.next_at, every)
    alone = claim.over(partial(drift.observe, every), due=is_due, again_at=again_at)
    return Observing(context, drift, claim, again_at, alone)
