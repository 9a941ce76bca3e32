"""Answer ``/legacytls probe``: which TLS versions endpoints take; tell the channel once when that changes.

Which endpoints that are the operator's settings say, never who asks: nobody scans the network through the
bot. A probe is made once for all who wait, and at most once a minute. That an endpoint could not be reached,
or not be told, is no news about it.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from handlers.context.context import Context
from handlers.context.rate_limits import MINUTE, Monotonic
from handlers.outgoing.news import ProbeChanged
from handlers.outgoing.notices import enqueue_announcement
from handlers.probe_ports import Probe, ProbeOutcome, ProbeRow, ProbeTarget, TlsVersion
from storage.engine import Unreachable
from storage.ledger import BOT, Entry
from storage.probes import Kept, KnownVersion, keep_version, known_versions


@dataclass(frozen=True, slots=True)
class Probed:
    """One answer to ``probe``; without rows where it met a defect."""

    rows: tuple[ProbeRow, ...]
    age: float | None = None
    """Seconds since it was probed, where it is shown again; ``None``: probed just now."""


class Probing:
    """Answers ``probe``: one at a time, shared by all who ask meanwhile, and shown again for a minute."""

    def __init__(
        self,
        probe: Probe,
        after: Callable[[Sequence[ProbeRow]], None] = lambda rows: None,
        *,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        """``after`` is handed what was found once those who waited for it are answered."""
        self._probe = probe
        self._after = after
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._waiting: list[Callable[[Probed], None]] = []
        self._newest: tuple[ProbeRow, ...] | None = None
        self._at = 0.0

    def ask(self, answer: Callable[[Probed], None]) -> None:
        """Call ``answer`` with what the endpoints do: at once where known, else by whoever probes.

        Whoever asks first probes, for up to half a minute; all others return at once.
        """
        with self._lock:
            known, age = self._newest, self._monotonic() - self._at
            if known is None or age >= MINUTE:
                self._waiting.append(answer)
                if len(self._waiting) > 1:
                    return  # somebody is at it
                known = None
        if known is not None:
            answer(Probed(known, age))
        else:
            self._run()

    def _run(self) -> None:
        rows: tuple[ProbeRow, ...] = ()
        try:
            rows = tuple(self._probe())
        finally:
            with self._lock:
                waiting, self._waiting = self._waiting, []
                if rows:
                    self._newest, self._at = rows, self._monotonic()
            for answer in waiting:
                answer(Probed(rows))
        self._after(rows)


OLD = (TlsVersion.TLS10, TlsVersion.TLS11)
"""The versions for which there are legacy hosts."""

_KNOWN = {ProbeOutcome.ACCEPTED: True, ProbeOutcome.REFUSED: False}


class ProbeNews:
    """Keeps what each probe found, and says what has changed since the one before."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def keep(self, rows: Sequence[ProbeRow]) -> None:
        """Keep the outcomes; if the database is away, the next probe compares with the same last ones."""
        now = self._context.now()
        with suppress(Unreachable):
            with self._context.ledger.recording(now) as entry:
                for target, of_target in groupby(rows, key=lambda row: row.target):
                    self._keep(entry, target, list(of_target))
            self._context.wake_worker()

    def _keep(self, entry: Entry, target: ProbeTarget, rows: Sequence[ProbeRow]) -> None:
        """Record what is known of an endpoint for the first time, or anew; only a change is told."""
        kept = [(row, _keep_row(entry, row)) for row in rows]
        taken, refused = _versions(row for row, how in kept if how is not Kept.SAME)
        if taken or refused:
            found = {"accepted": taken, "refused": refused}
            entry.record("probed", BOT, {"host": target.host, "port": target.port, **found})
        taken, refused = _versions(row for row, how in kept if how is Kept.CHANGED)
        if taken or refused:
            known = known_versions(entry.connection, entry.tenant_id)
            useless = serves_nothing(known, target) and target.host in self._context.cloud.legacy_hosts
            told = ProbeChanged(
                target=str(target), taken=", ".join(taken), refused=", ".join(refused), useless=useless
            )
            enqueue_announcement(entry, f"probe:{target}:{entry.now.isoformat()}", told)

    def is_due(self, targets: Collection[ProbeTarget], every: timedelta) -> bool:
        """Tell whether one of these was never probed, or too long ago. Raises ``Unreachable``."""
        with self._context.ledger.reading() as reader:
            known = known_versions(reader.connection, self._context.ledger.tenant_id)
        tried = {ProbeTarget(one.host, one.port): one.tried_at for one in known}
        now = self._context.now()
        return any(target not in tried or now >= tried[target] + every for target in targets)


def serves_nothing(known: Sequence[KnownVersion], target: ProbeTarget) -> bool:
    """Tell whether an endpoint is known to take neither TLS 1.0 nor TLS 1.1."""
    return all(
        any(
            (one.host, one.port, one.tls, one.accepted) == (target.host, target.port, old.value, False)
            for one in known
        )
        for old in OLD
    )


def _versions(rows: Iterable[ProbeRow]) -> tuple[list[str], list[str]]:
    """Of these rows the versions that are taken, and those that are refused."""
    found = list(rows)
    taken, refused = (
        [row.tls.value for row in found if row.outcome is outcome]
        for outcome in (ProbeOutcome.ACCEPTED, ProbeOutcome.REFUSED)
    )
    return taken, refused


def _keep_row(entry: Entry, row: ProbeRow) -> Kept:
    return keep_version(
        entry.connection, entry.tenant_id,
        host=row.target.host, port=row.target.port, tls=row.tls.value, accepted=_KNOWN.get(row.outcome),
        at=entry.now,
    )  # fmt: skip
