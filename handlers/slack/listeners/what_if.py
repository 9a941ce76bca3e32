"""Answer ``/legacytls whatif 12`` and the button beside *Approve*: what a vote would do.

For every full member, like status and history.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from handlers.queries.what_if import Settled, WhatIfs
from handlers.slack.command_text import request_number
from handlers.slack.edge import PROGRESS_AFTER, Edge, Reply
from handlers.slack.parsing import Malformed
from handlers.slack.views import help_and_history
from handlers.slack.views import what_if as view


def command(edge: Edge, reply: Reply, body: Mapping[str, Any]) -> None:
    """Answer the command of somebody who may read. Raises ``Unavailable`` and ``NoSuchRequest``."""
    try:
        number = request_number(str(body.get("text") or ""))
    except Malformed:
        reply.say(f"{view.NO_NUMBER} {_example(edge)}")
        return
    if number is None:
        reply.say(_example(edge))
    else:
        _answer(edge, reply, number)


def press(edge: Edge, reply: Reply, number: int) -> None:
    """Answer the button, for whoever may read. Raises as ``command``."""
    if reply.admits("whatif", edge.dispatch.may_read(reply.person), number):
        _answer(edge, reply, number)


def _answer(edge: Edge, reply: Reply, number: int) -> None:
    edge.executor.follow(partial(reply.progress, help_and_history.reading_now()), delay=PROGRESS_AFTER)
    try:
        found = edge.dispatch.query(WhatIfs).of(number, reply.person)
    except Settled as settled:
        reply.say(str(settled))
    else:
        reply.finish(view.what_if(found, edge.zone))


def _example(edge: Edge) -> str:
    request = edge.dispatch.query(WhatIfs).open_number()
    return view.name_one(request) if request else f"{view.NONE_OPEN} {view.name_one(12)}"
