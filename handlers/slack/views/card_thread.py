"""Draw the reply in the thread of a request's message: what its card has no room for."""

from handlers.outgoing.request_view import SMTP_AUTH_OFF, RequestView
from handlers.policy.forms import CLIENTS, LABELS, REASON, TICKET
from handlers.slack.views.blocks import Message, section, small, typed
from handlers.slack.views.cards import ALL_DEVICES, named
from handlers.slack.views.mrkdwn import escape, people
from handlers.slack.views.tickets import ticket


def details(view: RequestView) -> Message:
    """Draw the thread of a request: all that was typed, the risks, who may decide, and on what."""
    request = view.request
    text = f"#{request.id} in full: the reason, the devices and the risks."
    off = view.seen is not None and view.seen.smtp_auth_disabled
    risks = [*([f":warning: {SMTP_AUTH_OFF}"] if off else []), *(f"• {line}" for line in view.briefing)]
    return Message(
        text=text,
        blocks=[
            *typed(LABELS[REASON], request.reason),
            *(
                [section(f"*{LABELS[TICKET]}*: {ticket(request.ticket, view.tickets)}")]
                if request.ticket
                else []
            ),
            *named(request, most=ALL_DEVICES),
            *typed(LABELS[CLIENTS], request.clients),
            section("*What to know before deciding*"),
            *small(escape(line) for line in risks),
            *small(
                [
                    f"Approvers: {people(view.rule.approvers)}; the requester never counts.",
                    f"Approving approves exactly this: code `{view.code}`, kept on record with each vote.",
                ]
            ),
        ],
    )
