"""Judge whether a window has ended without its opt-out, and when that is tried again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.ledger_reader import Reader
from storage.lifecycle import Kind, State
from storage.records import ChangeRequest

AGAIN_AFTER = (timedelta(minutes=30), timedelta(hours=1), timedelta(hours=2), timedelta(hours=4))
"""How long the bot waits before it tries again to end a window after Exchange did not take the opt-out once,
twice, ..."""

_TRIED = {State.APPROVED, State.APPLYING, State.UNCERTAIN, State.FAILED}


@dataclass(frozen=True, slots=True)
class Overdue:
    """A window that has ended while the tenant still ought to be called opted in."""

    window_of: int | None
    """The change that set the window."""
    ended_at: datetime
    under_way: ChangeRequest | None
    """The opt-out that is being made."""
    failures: int
    problem: str
    """Why it is not done yet, as far as is known; empty while the first opt-out goes its ordinary way."""
    next_try: datetime | None
    """``None``: now."""


def overdue(reader: Reader, now: datetime) -> Overdue | None:
    """Return the window that has ended without its opt-out, if there is one."""
    baseline = reader.baseline()
    if baseline is None or baseline.window_end is None or not baseline.is_over(now):
        return None
    later = reader.in_states(_TRIED, kinds=(Kind.OPT_OUT,), above=baseline.request_id or 0)
    # one from nowhere is no reason to wait
    ours = [request for request in later if reader.holding.agrees(request)]
    tried = [
        request
        for request in ours
        if request.state is not State.FAILED or request.created_at >= baseline.window_end
    ]
    failed = [
        request.settled_at
        for request in tried
        if request.state is State.FAILED and request.settled_at is not None
    ]
    under_way = next((request for request in reversed(tried) if request.state is not State.FAILED), None)
    next_try = under_way.retry_at if under_way else failed[-1] + pause(len(failed)) if failed else None
    return Overdue(
        window_of=baseline.request_id,
        ended_at=baseline.window_end,
        under_way=under_way,
        failures=len(failed),
        problem=_latest_problem(tried),
        next_try=next_try,
    )


def _latest_problem(tried: list[ChangeRequest]) -> str:
    """Return the newest sentence on why it is not done; none for an opt-out just opened again."""
    telling = [
        request
        for request in tried
        if request.state in (State.FAILED, State.UNCERTAIN) or request.retry_at is not None
    ]
    if telling and telling[-1].state is State.UNCERTAIN:
        return (
            f"#{telling[-1].id} got no clear answer, so the live value is read until it shows what happened."
        )
    return telling[-1].detail if telling else ""


def pause(failures: int) -> timedelta:
    """Return how long the bot waits after so many failures."""
    return AGAIN_AFTER[min(failures, len(AGAIN_AFTER)) - 1]
