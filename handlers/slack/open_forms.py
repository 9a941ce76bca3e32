"""Open forms for who may use them within Slack's three seconds, as the use case proposes."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from slack_sdk.models.views import View

from handlers.changes.proposal import Proposal
from handlers.outgoing.notices import SMTP_AUTH_OFF
from handlers.policy.rule import Reason
from handlers.slack.edge import Edge, Reply
from handlers.slack.views import modals, replies
from handlers.slack.views.mrkdwn import instant
from handlers.slack.views.tickets import ticket_field
from storage.lifecycle import Kind


def request(
    edge: Edge,
    reply: Reply,
    body: Mapping[str, Any],
    kind: Kind,
    *,
    earlier: int | None = None,
    unread: bool = False,
) -> None:
    """Open the form of an opt-in or an extension for whoever may ask, and tell everybody else why not.

    Raises ``Unavailable``. Prefilled from the request with the number ``earlier``; an extension without one,
    from the request behind the present window. With ``unread`` the form opens although the value could not be
    read in time: it is read when the form is sent.
    """
    verdict = edge.dispatch.requests.may_ask(reply.person, kind)
    not_read = verdict.reason is Reason.NOT_READ
    if verdict.allowed or (not_read and unread):
        edge.open_form(body, _form(edge.dispatch.proposals.request(kind, earlier), reply.channel, edge.zone))
    elif not_read:
        reply.finish(replies.open_form(verdict.sentence, kind))
    else:
        reply.refuse(f"ask_{kind.value}", verdict, earlier)


def opt_out(edge: Edge, reply: Reply, body: Mapping[str, Any], *, earlier: int | None = None) -> None:
    """Open the confirmation before opting out; ``earlier`` is the change it was asked beside."""
    verdict = edge.dispatch.optouts.may_opt_out(reply.person)
    if not verdict.allowed:
        reply.refuse("opt_out", verdict, earlier)
        return
    proposal = edge.dispatch.proposals.opt_out()
    newest = proposal.seen
    seen, seen_at = (newest.value, instant(newest.at, edge.zone)) if newest else (None, "")
    form = modals.opt_out(
        channel=reply.channel,
        cloud=edge.around.cloud,
        removals=proposal.removals,
        seen=seen,
        seen_at=seen_at,
        devices=proposal.devices,
        register=proposal.register,
        ticket=ticket_field(edge.around.tickets, optional=True),
    )
    edge.open_form(body, form)


def _form(proposal: Proposal, channel: str, zone: ZoneInfo) -> View:
    earlier = proposal.earlier
    return modals.opt_in(
        callback=proposal.kind.value,
        extension=proposal.extension,
        channel=channel,
        briefing=proposal.briefing,
        warning=SMTP_AUTH_OFF if proposal.smtp_auth_off else "",
        proposed=proposal.day,
        latest=proposal.latest,
        zone=zone.key,
        expires=instant(proposal.expires_at, zone),
        runs_until=proposal.runs_until,
        reason=earlier.reason if earlier else "",
        clients=proposal.clients,
        protocols=earlier.protocols if earlier else (),
        register=proposal.register,
        ticket=ticket_field(proposal.tickets, text=proposal.ticket, optional=proposal.extension is not None),
    )
