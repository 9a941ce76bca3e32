"""Draw the direct messages on how a request stands: to whoever asked, and to whoever decided."""

from zoneinfo import ZoneInfo

from handlers.outgoing.request_view import RequestView, headline
from handlers.slack.views.blocks import Message, header, section, small
from handlers.slack.views.cards import next_step, rejection, still_ends, until
from handlers.slack.views.mrkdwn import sentence
from storage.lifecycle import Kind, State


def outcome(view: RequestView, zone: ZoneInfo, person: str | None = None) -> Message:
    """Draw the private message on how the request stands, to its requester or to ``person``, who decided."""
    title = headline(view.request)
    told = sentence(view.request.detail)
    if person is not None and person != view.request.requester_id:
        given = rejection(view) if view.reason_given is not None else []
        told_why = small(["You hear this because you decided on it."])
        return Message(text=f"{title}. {told}", blocks=[header(title), section(told), *given, *told_why])
    body = [section(told), *rejection(view), *next_step(view, zone), *still_ends(view, zone)]
    if view.request.state is State.APPLIED and view.request.window_end is not None:
        body.append(section(f"The opt-in ends by itself: {until(view.request.window_end, zone)}."))
        # extended, the device is there already
        body += small([_two_parts(view)] if view.request.kind is Kind.OPT_IN else [])
    return Message(text=f"{title}. {told}", blocks=[header(title), *body])


def retired(view: RequestView) -> Message:
    """Return what replaces an earlier private message about this request."""
    text = f"#{view.request.id} has moved on: the newer message below says how it stands."
    return Message(text=text, blocks=[section(text)])


def _two_parts(view: RequestView) -> str:
    """Nothing where there is no host left to point a device at."""
    hosts = " or ".join(f"`{host}`" for host in view.hosts)
    told = (
        f"The opt-in has two parts: a device also has to be pointed at {hosts}; the switch alone changes "
        "nothing for it."
    )
    return told if hosts else ""
