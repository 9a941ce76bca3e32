"""Stop an act whose rows disagree with the record or lack guards, and tell of it once.

Only what opts in or extends is asked here. Opting out goes on whatever is found.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from handlers.context.context import Context
from handlers.outgoing.news import Disagreement, Subject
from handlers.outgoing.notices import enqueue_announcement, enqueue_card, enqueue_change, enqueue_reworded
from handlers.policy.days import latest_end
from storage.devices.replay import named_differences
from storage.integrity.row_comparison import Difference, request_differences
from storage.ledger import BOT, Entry
from storage.lifecycle import UNSENT, State
from storage.record.suspect_rows import elsewhere
from storage.record.suspect_rows import set_aside as end
from storage.records import ChangeRequest
from storage.schema import guards

WAIT = timedelta(minutes=2)
"""How long a change waits where something that is not its own does not agree: somebody may be mending it."""

NAMED = 5
"""Places named in a message; ``legacytls verify`` names all."""

TOO_LONG = (
    "Its window ends later than the rule allows, counted from when it was asked for. Nothing was sent; ask "
    "again."
)


def may_be_made(context: Context, entry: Entry, request: ChangeRequest) -> bool:
    """Compare a request, its votes, rule and baseline with the record, in the sending transaction.

    Where something does not agree, the request ends or waits, people are told, and the answer is no.
    """
    gone = guards.missing(entry.connection)
    if gone:
        return _wait(
            entry,
            request,
            "Waiting, nothing has been sent: guards of the record are missing from the database.",
        )
    differences, _ = request_differences(entry.connection, entry.tenant_id, request.id, through=True)
    differences += named_differences(entry.connection, entry.tenant_id, request)
    if differences:
        stop(entry, request, differences)
        return False
    others = elsewhere(entry.connection, entry.tenant_id)
    if others:
        tell_elsewhere(entry, others)
        return _wait(
            entry,
            request,
            f"Waiting, nothing has been sent: the database does not agree with the record ({others[0]}).",
        )
    if is_too_long(context, request):
        enqueue_change(entry, entry.move(request, State.STALE, actor=BOT, detail=TOO_LONG))
        return False
    return True


def is_too_long(context: Context, request: ChangeRequest) -> bool:
    """Tell whether a request has no end, or one not open to choose when it was asked for."""
    # an hour is more than two clocks differ
    asked = min(request.created_at, context.now() + timedelta(hours=1))
    return request.window_end is None or request.window_end > latest_end(
        asked, context.rule.max_window, context.zone
    )


def stop(entry: Entry, request: ChangeRequest, differences: Sequence[Difference]) -> None:
    """End a request that is not as it was recorded, so that a new one can be asked for.

    Raises ``Conflict``.
    """
    tell(entry, Subject.STOPPED, f"{request.id}", differences, request.id)
    sent = (
        "It had been sent before, and Exchange did not take it."
        if entry.reader.times_sent(request.id)
        else "Nothing was sent."
    )
    detail = (
        f"The database does not agree with the record ({differences[0]}), so it is not made. {sent} Ask "
        "again if needed."
    )
    enqueue_change(entry, entry.move(request, State.STALE, actor=BOT, detail=detail))


def set_aside(entry: Entry, number: int, differences: Sequence[Difference]) -> None:
    """End a request whose row no move can be made on, so that it keeps no place and holds nothing up."""
    tell(entry, Subject.SET_ASIDE, f"{number}", differences, number)
    end(entry, number, detail="Its row in the database does not agree with the record, so it is set aside.")
    request = entry.reader.find(number)
    if request is not None:
        enqueue_card(entry, request)


def tell_elsewhere(entry: Entry, differences: Sequence[Difference]) -> None:
    """Tell of everything opt-ins are judged by that disagrees, once for each place and record."""
    for difference in differences:
        subject = Subject.WINDOW if difference.table == "baselines" else Subject.JUDGED_BY
        tell(entry, subject, f"{difference.table}:{difference.column}:{difference.recorded}", [difference])


def tell(
    entry: Entry, subject: Subject, about: str, differences: Sequence[Difference], number: int | None = None
) -> None:
    """Owe the channel one message and record what was found; ``about`` identifies it."""
    places = [str(difference) for difference in differences]
    told = Disagreement(
        subject=subject,
        request=number,
        places="; ".join(places[:NAMED]),
        more=max(0, len(places) - NAMED),
        end=_end(entry) if subject is Subject.WINDOW else None,
    )
    if enqueue_announcement(entry, f"disagreement:{subject}:{about}"[:255], told):
        entry.record("disagreed", BOT, {"subject": subject.value, "places": places}, number)


def _end(entry: Entry) -> datetime | None:
    baseline = entry.reader.baseline()
    return baseline.window_end if baseline is not None else None


def _wait(entry: Entry, request: ChangeRequest, detail: str) -> bool:
    """Leave a request alone for a while; it expires as ever. Never made meanwhile."""
    if request.state in UNSENT:
        waiting = entry.postpone(request, until=entry.now + WAIT, detail=detail)
        enqueue_reworded(entry, request, waiting)
    return False
