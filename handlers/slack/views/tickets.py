"""Show a change ticket: a link where the settings name an address, else code."""

from urllib.parse import quote

from slack_sdk.models.blocks import InputBlock

from handlers.policy.forms import LABELS, TICKET
from handlers.policy.tickets import LONGEST, NO_TICKETS, PLACE, Tickets
from handlers.slack.views.form_fields import text_field
from handlers.slack.views.mrkdwn import escape


def ticket(number: str, tickets: Tickets = NO_TICKETS) -> str:
    """Show the number of a ticket, marked up; empty where there is none."""
    if number and tickets.url is not None and not tickets.problem(number):
        return f"<{tickets.url.replace(PLACE, quote(number, safe=''))}|{escape(number)}>"
    return f"`{escape(number).replace('`', chr(39))}`" if number else ""


def with_ticket(text: str, number: str, tickets: Tickets = NO_TICKETS) -> str:
    """Return a paragraph that ends with the ticket, where there is one."""
    return f"{text} Ticket: {ticket(number, tickets)}" if number else text


def ticket_field(tickets: Tickets, *, text: str = "", optional: bool = False) -> list[InputBlock]:
    """Return a form's field for a ticket; none where the settings ask for no ticket."""
    if tickets.pattern is None:
        return []
    hint = "Kept in the record" if optional else f"It has to match {tickets.pattern}"
    field = text_field(
        TICKET, LABELS[TICKET], most=LONGEST, multiline=None, optional=optional, text=text, hint=hint
    )
    return [field]
