"""Take a file in ``/legacytls devices import``, fetched and read once acknowledged.

Must never fetch from an address that is not Slack's.
"""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

from slack_bolt import Ack, Respond

from handlers.register.files.decoding import LARGEST, NotRead
from handlers.register.imports import REVERSED, Period
from handlers.slack.client.files import fetched
from handlers.slack.edge import BUSY, Edge, Reply
from handlers.slack.parsing import Malformed, file_address, identity, person_of, values
from handlers.slack.views import device_import


def opened(edge: Edge, reply: Reply, body: Mapping[str, Any]) -> None:
    """Open the form for whoever may put devices on the register. Raises ``Unavailable``."""
    if _may(edge, reply):
        edge.open_form(body, device_import.form(channel=reply.channel))


def submitted(edge: Edge, ack: Ack, body: Mapping[str, Any]) -> None:
    """Acknowledge the form, then import what it names. Raises ``Malformed``."""
    view = body["view"]
    channel = str(view.get("private_metadata") or "")
    reply = Reply(edge, Respond(response_url=None), person=person_of(body), channel=identity(channel) if channel else "")
    address, period = file_address(view, device_import.FILE), _period(view)
    if period.first_day and period.last_day and period.first_day > period.last_day:
        ack(response_action="errors", errors={device_import.LAST_DAY: REVERSED})
        return
    ack()
    if not edge.do(reply, partial(_import, edge, reply, address, period)):
        edge.executor.follow(lambda: reply.say(BUSY))


def _import(edge: Edge, reply: Reply, address: str, period: Period) -> None:
    if not _may(edge, reply):
        return
    try:
        data = fetched(edge.client, address, most=LARGEST + 1)
        found = edge.dispatch.register.imports.take(data, period=period, by=reply.person)
    except NotRead as unread:
        reply.say(str(unread))
    else:
        reply.finish(device_import.imported(found))


def _may(edge: Edge, reply: Reply) -> bool:
    verdict = edge.dispatch.register.may_add(reply.person)
    if not verdict.allowed:
        reply.refuse("import_devices", verdict)
    return verdict.allowed


def _period(view: Mapping[str, Any]) -> Period:
    filled = values(view)
    try:
        days = ["".join(filled.get(field, [])) for field in (device_import.FIRST_DAY, device_import.LAST_DAY)]
        first, last = (date.fromisoformat(day) if day else None for day in days)
    except ValueError as wrong:
        raise Malformed("a day of the report is none") from wrong
    return Period(first, last)
