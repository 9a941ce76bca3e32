"""A pack holds the population of a period and what proves it, is the same for the same record, and checks
itself alone."""

import ast
import csv
import errno
import io
import json
import os
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bot.reports.devices import device_data
from handlers.evidence.pack import Pack
from handlers.evidence.proof.cells import text_of
from handlers.evidence.proof.change import Change
from handlers.evidence.proof.register import DEVICE_ACTS, DEVICE_REPORT, LAST_SEEN_ALONE
from handlers.evidence.proof.tables import devices_of
from handlers.evidence.verifier import program
from handlers.policy.periods import Period
from handlers.register.burn_down import Devices
from handlers.register.commands import Replaced
from handlers.register.files.parsed_file import FileKind
from storage.devices.records import DEVICE_EVENTS
from storage.record.export import lines
from storage.sightings import IMPORTED
from tests.handlers.driver import ERIN, TENANT, House
from tests.handlers.evidence.packs import HOSTILE, PERIOD, check, made, put, story, unpacked
from tests.handlers.register.registering import added, do, requested
from tests.sentences import says
from tests.storage.spoiling import spoil

FILES = {
    "index.html", "population.csv", "approvals.csv", "attempts.csv", "days.csv", "devices.csv", "rules.jsonl",
    "settings.jsonl", "events.jsonl", "heads.csv", "reconciliation.csv", "probes.csv", "verify.py",
    "manifest.json", "people.csv",
}  # fmt: skip


@pytest.fixture
def told(both: House) -> House:
    story(both)
    return both


def rows(files: dict[str, bytes], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files[name].decode())))


def test_it_holds_every_file_of_the_contract_and_no_other(told: House) -> None:
    content, outcome = made(told)
    files = unpacked(content)
    assert {name for name in files if not name.startswith("timestamps/")} == FILES
    (head,) = told.events("day")
    assert {name for name in files if name.startswith("timestamps/")} == {
        f"timestamps/{head.seq}.{ext}" for ext in ("txt", "tsr")
    }
    assert files[f"timestamps/{head.seq}.txt"] == f"{head.seq}:{head.hash}".encode()
    manifest = json.loads(files["manifest.json"])
    assert manifest["missing"] == list(outcome.missing) == []
    assert (manifest["tenant"], manifest["from"], manifest["to"], manifest["proven"]) == (
        TENANT,
        "2026-11-01",
        "2026-11-30",
        True,
    )
    assert set(manifest["files"]) == set(files) - {"manifest.json"}


def test_the_same_record_makes_the_same_bytes(told: House) -> None:
    assert made(told)[0] == made(told)[0]


class Full(io.BytesIO):
    """A file for which there is no space."""

    def write(self, piece: object, /) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_no_space_left_ends_the_writing_though_another_thread_meets_it(house: House) -> None:
    story(house)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        Pack(house.database, TENANT, PERIOD).write(Full())


def test_the_population_has_a_row_for_each_request_and_each_change_from_outside(told: House) -> None:
    found = rows(unpacked(made(told)[0]), "population.csv")
    assert [(row["number"], row["kind"], row["outcome"]) for row in found] == [
        ("1", "opt_in", "applied"), ("2", "extension", "rejected"), ("3", "opt_out", "applied"),
        ("4", "outside", "observed"),
    ]  # fmt: skip
    first, _, _, outside = found
    assert (first["requester"], first["approvers"], first["from"], first["to"], first["read_back"]) == (
        "U0ALICE", "U0BOB", "not set", "opted in", "opted in",
    )  # fmt: skip
    assert first["requested_at"] <= first["approved_at"] <= first["applied_at"]
    assert first["requested_at"].endswith("Z")
    assert (outside["requester"], outside["requested_at"], outside["applied_at"]) == (
        "erin@contoso.example",
        "",
        "",
    )


def test_no_cell_is_run_as_a_formula_and_none_breaks_its_line(told: House) -> None:
    files = unpacked(made(told)[0])
    for name in (name for name in files if name.endswith(".csv")):
        text = files[name].decode()
        found = list(csv.reader(io.StringIO(text)))
        assert len(found) == text.count("\n"), name
        assert not [cell for row in found for cell in row if cell.startswith(("=", "+", "-", "@", "\t"))], (
            name
        )
    assert rows(files, "population.csv")[0]["devices"] == "'" + " ".join(HOSTILE.splitlines())


