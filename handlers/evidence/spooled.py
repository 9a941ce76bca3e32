"""Hold what is known of each row of Exchange's audit log on disk while a pack is made.

In memory it took 2 KiB a row.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from handlers.evidence.proof.facts import Facts
from handlers.evidence.proof.tables import RECONCILIATION
from storage.temporary import spooling


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
