"""Publish the App Home of who has a part in several tenants, one after the other by name.

What has no room on one page is named with the command that shows it. Nothing of a tenant without a part is
shown.
"""

from functools import partial
from typing import Any, Final

from slack_sdk.models.blocks import Block

from handlers.queries.home import HomePage, Homes
from handlers.slack.client.calls import call
from handlers.slack.home_pages import Publish
from handlers.slack.listeners.by_tenant import ListenersByTenant, TenantListeners
from handlers.slack.shared_edge import SharedEdge
from handlers.slack.views import home as view
from handlers.slack.views.blocks import section, small
from handlers.slack.views.signed import addressed, signed_blocks

MOST: Final = 95
"""Blocks of tenants on a page, of the hundred that Slack takes in a view (docs.slack.dev/reference/views)."""

MOST_NAMED: Final = 40
"""Tenants that have no room of which the command is named: a paragraph has 3,000 characters."""

NOTHING = "No tenant concerns you: you neither decide nor ask in one, and answer for no device."


def publishing_several(shared_edge: SharedEdge, by_tenant: ListenersByTenant) -> Publish:
    """Return what draws and publishes a page of several tenants."""
    return partial(_publish, shared_edge, by_tenant)


def _publish(shared_edge: SharedEdge, by_tenant: ListenersByTenant, person: str, over: str) -> None:
    """Draw and publish one page. Raises ``Unavailable``, ``Unreachable`` and ``Conflict``."""
    verdict = shared_edge.people.member(person)
    if not verdict.allowed:
        _send(shared_edge, person, over, view.turned_away(verdict.sentence).to_dict())
        return
    shown, blocks = _drawn(by_tenant.concerning(person), person)
    _send(shared_edge, person, over, {"type": "home", "blocks": blocks})
    for listeners, page in shown:
        listeners.edge.dispatch.query(Homes).keep_shown(person, page)


def _send(shared_edge: SharedEdge, person: str, over: str, page: dict[str, Any]) -> None:
    call(shared_edge.client.views_publish, user_id=person, view=page, **({"hash": over} if over else {}))


def _drawn(
    found: list[TenantListeners], person: str
) -> tuple[list[tuple[TenantListeners, HomePage]], list[dict[str, Any]]]:
    """What is shown of which tenants, and the blocks of the page."""
    shown: list[tuple[TenantListeners, HomePage]] = []
    blocks: list[dict[str, Any]] = []
    left_out: list[str] = []
    for listeners in found:
        if left_out:
            left_out.append(_command(listeners))
            continue
        page = listeners.edge.dispatch.query(Homes).page(person)
        alone = view.page(page, person, listeners.edge.zone).to_dict()["blocks"]
        drawn = signed_blocks(addressed(alone, listeners.signature.alias), listeners.signature)
        if blocks and len(blocks) + len(drawn) > MOST:
            left_out.append(_command(listeners))
        else:
            shown.append((listeners, page))
            blocks += drawn
    rest: list[Block] = [] if found else [section(NOTHING)]
    more = f", and {len(left_out) - MOST_NAMED} more" if len(left_out) > MOST_NAMED else ""
    named = f"And {len(left_out)} more: {', '.join(left_out[:MOST_NAMED])}{more}"
    rest += small([named] if left_out else [])
    return shown, [*blocks, *(block.to_dict() for block in rest)]


def _command(listeners: TenantListeners) -> str:
    return f"`/legacytls @{listeners.signature.alias} status`"
