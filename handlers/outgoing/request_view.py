"""Gather a request's facts in one view, with its headline and the sentences around it. Pure.

How Slack shows it is the edge's business.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from handlers.calendar.protocols import PROTOCOL_NAMES
from handlers.policy.rule import Rule
from handlers.policy.tickets import NO_TICKETS, Tickets
from handlers.policy.votes import Tally, content_digest, short_code
from handlers.ports import Cloud
from storage.lifecycle import Kind, State
from storage.records import Baseline, ChangeRequest, Observation


@dataclass(frozen=True, slots=True)
class RequestView:
    """Everything one drawing of a request's message needs, taken from one reading of the ledger."""

    request: ChangeRequest
    rule: Rule
    tally: Tally
    reason_given: str | None
    """Why it was rejected, or why it was made outside the bot."""
    reason_by: str | None
    """Who said so: the rejecter, or whoever made the change."""
    briefing: Sequence[str]
    cloud: Cloud
    head: tuple[int, str]
    seen: Observation | None = None
    """The newest reading that has a value: an open request was asked for after one."""
    rejected_by: str | None = None
    """Who rejected it."""
    in_vain: str = ""
    """A warning where nothing that is asked for is likely to be helped."""
    adoption: int | None = None
    """Of an extension the change made outside the bot that it lets stand, and of that change the
    extension."""
    baseline: Baseline | None = None
    """What the live value ought to be by now: an old card must not offer what has been done since."""

    escalate_to: tuple[str, ...] = ()
    """Who is called when something stands that nobody approved."""
    followed_by: ChangeRequest | None = None
    """The change that ended or extended what this one had set, or undid it; ``None`` while it holds."""
    tried_again: ChangeRequest | datetime | None = None
    """Of an end of a window that failed: the next opt-out, or when the bot tries again."""
    hosts: tuple[str, ...] = ()
    """Where a device of the protocols asked for has to be pointed; without those from which legacy TLS is
    being removed."""
    tickets: Tickets = NO_TICKETS

    @property
    def code(self) -> str:
        """The short code of exactly what is approved."""
        return short_code(content_digest(self.request, self.rule.digest))

    @property
    def approved_by(self) -> tuple[str, ...]:
        """Who approved, for a decided request: the standing approvals."""
        return self.tally.approved_by


WISH = {
    Kind.OPT_IN: "opt in to legacy TLS",
    Kind.EXTENSION: "extend the opt-in to legacy TLS",
    Kind.SHORTENING: "shorten the opt-in to legacy TLS",
    Kind.OPT_OUT: "opt out of legacy TLS",
}
"""What each kind of request asks for."""

SIGNS = {
    State.APPLIED: "✅",
    State.FAILED: "❌",
    State.UNCERTAIN: "❓",
    State.REJECTED: "⛔",
    State.EXPIRED: "⌛",
    State.OBSERVED: "🚨",
}
"""What tells results apart at a glance: one sign each, of a shape of its own, before the first words."""

_TITLES = {
    State.PENDING: "Request #{id}: {request}",
    State.APPROVED: "Approved, not yet made: #{id} {request}",
    State.APPLYING: "Being made: #{id} {request}",
    State.UNCERTAIN: "Uncertain: #{id} {request}",
    State.APPLIED: "Applied: #{id} {request}",
    State.FAILED: "Failed: #{id} {request}",
    State.REJECTED: "Rejected: #{id} {request}",
    State.WITHDRAWN: "Withdrawn: #{id} {request}",
    State.EXPIRED: "Expired: #{id} {request}",
    State.STALE: "Stale: #{id} {request}",
    State.SUPERSEDED: "Superseded: #{id} {request}",
}

WAITING = "Waiting for approval."
"""What is said of a request that nothing has happened to yet."""

SMTP_AUTH_OFF = (
    "Mind: SMTP AUTH is switched off for the whole organisation, so opting in alone lets no device send "
    "unless its mailbox is allowed SMTP AUTH explicitly."
)
"""For whoever asks, and for whoever decides."""


def headline(request: ChangeRequest) -> str:
    """Return the first words of every message about this request, after the sign of its state."""
    if request.kind is Kind.OPT_OUT and request.state is State.APPROVED:
        return f"Recorded, not yet made: #{request.id} {WISH[request.kind]}"
    if request.kind is Kind.OUTSIDE or request.state is State.OBSERVED:
        return f"{SIGNS[State.OBSERVED]} Changed outside the bot: #{request.id}"
    title = _TITLES[request.state].format(id=request.id, request=WISH[request.kind])
    return f"{SIGNS.get(request.state, '')} {title}".strip()


def protocol_names(request: ChangeRequest) -> str:
    """Return the protocols as people write them."""
    return ", ".join(PROTOCOL_NAMES[protocol] for protocol in request.protocols)


def missing_words(tally: Tally) -> str:
    """Return what is still missing, in words."""
    if tally.complete:
        return "no more approvals are needed"
    return "1 more approval is needed" if tally.missing == 1 else f"{tally.missing} more approvals are needed"
