"""Hand out a period's evidence in Slack to operators and approvers, and record that.

The zip stands on disk until it is sent: Slack wants its length first, and memory stays flat.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Final

from handlers.context.context import Context
from handlers.evidence.pack import Made, Naming, Pack
from handlers.evidence.reconciliation import Reconciliation
from handlers.policy.periods import Period
from handlers.ports import AuditSearch, Unavailable

PIECE: Final = 64 * 1024
"""Bytes that are handed on together."""


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A pack as a file, and what it says of itself."""

    made: Made
    length: int
    file: IO[bytes]

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes, from the first one."""
        self.file.seek(0)
        while piece := self.file.read(PIECE):
            yield piece


class EvidenceFiles:
    """Makes the packs of one tenant for people in Slack."""

    def __init__(self, context: Context, search: AuditSearch) -> None:
        self._context = context
        self._reconciliation = Reconciliation(context.ledger, search, operators=context.rule.operators)

    @contextmanager
    def file(self, person: str, period: Period, named: Naming) -> Iterator[EvidenceFile]:
        """Yield the pack, up to the event of this very request for it; gone when the block ends.

        Raises ``Unreachable``.
        """
        ledger, now = self._context.ledger, self._context.now()
        with ledger.recording(now) as entry:
            entry.record(
                "exported", person, {"format": "evidence", "from": str(period.first), "to": str(period.last)}
            )
        not_found_out = self._searched(period)
        with TemporaryFile() as file:
            pack = Pack(ledger.database, ledger.tenant_id, period, named=named, not_found_out=not_found_out)
            made = pack.write(file)
            yield EvidenceFile(made, file.tell(), file)

    def _searched(self, period: Period) -> list[str]:
        try:
            self._reconciliation.on_demand(period, self._context.now())
        except Unavailable as away:
            return [f"Exchange's audit log could not be searched: {away.sentence}"]
        return []