def test_the_devices_are_those_of_the_register_and_stay_as_they_were_when_the_period_ended(
    told: House,
) -> None:
    """Though the events alone are read: what reports say of senders stands in a table that is no part of the
    record."""
    _, listed = Devices(told.ledger, told.context.zone, told.clock).everything()
    expected = [{name: text_of(value) for name, value in device_data(one).items()} for one in listed]
    found = rows(unpacked(made(told)[0]), "devices.csv")
    assert found == [row | {"device": csv_cell(row["device"])} for row in expected]
    assert [(row["id"], row["state"], row["tls10"], row["tls11"]) for row in found] == [
        ("D1", "proposed", "10.5", "0.0"), ("D2", "replaced", "0.0", "25.0"),
    ]  # fmt: skip
    told.clock.advance(days=30)
    added(told, device="Fax")
    do(told, ERIN, Replaced(1))
    assert rows(unpacked(made(told)[0]), "devices.csv") == found
    later = made(told, Period(date(2026, 12, 1), date(2026, 12, 31)))[0]
    assert [row["state"] for row in rows(unpacked(later), "devices.csv")] == [
        "replaced",
        "replaced",
        "proposed",
    ]


def test_the_probes_are_those_last_known_when_the_period_ended(told: House) -> None:
    files = unpacked(made(told)[0])
    found = rows(files, "probes.csv")
    assert [(row["tls"], row["outcome"]) for row in found] == [
        ("1.0", "refused"), ("1.1", "accepted"), ("1.2", "accepted"), ("1.3", "accepted"),
    ]  # fmt: skip
    assert {(row["host"], row["port"]) for row in found} == {("smtp-legacy.office365.com", "587")}
    assert found[1]["since"] < found[0]["since"]
    assert "smtp-legacy.office365.com" in files["index.html"].decode()
    earlier = unpacked(made(told, Period(date(2026, 10, 1), date(2026, 10, 31)))[0])
    assert rows(earlier, "probes.csv") == []
    assert "smtp-legacy" not in earlier["index.html"].decode()


def csv_cell(text: str) -> str:
    return f"'{text}" if text.startswith("=") else text


def test_a_change_names_the_devices_that_it_is_for_as_they_were_approved(house: House) -> None:
    first, second = added(house), added(house, device="ERP")
    requested(house, first.id, second.id)
    do(house, ERIN, Replaced(first.id))
    assert {row["devices"] for row in rows(unpacked(made(house)[0]), "population.csv")} == {"D2"}


@pytest.mark.parametrize(
    ("devices", "typed", "cell"),
    [
        ([], "", ""),
        ([], "D9; D8", "D9; D8"),
        ([[3, "2026-12-01"]], "D3 Fax, @U0ERIN", "D3"),
        ([[3, "2026-12-01"], [4, "2026-12-01"]], "Two\nmore\nD3 Fax\nD4 ERP", "D3; D4; typed: Two\nmore"),
    ],
)
def test_typed_devices_are_told_from_entries(devices: list[list[object]], typed: str, cell: str) -> None:
    change = Change(1)
    payload = {"clients": typed, "devices": devices}
    change.take({"seq": 1, "at": "", "kind": "request_opened", "actor": "", "payload": payload})
    assert devices_of(change) == cell


def test_the_checker_knows_every_act_on_the_register() -> None:
    assert (DEVICE_ACTS, DEVICE_REPORT, LAST_SEEN_ALONE) == (DEVICE_EVENTS, IMPORTED, FileKind.SIGN_INS)


def test_the_events_are_those_of_the_export_up_to_the_head(told: House) -> None:
    files = unpacked(made(told)[0])
    assert files["events.jsonl"].decode() == "".join(lines(told.database, TENANT))
    kinds = {"rules.jsonl": "rule", "settings.jsonl": "settings"}
    for name, kind in kinds.items():
        mine = [line for line in files["events.jsonl"].splitlines() if json.loads(line)["kind"] == kind]
        assert files[name].splitlines() == mine


def test_a_later_event_that_says_nothing_of_the_period_is_left_out(told: House) -> None:
    before = made(told)[0]
    told.clock.advance(days=30)
    told.ask()
    assert made(told)[0] == before


