"""``legacytls devices`` and ``devices import`` as processes: tables, JSON, CSV, exit codes."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from storage import register
from storage.devices.records import DeviceAct, DeviceState
from storage.engine import Database
from storage.ledger import Ledger
from tests.bot.machine import Outcome, command
from tests.handlers.register.test_files import HEADER, REPORT
from tests.sentences import says
from tests.storage.states import ALICE, CAROL, NOW, TENANT, proposed


class Machine:
    """A folder with a database, in which verbs are run."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.settings = {"DATABASE_URL": url, "AZURE_TENANT_ID": TENANT}

    def run(self, *arguments: str) -> Outcome:
        return command(*arguments, settings=self.settings, folder=self.folder)

    def json(self, *arguments: str) -> Any:
        ran = self.run(*arguments, "--json")
        assert (ran.code, ran.err) == (0, "")
        return json.loads(ran.out)

    def file(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return str(self.folder / name)


@pytest.fixture
def machine(tmp_path: Path, migrated_sqlite_url: str) -> Machine:
    return Machine(tmp_path, migrated_sqlite_url)


@pytest.fixture
def ledger(migrated_sqlite_url: str) -> Ledger:
    return Ledger(Database(migrated_sqlite_url), TENANT)


def test_an_empty_register_is_an_answer(machine: Machine) -> None:
    assert machine.json("devices") == {
        "devices": [],
        "counts": {"proposed": 0, "active": 0, "overdue": 0, "orphaned": 0, "unregistered": 0},
        "report": None,
    }


def test_devices_are_told_to_machines_people_and_spreadsheets(machine: Machine, ledger: Ledger) -> None:
    with ledger.recording(NOW) as entry:
        first = proposed(entry, device="=Scanner")
        register.act(
            entry, proposed(entry, device="Fax"), DeviceAct.REPLACED, actor=ALICE, to=DeviceState.REPLACED
        )
    machine.run("devices", "import", machine.file("a.csv", REPORT.encode()), "--to", "2026-11-20")
    found = machine.json("devices")
    assert found["devices"][0] == {
        "id": f"D{first.id}",
        "device": "=Scanner",
        "sender": "scan@contoso.com",
        "site": "Zürich",
        "owner": CAROL,
        "protocol": "smtp-auth",
        "reason": "Its firmware speaks TLS 1.0",
        "plan": "A new one is ordered",
        "due": "2026-12-15",
        "state": "proposed",
        "moves": 0,
        "last_seen": "2026-11-20",
        "tls10": 100.0,
        "tls11": 0.0,
        "tls12": 0.0,
        "messages": 12,
    }
    assert (found["devices"][1]["state"], found["counts"]["proposed"]) == ("replaced", 1)
    assert (found["report"]["from"], found["report"]["to"]) == (None, "2026-11-20")
    rows = list(csv.DictReader(io.StringIO(machine.run("devices", "--csv").out)))
    assert [row["device"] for row in rows] == ["'=Scanner", "Fax"]
    text = machine.run("devices").out
    assert text.splitlines()[0] == says("device_counts")
    assert f"D{first.id}  =Scanner" in text


def test_a_report_is_imported_once(machine: Machine, ledger: Ledger) -> None:
    with ledger.recording(NOW) as entry:
        lost = proposed(entry, sender="lost@contoso.com")
    path = machine.file("report.csv", REPORT.encode("utf-16"))
    expected = {
        "kind": "smtp-auth-clients",
        "rows": 2,
        "legacy": 1,
        "registered": 0,
        "unregistered": ["scan@contoso.com"],
        "unseen": [f"D{lost.id}"],
        "modern": [],
        "skipped": [],
    }
    assert machine.json("devices", "import", path) == expected
    assert machine.json("devices", "import", path) == expected
    assert says("report_imported_before") in machine.run("devices", "import", path).out
    with ledger.reading() as reader:
        assert len([event for event in reader.events() if event.kind == "report_imported"]) == 1


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"wer,was\nscan@contoso.com,1\n", "--map"),
        (b"device,sender,owner,due\nScanner,scan@contoso.com,U0ERIN,2026-12-01\n", "in Slack"),
        (b"PK\x03\x04zip", "zip"),
        (b"x" * (26 * 2**20), "at most 25"),
    ],
)
def test_what_is_not_understood_is_refused_whole(machine: Machine, data: bytes, says: str) -> None:
    ran = machine.run("devices", "import", machine.file("odd.csv", data), "--json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Nothing was imported. ")
    assert says in ran.err


def test_a_file_that_is_not_there_and_a_wrong_call_end_with_two(machine: Machine) -> None:
    assert machine.run("devices", "import", "nowhere.csv").code == 2
    assert machine.run("devices", "import").code == 2
    assert machine.run("devices", "import", "x", "--map", "sender").code == 2
    wrong_way = machine.run(
        "devices", "import", machine.file("a", REPORT.encode()), "--from", "2026-11-20", "--to", "2026-11-01"
    )
    assert (wrong_way.code, says("period_ends_before_it_begins") in wrong_way.err) == (2, True)


def test_columns_are_mapped_at_the_command_line(machine: Machine) -> None:
    text = HEADER.replace("TLS 1.0 (percentage)", "alt").replace("TLS 1.1 (percentage)", "älter")
    path = machine.file("a.csv", f"{text}\nscan@contoso.com,x,100,0,0,1\n".encode("cp1252"))
    assert machine.run("devices", "import", path).code == 2
    found = machine.json("devices", "import", path, "--map", "tls10=alt", "--map", "tls11=älter")
    assert (found["legacy"], found["unregistered"]) == (1, ["scan@contoso.com"])
