"""Gathers a request's view from one reading of the ledger."""

from datetime import datetime

from handlers.context.context import Context
from handlers.outgoing.notices import RequestView
from handlers.policy.decided import NOBODY, DecidedBy
from handlers.policy.overdue import overdue
from handlers.policy.votes import Tally, approvers, rejecter, standing_approvals, tally
from storage.lifecycle import Kind, State
from storage.reading import Reader
from storage.records import ChangeRequest


def decided_by(reader: Reader, request: ChangeRequest) -> DecidedBy:
    """Whose votes decided ``request``, to be named to whoever comes after the decision."""
    if request.state is State.PENDING:
        return NOBODY
    decisions = reader.decisions([request.id])
    return DecidedBy(approvers(decisions), rejecter(decisions))


def gather(context: Context, reader: Reader, request: ChangeRequest) -> RequestView:
    """Everything one message about ``request`` needs; no network.

    Who is still eligible is judged when deciding and when applying, and a vote lost then is on record as
    taken back; a card shows the votes that stand under the present content.
    """
    decisions = reader.decisions([request.id])
    if request.state is State.PENDING:
        counted = tally(request, decisions, rule=context.rule, eligible=standing_approvals(decisions))
    else:
        counted = Tally(approved_by=approvers(decisions), void=(), missing=0)
    today = context.today()
    reason_by, reason = reader.reason_given(request.id) or (None, None)
    return RequestView(
        request=request,
        rule=context.rule,
        tally=counted,
        reason_given=reason,
        reason_by=reason_by,
        rejected_by=rejecter(decisions),
        briefing=context.calendar.briefing(context.cloud.name, today, request.protocols),
        cloud=context.cloud,
        head=reader.head(),
        seen=reader.readings.newest_observation(readable=True),
        in_vain=context.calendar.in_vain(context.cloud.name, today, request.protocols),
        adoption=_adoption(reader, request),
        baseline=reader.baseline(),
        escalate_to=context.escalate_to,
        followed_by=reader.windows.undone_by(request) if request.state is State.APPLIED else None,
        tried_again=_tried_again(reader, request, context.now()),
        hosts=context.calendar.hosts(context.cloud, today, request.protocols),
        tickets=context.tickets,
    )


def _tried_again(reader: Reader, request: ChangeRequest, now: datetime) -> ChangeRequest | datetime | None:
    """What follows where the bot itself could not end a window."""
    if request.kind is not Kind.OPT_OUT or request.state is not State.FAILED:
        return None
    late = overdue(reader, now) if request.requester_id is None else None
    return reader.opt_out_after(request.id) or (late.next_try if late else None)


def _adoption(reader: Reader, request: ChangeRequest) -> int | None:
    if request.kind is Kind.EXTENSION:
        return reader.windows.adopted(request)
    return reader.windows.adopted_by(request) if request.kind is Kind.OUTSIDE else None
