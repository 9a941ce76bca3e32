"""A record in which much happens, the pack of it, and what an auditor does with that: unpack it and run its
checker alone."""

import base64
import hashlib
import io
import subprocess
import sys
import zipfile
from datetime import date, timedelta
from pathlib import Path

from handlers.evidence.pack import Made, Naming, Pack
from handlers.policy.periods import Period
from handlers.probe_ports import ProbeOutcome, ProbeRow, ProbeTarget, TlsVersion
from handlers.queries.probe import ProbeNews
from handlers.register.commands import ChangeDay, Replaced
from handlers.register.report_imports import Imports
from handlers.register.report_imports import Period as Days
from storage.records import SettingValue
from tests.handlers.driver import ALICE, BOB, CAROL, ERIN, TENANT, House
from tests.handlers.register.registering import added, day, do
from tests.handlers.register.test_files import HEADER

PERIOD = Period(date(2026, 11, 1), date(2026, 11, 30))
HOSTILE = '=HYPERLINK("https://evil.example"),<script>alert(1)</script>\nsecond line & "quoted"'
NAMES = {ALICE: "Alice", BOB: "Bob <b>", CAROL: "=Carol"}


def story(house: House) -> None:
    """An opt-in with all its votes, one rejected, an opt-out, a change from outside, and what the bot records
    of each day."""
    first = house.ask(ALICE, clients=HOSTILE)
    house.approve(BOB, first.id)
    house.work()
    house.clock.advance(hours=3)
    extension = house.ask(BOB, kind="extension", day=(house.clock.at + timedelta(days=40)).date().isoformat())
    house.reject(CAROL, extension.id)
    house.work()
    house.clock.advance(days=1)
    house.opt_out(CAROL)
    house.work()
    house.clock.advance(hours=2)
    house.tenant.value = SettingValue.OPTED_IN
    house.observe()
    house.work()
    said(house, "day", {"day": "2026-11-23", "value": "opted in", "minutes_unobserved": 90, "over": True})
    head = house.events("day")[-1]
    said(
        house,
        "head_posted",
        {"seq": head.seq, "hash": head.hash, "permalink": "https://contoso.slack.com/archives/C1/p1"},
    )
    token = base64.b64encode(
        b"DER" + hashlib.sha256(f"{head.seq}:{head.hash}".encode()).digest() + b"DER"
    ).decode()
    said(
        house,
        "timestamped",
        {"seq": head.seq, "hash": head.hash, "at": "2026-11-24T15:00:00.000000Z", "token": token},
    )
    probed(house)
    rows = [
        row("a", "2026-11-23T12:00", "=app", "opted in", 1),
        row("b", "2026-11-24T17:00", "erin@contoso.example", "opted in", 4),
        row("c", "2026-11-24T15:00", "", "opted out", 3),
    ]
    changes = [{"number": number, "at": rows[0]["at"], "matched": "yes"} for number in (1, 3, 4)]
    until = (house.clock.at + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    said(
        house,
        "reconciled",
        {"from": "2026-11-01T00:00:00.000000Z", "until": until, "rows": rows, "changes": changes},
    )
    registered(house)


def probed(house: House) -> None:
    """A legacy host takes every version, and a moment later TLS 1.0 no more."""
    target = ProbeTarget("smtp-legacy.office365.com", 587)
    for refused in ((), (TlsVersion.TLS10,)):
        house.clock.advance(seconds=1)
        found = {tls: ProbeOutcome.REFUSED if tls in refused else ProbeOutcome.ACCEPTED for tls in TlsVersion}
        ProbeNews(house.context).keep([ProbeRow(target, tls, outcome, "") for tls, outcome in found.items()])


def registered(house: House) -> None:
    """Two entries of the register and reports from before and after: the second entry was seen before it was
    one, and is gone."""
    first = added(house, device='=cmd|"x"!A1', site="<b>Hall</b>")
    seen(house, "2026-11-10", "scan@contoso.com,x,40,0,60,12", "erp@contoso.com,x,0,25,75,8")
    second = added(house, device="ERP", sender="erp@contoso.com")
    do(house, ALICE, ChangeDay(first.id, day(house, 4), ""))
    do(house, ERIN, Replaced(second.id))
    seen(house, "2026-11-20", "scan@contoso.com,x,10.5,0,89.5,3")


def seen(house: House, last: str, *rows: str) -> None:
    """Import a report that ends with a day."""
    data = "\n".join([HEADER, *rows]).encode()
    Imports(house.ledger, house.context.zone, house.clock).take(
        data, period=Days(None, date.fromisoformat(last))
    )


def row(name: str, at: str, actor: str, value: str, number: int) -> dict[str, object]:
    """A row of the audit log that was paired with a change."""
    told = {"id": name, "at": f"{at}:00.000000Z", "actor": actor, "value": value}
    return {**told, "result": "succeeded", "matched": "yes", "number": number, "why": "the bot sent it then"}


def said(house: House, kind: str, payload: dict[str, object]) -> None:
    with house.ledger.recording(house.clock()) as entry:
        entry.record(kind, "bot", payload)


def made(
    house: House, period: Period = PERIOD, named: Naming | None = lambda person: NAMES.get(person, "")
) -> tuple[bytes, Made]:
    """The pack's bytes, and what it says of itself."""
    written = io.BytesIO()
    outcome = Pack(house.database, TENANT, period, named=named).write(written)
    return written.getvalue(), outcome


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        return {name: pack.read(name) for name in pack.namelist()}


def put(files: dict[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return folder


def check(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the checker as an auditor does, with nothing of ours to import."""
    run = subprocess.run(
        [sys.executable, "-I", "verify.py", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.stderr == "", run.stderr
    return run.returncode, run.stdout
