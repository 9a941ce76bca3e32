"""Send ``/legacytls evidence 2026-Q4`` as a file in a direct message to operators and approvers."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from handlers.evidence.evidence_file import EvidenceFile
from handlers.policy.periods import Period, WrongPeriod, spelled_period
from handlers.queries.export import Exports, StillExporting
from handlers.slack.client.directory import Names
from handlers.slack.edge import PROGRESS_AFTER, Edge, Reply
from handlers.slack.parsing import invocation
from handlers.slack.views.blocks import Message

UNDER_WAY = "The evidence is being put together; it comes as a direct message. A year takes some seconds."
NAMED = 3
"""Gaps that are named in the answer; the file has all of them."""


def command(edge: Edge, reply: Reply, body: Mapping[str, Any]) -> None:
    """Answer the command of whoever may have it. Raises ``Unavailable`` and ``Unreachable``."""
    dispatch, person = edge.dispatch, reply.person
    if not reply.admits("evidence", dispatch.query(Exports).may_export(person)):
        return
    try:
        words = str(body.get("text") or "").split()[1:]
        period = spelled_period(" ".join(words), edge.around.now().date())
    except WrongPeriod as wrong:
        reply.say(str(wrong))
        return
    if not dispatch.is_first(invocation(body)):
        return  # a copy, whatever replica it was sent to
    edge.executor.follow(partial(reply.progress, Message(text=UNDER_WAY)), delay=PROGRESS_AFTER)
    try:
        with (
            dispatch.query(Exports).place_of(person),
            dispatch.evidence.file(person, period, Names(edge.client)) as file,
        ):
            reply.say(_sent(reply, period, file))
    except StillExporting as still:
        reply.say(str(still))


def _sent(reply: Reply, period: Period, file: EvidenceFile) -> str:
    """Send the file; returns what is said of it."""
    name = f"legacytls-evidence-{period.first}-{period.last}.zip"
    reply.send_file(name, file.length, file.pieces())
    where = f"The evidence is in our direct messages, as `{name}`."
    if file.made.proven:
        return f"{where} It proves that it is complete; begin with its index.html."
    gaps = " ".join(file.made.missing[:NAMED])
    more = f" And {len(file.made.missing) - NAMED} more." if len(file.made.missing) > NAMED else ""
    return f"{where} It does not prove that it is complete: {gaps}{more}"
