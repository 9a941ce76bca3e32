"""Draw the buttons of a request's message: what can be done about it as it stands now."""

from slack_sdk.models.blocks import Block, ButtonElement

from handlers.outgoing.request_view import RequestView
from handlers.slack.views.blocks import actions, button
from storage.lifecycle import WISHES, Kind, State
from storage.records import ChangeRequest, SettingValue

APPROVE, REJECT, WITHDRAW, TAKE_BACK, GIVE_REASON = (
    "approve",
    "reject",
    "withdraw",
    "take_back",
    "give_reason",
)

AGAIN, EXTEND, OPT_OUT_NOW, IT_WAS_ME, WHAT_IF = "again", "extend", "opt_out_now", "it_was_me", "what_if"

ENDED_UNMADE = {State.EXPIRED, State.STALE, State.WITHDRAWN, State.REJECTED, State.FAILED, State.SUPERSEDED}
"""States that end without effect, as far as is known: nothing may be said there of what the change does."""


def _in_force(view: RequestView) -> bool:
    """Tell whether a settled request's window is the present one, also if brought back outside."""
    request, baseline = view.request, view.baseline
    if baseline is None or baseline.value is not SettingValue.OPTED_IN:
        return False
    revived = request.state is State.APPLIED and request.window_end == baseline.window_end
    return baseline.request_id == request.id or revived


def _opted_in_since(view: RequestView) -> bool:
    """Tell whether a later change left the tenant opted in, or opted it in."""
    baseline = view.baseline
    is_later = baseline is not None and (baseline.request_id or 0) > view.request.id
    return is_later and baseline is not None and baseline.value is SettingValue.OPTED_IN


def failed_to_opt_out(view: RequestView) -> bool:
    """Tell whether this is an opt-out that failed, and the tenant has not been opted out since."""
    request, baseline = view.request, view.baseline
    done = (
        baseline is not None
        and baseline.value is SettingValue.OPTED_OUT
        and (baseline.request_id or 0) >= request.id
    )
    return request.kind is Kind.OPT_OUT and request.state is State.FAILED and not done


def buttons(view: RequestView) -> list[Block]:
    """Draw what can be done about a request as it stands; empty where nothing can be."""
    request = view.request
    if failed_to_opt_out(view) and not isinstance(view.tried_again, ChangeRequest):
        return [actions(button("Opt out again", OPT_OUT_NOW, request.id))]
    if request.kind not in WISHES:
        return []
    withdraw = button("Withdraw", WITHDRAW, request.id)
    if request.state is State.APPROVED:
        return [actions(withdraw)]
    if request.state in ENDED_UNMADE:
        return [actions(_another(view))]
    if request.state is not State.PENDING:
        return []
    approve = button("Approve", APPROVE, request.id, style="primary")
    reject = button("Reject", REJECT, request.id, style="danger")
    take_back = [button("Take back my approval", TAKE_BACK, request.id)] if view.tally.approved_by else []
    return [actions(approve, reject, withdraw, *take_back, button("Who can decide?", WHAT_IF, request.id))]


def _another(view: RequestView) -> ButtonElement:
    """Draw the way to the next request: opted in, only an extension can be asked for."""
    request = view.request
    opted_in = view.seen is not None and view.seen.value is SettingValue.OPTED_IN
    ended = request.state is State.STALE and request.kind is Kind.EXTENSION
    given_up = request.state is State.FAILED and not _in_force(view)
    # what may be opted in yet is not so for long
    overtaken = request.state is State.SUPERSEDED and not _opted_in_since(view)
    if not opted_in or ended or given_up or overtaken:
        return button("Ask again", AGAIN, request.id)
    return button("Ask again" if request.kind is Kind.EXTENSION else "Extend", EXTEND, request.id)
