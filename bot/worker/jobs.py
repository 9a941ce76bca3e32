"""What the worker does, lane by lane: which duty stands under which lease, and who is waited for at the end."""

from collections.abc import Callable
from functools import partial

from bot.observability.health import Health
from bot.observability.metrics import Metrics
from bot.settings.model import Settings
from bot.stream.receiver import Receiver
from bot.stream.sending import Stream, receiver_name
from bot.worker.loops import Duty, Lane, always, under_lease
from bot.worker.pruning import Pruning
from handlers.changes.apply import Apply
from handlers.changes.change_author import Attribution
from handlers.changes.record_watch import Watch
from handlers.changes.restored_database import Estrangements
from handlers.changes.settle import Settling
from handlers.context.context import Context
from handlers.delivery.deliver import Delivery
from handlers.dispatch import Dispatch
from handlers.queries.probe_news import ProbeNews
from handlers.queries.probing import Probing
from handlers.reminders.remind import Reminders
from storage.leases import Lease, TenantDuty
from storage.streams import Streams


def lanes(
    settings: Settings,
    dispatch: Dispatch,
    delivery: Delivery,
    measured: Callable[[], int],
    attribution: Attribution,
    *,
    noted: Callable[[str | None], None],
) -> tuple[Lane, ...]:
    """Every lane of one bot; ``measured`` refreshes the metrics and finds nothing to do, ``noted`` is told what disagrees."""
    context = dispatch.context
    tenant_id, leases = context.ledger.tenant_id, context.leases
    settling = Settling(context)
    apply = Apply(context, settling)
    reminders, estrangements = Reminders(context), Estrangements(context)
    pruning = Pruning(context.ledger.database, tenant_id, keep=settings.retention, clock=context.clock)
    every, watch = settings.observe_every, Watch(context, dispatch.optouts, noted)
    kept = (dispatch.requests.expire_due, dispatch.optouts.end_window, estrangements.watch, measured, watch.run)

    def held(name: TenantDuty, duty: Callable[[Lease], int], due: Callable[[], bool] = always) -> tuple[Duty]:
        return (under_lease(leases, name.lease(tenant_id), duty, due=due),)

    def change(lease: Lease) -> int:
        return settling.run() + apply.run(lease)

    def observe(lease: Lease) -> int:
        return dispatch.drift.observe(every)

    return (
        Lane("apply", held(TenantDuty.APPLY, change, lambda: settling.is_due() or apply.is_due())),
        Lane("public", held(TenantDuty.PUBLIC, lambda lease: delivery.send_public(), delivery.owes_public), last=True),
        Lane("private-1", (delivery.send_private,), last=True),
        Lane("private-2", (partial(delivery.send_private, newest_first=True),), last=True),
        Lane("leftovers", (lambda: dispatch.take_up_leftovers() if context.people.signed_in else 0,)),  # unjudged, not refused
        Lane("keeper", kept, patient=False),
        Lane("reminders", held(TenantDuty.REMIND, lambda _: reminders.run()), awaited=False),  # no question tells what is due
        Lane("authors", held(TenantDuty.AUTHORS, lambda lease: attribution.run(), attribution.is_due), awaited=False),
        Lane("pruning", (pruning.run,), awaited=False),  # two that remove the same rows do no harm
        Lane("observer", held(TenantDuty.OBSERVE, observe, lambda: dispatch.drift.is_due(every)), awaited=False),
    )


def probe_lane(settings: Settings, context: Context, probing: Probing, news: ProbeNews) -> tuple[Lane, ...]:
    """The lane that probes by itself, where the operator allows it: off by default, since port 587 may be closed and watched."""
    every = settings.probe_every
    if every is None or not (context.cloud.offers_legacy or settings.probe_endpoints):
        return ()
    due = partial(news.is_due, settings.probed(), every)

    def probe(lease: Lease) -> int:
        if due():  # else another replica was faster
            probing.ask(lambda probed: None)
        return 0  # there is never more to do at once

    duty = under_lease(context.leases, TenantDuty.PROBE.lease(context.ledger.tenant_id), probe, due=due)
    return (Lane("probes", (duty,), awaited=False),)


def stream_lanes(settings: Settings, context: Context, metrics: Metrics, health: Health) -> tuple[Lane, ...]:
    """Lanes of its own: a receiver that is slow or away holds up nothing else, not even the end of the process."""
    if settings.events_url is None or settings.events_secret is None:
        return ()
    url, ledger = settings.events_url.get_secret_value(), context.ledger
    receiver = Receiver(url, settings.events_secret.get_secret_value())
    streams = Streams(ledger.database, ledger.tenant_id, receiver_name(url))
    stream = Stream(ledger, streams, receiver, clock=context.clock, operators=settings.operators)

    def lag() -> int:
        backlog = streams.backlog()
        metrics.streaming(backlog.events, backlog.since)
        health.note("stream", stream.trouble(backlog))
        return 0

    send = under_lease(context.leases, TenantDuty.STREAM.lease(ledger.tenant_id), stream.send, due=stream.is_due)
    return (Lane("stream", (send,), awaited=False), Lane("stream-lag", (lag,), awaited=False))