def test_an_event_that_was_made_unreadable_is_told_and_everything_else_is_written(told: House) -> None:
    (day,) = told.events("day")
    spoil(told.database, f"UPDATE audit_events SET payload = '[' WHERE seq = {day.seq}")
    content, outcome = made(told)
    assert outcome.missing[0].startswith(f"The record is not sound: Event {day.seq} was altered")
    assert len(rows(unpacked(content), "population.csv")) == 4
    assert unpacked(content)["events.jsonl"].count(b"\n") == len(list(lines(told.database, TENANT)))


class Shape(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name == "src"], attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_runs_nothing_loads_nothing_and_escapes_what_people_typed(told: House) -> None:
    page = unpacked(made(told)[0])["index.html"].decode()
    shape = Shape(page)
    assert not {"script", "link", "img", "iframe", "b"} & set(shape.tags)
    assert "Proven to be complete." in shape.text
    assert "Alice (U0ALICE)" in shape.text
    assert "Bob <b> (U0BOB)" in shape.text
    assert re.search(r"kept: 1 of 1", shape.text)
    assert re.search(r"rejected<br>by =Carol \(U0CAROL\)<", page)
    assert re.search(r'#4<br>outside.*<span class="red">made outside the bot: nobody was asked</span>', page)
    assert page.count(">made outside") == 1
    row = "".join(f"<td>{cell}</td>" for cell in ("D2", "ERP, Zürich, erp@contoso.com", "U0ERIN"))
    assert row in page
    assert "url(" not in page


def test_the_page_begins_with_the_size_of_the_population_and_where_it_is_drawn_from(told: House) -> None:
    files = unpacked(made(told)[0])
    text = " ".join(Shape(files["index.html"].decode()).text.split())
    last, head = files["events.jsonl"].count(b"\n"), json.loads(files["manifest.json"])["head"]
    assert says("the_population", changes=4, outside=1, last=last, newest="2026-11-24", head=head) in text
    assert says("the_days_on_record", days=1, all=30) in text
    assert says("no_pack_proves_by_itself") in text
    before = " ".join(
        Shape(
            unpacked(made(told, Period(date(2026, 10, 1), date(2026, 10, 31)))[0])["index.html"].decode()
        ).text.split()
    )
    assert says("the_population_of_none") in before


def test_names_are_left_out_where_none_are_wanted(told: House) -> None:
    files = unpacked(made(told, named=None)[0])
    assert "people.csv" not in files
    assert "Alice" not in files["index.html"].decode()


def test_the_checker_runs_alone_in_a_folder_and_on_the_zip(told: House, tmp_path: Path) -> None:
    content, _ = made(told)
    folder = put(unpacked(content), tmp_path / "pack")
    code, text = check(folder)
    assert (code, text.split(":")[0]) == (0, "The pack is sound"), text
    (tmp_path / "pack.zip").write_bytes(content)
    code, text = check(folder, str(tmp_path / "pack.zip"))
    assert code == 0, text
    code, text = check(folder, str(tmp_path / "nothing"))
    assert code == 1
    assert "Traceback" not in text


def test_the_checker_is_python_of_an_older_version_and_imports_the_standard_library_alone() -> None:
    tree = ast.parse(program(), feature_version=(3, 9))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert len(names) == len(set(names)), "one module's name hides another's"
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    assert imported <= {
        "__future__", "base64", "collections", "collections.abc", "csv", "dataclasses", "datetime", "hashlib",
        "html",
        "json", "pathlib", "re", "struct", "sys", "typing", "zipfile", "zlib",
    }  # fmt: skip


def test_an_approval_that_does_not_count_says_why_and_one_that_is_missing_is_named(both: House) -> None:
    first = both.ask()
    both.approve("U0BOB", first.id)
    both.press("withdraw", "U0ALICE", first.id)
    second = both.ask()
    both.react("U0BOB", second.id)
    both.react("U0BOB", second.id, removed=True)
    files = unpacked(made(both)[0])
    found = [
        (row["number"], row["vote"], row["counted"], row["why_not"]) for row in rows(files, "approvals.csv")
    ]
    assert ("1", "approve", "yes", "") in found
    assert PERIOD.first.isoformat() in files["index.html"].decode()
