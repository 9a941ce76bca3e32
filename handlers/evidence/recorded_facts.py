"""Read what is on record of days, pairings, heads and stamps, and which rows Exchange must hold.

While a pack is made the facts of each row are kept on disk: in memory they took 2 KiB a row.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

from handlers.evidence.audit_pairing import Made
from handlers.evidence.proof.cells import text_of
from handlers.evidence.proof.change import Change
from handlers.evidence.proof.facts import Facts
from handlers.evidence.proof.missing import instant_of, needs_a_row
from handlers.evidence.proof.tables import RECONCILIATION
from storage.engine import Database
from storage.ledger import Ledger
from storage.record.evidence_queries import STATEMENTS, told_by_change
from storage.record.export import events_of_kinds
from storage.temporary_files import spooling


def known_facts(ledger: Ledger) -> Facts:
    """Return everything that was ever stated; a statement a day. Raises ``Unreachable``."""
    facts = Facts()
    for event in events_of_kinds(ledger.database, ledger.tenant_id, 0, STATEMENTS):
        facts.take(event)
    return facts


def made_since(ledger: Ledger, since: datetime) -> list[Made]:
    """Return the changes that took effect by a write and were sent or noticed from ``since`` on.

    Raises ``Unreachable``.
    """
    told = told_changes(ledger.database, ledger.tenant_id, None)
    found = (_made(change) for change in told if needs_a_row(change))
    return [made for made in found if made.at >= since - timedelta(minutes=1)]


def _made(change: Change) -> Made:
    return Made(
        number=change.number,
        outside=change.outside,
        value=text_of(change.opened.get("to_value")),
        sent_at=() if change.outside else tuple(instant_of(at) for at in change.sent_at),
        noticed_at=instant_of(text_of(change.opened.get("created_at"))),
    )


def told_changes(database: Database, tenant_id: str, up_to: int | None) -> Iterator[Change]:
    """Yield every change by number, from events up to ``up_to`` (``None``: all). Raises ``Unreachable``."""
    told = told_by_change(database, tenant_id, up_to)
    for number, events in groupby(told, key=lambda event: event.request_id or 0):
        change = Change(number)
        for one in events:
            event = {
                "seq": one.seq,
                "at": one.at,
                "kind": one.kind,
                "actor": one.actor,
                "payload": one.payload,
            }
            change.take(event)
        yield change


@contextmanager
def spooled_facts() -> Iterator[Facts]:
    """Hold facts whose rows are on disk, until the end.

    Raises ``OSError`` where there is no space for them.
    """
    with spooling() as spooled:
        sort = partial(spooled.in_order, width=len(RECONCILIATION))
        yield Facts(
            rows=spooled.latest("rows"),
            authors=spooled.latest("authors"),
            changes=spooled.latest("changes"),
            in_order=sort,
        )
