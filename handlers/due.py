"""What is due now, asked of the ledger: the one answer to what has to be told, and to whether what is owed still holds."""

from collections.abc import Iterator

from handlers import slots
from handlers.context import Context
from handlers.slots import Slot
from storage.lifecycle import State
from storage.reading import WISHES, Reader
from storage.records import Baseline, MailProtocol, SettingValue


def due_slots(context: Context, reader: Reader) -> Iterator[Slot]:
    """Every slot that is due now and found by reading the ledger alone, whether it was owed before or not."""
    now, baseline = context.now(), reader.baseline()
    if baseline is not None:
        ending = slots.window_ending(baseline, now, context.zone, context.hours)
        yield from filter(None, (ending or slots.weekly(baseline, now),))
        if baseline.value is SettingValue.OPTED_IN:
            yield from slots.milestones(context.calendar, context.cloud.name, context.today(), _protocols(reader, baseline))
    for request in reader.in_states({State.PENDING}, kinds=WISHES):
        yield from filter(None, (slots.nudge(request, now, context.escalate_to),))
    yield from filter(None, (slots.freshness(context.calendar, context.today()),))


def _protocols(reader: Reader, baseline: Baseline) -> tuple[MailProtocol, ...]:
    """What the tenant opted in for; everything where nobody said."""
    wish = reader.request(baseline.request_id) if baseline.request_id else None
    return (wish.protocols if wish else ()) or tuple(MailProtocol)
