"""Tell who decided a request, and name them to whoever comes later. Pure.

Taken from the recorded votes and the request's own row, never from a sentence that was written for people.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.lifecycle import State
from storage.records import ChangeRequest


@dataclass(frozen=True, slots=True)
class DecidedBy:
    """Whose votes decided a request: empty while nobody's did."""

    approvers: Sequence[str] = ()
    """Slack ids of the people whose approvals stand."""
    rejecter: str | None = None
    """Slack id of whoever rejected it."""


NOBODY = DecidedBy()


def why_so(request: ChangeRequest, rejecter: str | None) -> str:
    """Return what follows ``policy.how_it_stands``: `` by @U1.``, else a full stop and the detail."""
    person = {State.REJECTED: rejecter, State.WITHDRAWN: request.requester_id}.get(request.state)
    return f" by @{person}." if person else f". {request.detail}".rstrip()


def who_approved(request: ChangeRequest, approvers: Sequence[str]) -> str:
    """Say who approved a request; empty where approvals did not suffice or none was needed."""
    if not approvers or request.state not in _WAS_APPROVED:
        return ""
    return f"Approved by {' and '.join(f'@{person}' for person in approvers)}."


_WAS_APPROVED = frozenset({State.APPROVED, State.APPLYING, State.UNCERTAIN, State.APPLIED, State.FAILED})
"""States that a request reaches only when enough people approved it."""
