"""Have each day's head stamped by an outside service, so that the past cannot be rewritten.

The token is kept as an event: it is in every export, and in the stream. A head that could not be stamped
stays a named gap.
"""

import base64
from datetime import datetime, timedelta

from handlers.evidence.known import known_facts
from handlers.evidence.proof.facts import Facts
from handlers.evidence.proof.missing import instant_of
from handlers.ports import TimeStamps
from storage.integrity.canonical import stamp
from storage.ledger import BOT, Ledger

TRIED_FOR = timedelta(days=7)
"""For so long a head is offered to be stamped; a late stamp is better than none, and says so."""


class Stamping:
    """Has the heads of one tenant's days stamped, the newest first."""

    def __init__(self, ledger: Ledger, service: TimeStamps) -> None:
        self._ledger = ledger
        self._service = service

    def keep(self, now: datetime) -> int:
        """Have every head stamped that is not; returns how many.

        Raises ``Unavailable`` and ``Unreachable``.
        """
        waiting = _unstamped(known_facts(self._ledger), now)
        for seq, digest in waiting:
            made = self._service.stamp(f"{seq}:{digest}".encode("ascii"))
            said = {
                "seq": seq, "hash": digest, "at": stamp(made.at), "authority": made.authority,
                "verified": made.verified, "token": base64.b64encode(made.token).decode("ascii"),
            }  # fmt: skip
            with self._ledger.recording(now) as entry:
                entry.record("timestamped", BOT, said)
        return len(waiting)


def _unstamped(facts: Facts, now: datetime) -> list[tuple[int, str]]:
    """Number and hash of the heads that are to be stamped, the newest first."""
    known = sorted(facts.day_heads.values(), reverse=True)
    return [
        (seq, digest)
        for seq, digest, at in known
        if seq not in facts.stamps and instant_of(at) > now - TRIED_FOR
    ]
