"""Show ``legacytls devices`` and ``devices import``: as JSON, as a table, or as CSV.

Nothing is sent to Slack; where there is a token it is asked who the owners are.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.process import utc_now
from bot.reports.slack_names import names_of
from bot.reports.status_and_history import ledger_of
from bot.settings.model import Settings
from bot.terminal import inert, is_terminal, line, table
from handlers.evidence.proof.tables import DEVICES
from handlers.register.burn_down import Devices, Listed, Overview, pace_line
from handlers.register.files.decoding import LARGEST, NotRead
from handlers.register.report_imports import Imported, Imports, Period, imported_lines
from handlers.slack.views.plain_text import Names
from storage.integrity.canonical import stamp
from storage.record import spreadsheet_cells

COLUMNS = ("", "Device", "Sender", "Owner", "Due", "State", "Moved", "TLS 1.0", "TLS 1.1", "Last seen")
NOT_UNDERSTOOD = 2


def import_or_show(settings: Settings, options: argparse.Namespace) -> int:
    """Do what the command line says: only ``import`` names a file. Returns the exit code."""
    if "file" in options:
        period = Period(options.first_day, options.last_day)
        return import_file(
            settings, options.file, period=period, named=dict(options.map), as_json=options.json
        )
    return show_devices(settings, as_json=options.json, as_csv=options.csv)


def show_devices(settings: Settings, *, as_json: bool, as_csv: bool) -> int:
    """Print the register; returns the exit code."""
    with ledger_of(settings) as ledger:
        overview, listed = Devices(ledger, settings.timezone, utc_now).everything()
    if as_json:
        sys.stdout.write(f"{json.dumps(devices_data(overview, listed), indent=2)}\n")
    elif as_csv:
        sys.stdout.write(spreadsheet_cells.row(DEVICES))
        for one in listed:
            sys.stdout.write(
                spreadsheet_cells.row(
                    "" if value is None else str(value) for value in device_data(one).values()
                )
            )
    else:
        _show(overview, [one for one in listed if one.device.is_standing], names_of(settings))
    return 0


def import_file(
    settings: Settings, path: Path, *, period: Period, named: Mapping[str, str], as_json: bool
) -> int:
    """Read a report and keep what it says; returns 2, and keeps nothing, where it was not understood."""
    try:
        data = _bytes(path)
        with ledger_of(settings) as ledger:
            found = Imports(ledger, settings.timezone, utc_now).take(data, period=period, named=named)
    except NotRead as refused:
        sys.stderr.write(f"Nothing was imported. {refused}\n")
        return NOT_UNDERSTOOD
    if as_json:
        sys.stdout.write(f"{json.dumps(imported_data(found), indent=2)}\n")
    else:
        for each in imported_lines(found):
            line(inert(each))
    return 0


def _bytes(path: Path) -> bytes:
    """The file, or as much of one that is too large as tells that. Raises ``NotRead``."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as unread:
        raise NotRead(f"The file {inert(str(path))} cannot be read: {unread.strerror}.") from unread


def devices_data(overview: Overview, listed: Sequence[Listed]) -> dict[str, Any]:
    """Return the register for machines; days as ``YYYY-MM-DD``, shares in percent, unknown as null."""
    counts, report = overview.counts, overview.report
    days = {"from": report.first_day, "to": report.last_day} if report else {}
    told = {name: day.isoformat() if day else None for name, day in days.items()}
    return {
        "devices": [device_data(one) for one in listed],
        "counts": {
            "proposed": counts.proposed,
            "active": counts.active,
            "overdue": counts.overdue,
            "orphaned": counts.orphaned,
            "unregistered": overview.unregistered,
        },
        "report": {**told, "imported_at": stamp(report.imported_at)} if report else None,
    }


def device_data(one: Listed) -> dict[str, Any]:
    """Return one entry for machines."""
    device, seen = one.device, one.seen
    return {
        "id": device.name,
        "device": device.device,
        "sender": device.sender,
        "site": device.site,
        "owner": device.owner_id,
        "protocol": device.protocol.value,
        "reason": device.reason,
        "plan": device.plan,
        "due": device.due.isoformat(),
        "state": device.state.value,
        "moves": device.moves,
        "last_seen": seen.last_seen.isoformat() if seen and seen.last_seen else None,
        "tls10": seen.tls10 if seen else None,
        "tls11": seen.tls11 if seen else None,
        "tls12": seen.tls12 if seen else None,
        "messages": seen.messages if seen else None,
    }


def imported_data(found: Imported) -> dict[str, Any]:
    """Return what a file says, for machines."""
    return {
        "kind": found.kind.value,
        "rows": found.rows,
        "legacy": found.legacy,
        "registered": found.registered,
        "unregistered": list(found.unregistered),
        "unseen": [f"D{number}" for number in found.unseen],
        "modern": [f"D{number}" for number in found.modern],
        "skipped": [{"row": one.row, "why": one.why} for one in found.skipped],
    }


def _show(overview: Overview, standing: Sequence[Listed], name: Names) -> None:
    counts = overview.counts
    line(
        f"{counts.active} active, {counts.proposed} proposed, {counts.overdue} overdue, {counts.orphaned} "
        "without an owner"
    )
    if overview.unregistered:
        line(f"{overview.unregistered} senders are still on old TLS and on nobody's list.")
    if told := pace_line(overview):
        line(f"By the week: {told}")
    rows = [_row(one, name) for one in standing]
    if is_terminal() and rows:
        table(COLUMNS, rows)
    else:
        for row in rows:
            line(inert("  ".join(row)))


def _row(one: Listed, name: Names) -> tuple[str, ...]:
    data = device_data(one)
    shares = (f"{data[key]:g} %" if data[key] is not None else "-" for key in ("tls10", "tls11"))
    device, owner = one.device, name(one.device.owner_id) if one.device.owner_id else "nobody"
    texts = (device.device.replace("\n", " "), device.sender, owner)
    return (
        device.name,
        *texts,
        data["due"],
        data["state"],
        str(device.moves),
        *shares,
        data["last_seen"] or "-",
    )
