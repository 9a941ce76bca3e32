"""Have an approved change wait for Exchange before it is sent.

Also says what waits and why, for whoever runs the bot.
"""

from datetime import timedelta

from handlers.changes.replication_lag import lags, may_be_on
from handlers.changes.transitions import is_outdated
from handlers.context.context import Context
from handlers.outgoing.enqueue import enqueue_reworded
from handlers.policy.rule import Rule
from handlers.ports import Reading, Unavailable
from storage.lifecycle import Kind, State
from storage.reading import Reader
from storage.records import ChangeRequest

OUTDATED_COPY = (
    "this copy of the bot runs with an earlier rule, so it leaves the change to a copy that runs with the "
    "present one"
)


def held_up(reader: Reader, rule: Rule) -> str | None:
    """Which changes wait and for what, a sentence each; ``None`` while nothing waits.

    Shows nothing that people typed.
    """
    outdated = is_outdated(reader, rule)
    told = []
    for request in reader.in_states({State.APPROVED, State.UNCERTAIN}):
        if request.state is State.UNCERTAIN or request.retry_at is not None:
            told.append(f"#{request.id}: {request.detail}")
        elif outdated:
            told.append(f"#{request.id}: {OUTDATED_COPY}.")
    return " ".join(told) or None


READ_PATIENCE = 20.0
"""Seconds a read before the write may take; it is tried again until the approval expires."""

BACKOFF = (5, 10, 20, 40, 60)
"""Seconds between tries while Exchange cannot be read."""

UNNAMED = (
    "Its answer did not say which tenant it is for. If this lasts, Exchange has changed its interface: "
    "please report it."
)

BEHIND = "One of its domain controllers does not know of the newest change yet."


class FirstReading:
    """Reads what a change is judged by."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def read(self, request: ChangeRequest) -> Reading | None:
        """The reading to judge by; without one, or with one that names no tenant, the request waits.

        So it does with one that lags behind, except for an opt-out: that is sent, which is right whatever the
        value is.
        """
        wait: float | None = None
        try:
            reading = self._context.setting.read(patience=READ_PATIENCE)
        except Unavailable as unread:
            why, wait = f"{unread.sentence} {unread.mend}", unread.retry_after
        else:
            if reading.organization and (request.kind is Kind.OPT_OUT or not self.in_doubt(request, reading)):
                return reading
            why = BEHIND if reading.organization else UNNAMED
        self.postpone(request, f"Waiting for Exchange, nothing has been sent: {why}".strip(), wait)
        return None

    def in_doubt(self, request: ChangeRequest, reading: Reading) -> bool:
        """Whether what was read may be what was so before, or will not be so for long."""
        now = self._context.now()
        with self._context.ledger.reading() as reader:
            return lags(reader, reading, now) or (request.kind is Kind.OPT_OUT and may_be_on(reader, now))

    def postpone(self, request: ChangeRequest, detail: str, retry_after: float | None) -> None:
        """Have a change wait, told on its message: the longer the older it is, at least ``retry_after`` s."""
        now = self._context.now()
        # asked for in the future: the clock was set back since
        waited = abs((now - request.created_at).total_seconds())
        wait = max(retry_after or 0, next((step for step in BACKOFF if step > waited / 4), BACKOFF[-1]))
        with self._context.ledger.recording(now) as entry:
            waiting = entry.postpone(request, until=now + timedelta(seconds=wait), detail=detail)
            enqueue_reworded(entry, request, waiting)
