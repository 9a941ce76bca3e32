"""Carry one id from a click to its cmdlet: on log lines meanwhile, and on rows kept.

It is a help for whoever reads logs. Nothing is judged by it, and the record proves itself without it.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from structlog.contextvars import bind_contextvars, get_contextvars, reset_contextvars

NAME = "correlation_id"


@contextmanager
def correlated(correlation_id: str | None = None) -> Iterator[str]:
    """Give everything logged and written inside, on this thread, one id; a new one unless it is given."""
    chosen = correlation_id or uuid.uuid4().hex
    before = bind_contextvars(**{NAME: chosen})
    try:
        yield chosen
    finally:
        reset_contextvars(**before)


def caused() -> dict[str, str]:
    """Return the column that says what caused a row; nothing where nobody's act is under way."""
    chosen = get_contextvars().get(NAME)
    return {} if chosen is None else {NAME: chosen}
