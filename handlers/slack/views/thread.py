"""The reply in the thread of a wish's message: what its card has no room for."""

from handlers.outgoing.notices import SMTP_AUTH_OFF, Sheet
from handlers.policy.forms import CLIENTS, LABELS, REASON
from handlers.slack.views.blocks import Message, section, small, typed
from handlers.slack.views.mrkdwn import escape, people


def details(sheet: Sheet) -> Message:
    """The reply in the thread of a wish's message: everything that was typed, the risks, who may decide, and what on."""
    request = sheet.request
    text = f"#{request.id} in full: the reason, the devices and the risks."
    off = sheet.seen is not None and sheet.seen.smtp_auth_disabled
    risks = [*([f":warning: {SMTP_AUTH_OFF}"] if off else []), *(f"• {line}" for line in sheet.briefing)]
    return Message(
        text=text,
        blocks=[
            *typed(LABELS[REASON], request.reason),
            *typed(LABELS[CLIENTS], request.clients),
            section("*What to know before deciding*"),
            *small(escape(line) for line in risks),
            *small(
                [
                    f"Approvers: {people(sheet.rule.approvers)}; the requester never counts.",
                    f"Approving approves exactly this: code `{sheet.code}`, kept on record with each vote.",
                ]
            ),
        ],
    )
