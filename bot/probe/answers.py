"""Show ``legacytls probe``: a table at a terminal, lines elsewhere, JSON for machines."""

import json
import sys
from collections.abc import Sequence

from bot.probe.run import probe
from bot.terminal import is_terminal, line, progress, table
from handlers.probe_ports import ProbeOutcome, ProbeRow, ProbeTarget

COLUMNS = ("Endpoint", "TLS", "Outcome", "Detail")
PROVES = (
    "This is what the endpoints do towards this machine, never whether the tenant is opted in: `legacytls "
    "status` tells that."
)

TOLD = frozenset({ProbeOutcome.ACCEPTED, ProbeOutcome.REFUSED})
"""Outcomes that say something of the endpoint."""


def probe_and_show(targets: Sequence[ProbeTarget], *, as_json: bool) -> int:
    """Probe each endpoint once and write the result; returns 1 where a version could not be told, else 0."""
    targets = tuple(dict.fromkeys(targets))
    with progress(
        f"Probing {', '.join(map(str, targets))}: one connection a TLS version, 5 seconds each at most…"
    ):
        rows = probe(targets)
    if as_json:
        sys.stdout.write(json.dumps([_data(row) for row in rows], indent=2) + "\n")
    else:
        _show(rows)
    return 0 if all(row.outcome in TOLD for row in rows) else 1


def _show(rows: Sequence[ProbeRow]) -> None:
    if is_terminal():
        table(COLUMNS, [(str(row.target), row.tls.value, row.outcome.value, row.detail) for row in rows])
    else:
        for row in rows:
            line(f"{row.target}  TLS {row.tls}  {row.outcome}: {row.detail}")
    line(PROVES)


def _data(row: ProbeRow) -> dict[str, str | int]:
    return {
        "host": row.target.host,
        "port": row.target.port,
        "tls": row.tls.value,
        "outcome": row.outcome.value,
        "detail": row.detail,
    }
