"""An outsider with the pack and Python finds every alteration, by file and line, with the manifest mended and
without."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.engine import Database
from tests.handlers.driver import House
from tests.handlers.evidence.packs import check, made, put, story, unpacked

Files = dict[str, bytes]
Alter = Callable[[Files], None]
TABLES = (
    "population.csv", "approvals.csv", "attempts.csv", "days.csv", "heads.csv", "reconciliation.csv",
    "devices.csv", "probes.csv",
)  # fmt: skip
BESIDE = ("people.csv",)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    from storage.migrate import upgrade

    url = f"sqlite:///{tmp_path_factory.mktemp('record')}/record.db"
    upgrade(url)
    database = Database(url)
    house = House(database)
    story(house)
    yield unpacked(made(house)[0])
    database.close()


def lines_of(files: Files, name: str) -> list[bytes]:
    return files[name].splitlines(keepends=True)


def cell(name: str, line: int, old: bytes, new: bytes) -> Alter:
    """Replace text in one line."""

    def alter(files: Files) -> None:
        there = lines_of(files, name)
        assert old in there[line - 1], (name, there[line - 1])
        there[line - 1] = there[line - 1].replace(old, new, 1)
        files[name] = b"".join(there)

    return alter


def without_line(name: str, line: int) -> Alter:
    def alter(files: Files) -> None:
        there = lines_of(files, name)
        del there[line - 1]
        files[name] = b"".join(there)

    return alter


def swapped(name: str, line: int) -> Alter:
    def alter(files: Files) -> None:
        there = lines_of(files, name)
        there[line - 1], there[line] = there[line], there[line - 1]
        files[name] = b"".join(there)

    return alter


def doubled(name: str, line: int) -> Alter:
    def alter(files: Files) -> None:
        there = lines_of(files, name)
        there.insert(line - 1, there[line - 1])
        files[name] = b"".join(there)

    return alter


def added(name: str, line: bytes) -> Alter:
    def alter(files: Files) -> None:
        files[name] += line

    return alter


def gone(name: str) -> Alter:
    def alter(files: Files) -> None:
        del files[name]

    return alter


def manifest(**changed: Any) -> Alter:
    def alter(files: Files) -> None:
        said = json.loads(files["manifest.json"]) | changed
        files["manifest.json"] = (json.dumps(said, indent=1, sort_keys=True) + "\n").encode()

    return alter


def event(line: int, **changed: Any) -> Alter:
    """Alter an event and give it the hash that it then has, as whoever knows how it is made would."""

    def alter(files: Files) -> None:
        there = lines_of(files, "events.jsonl")
        said = json.loads(there[line - 1]) | changed
        del said["hash"]
        said["hash"] = hashlib.sha256(
            json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
        ).hexdigest()
        there[line - 1] = (json.dumps(said, sort_keys=True, separators=(",", ":")) + "\n").encode()
        files["events.jsonl"] = b"".join(there)

    return alter


PLANTED: list[tuple[str, int, Alter]] = [
    ("population.csv", 2, cell("population.csv", 2, b"U0BOB", b"U0DAVE")),
    ("population.csv", 2, cell("population.csv", 2, b"applied", b"failed")),
    ("population.csv", 1, cell("population.csv", 1, b"ticket", b"tocket")),
    ("population.csv", 3, without_line("population.csv", 3)),
    ("population.csv", 5, without_line("population.csv", 5)),
    ("population.csv", 2, swapped("population.csv", 2)),
    ("population.csv", 4, doubled("population.csv", 3)),
    ("population.csv", 6, added("population.csv", b'"9","opt_in"\n')),
    ("population.csv", 3, cell("population.csv", 3, b"rejected", b"withdrawn")),
    ("population.csv", 5, cell("population.csv", 5, b"erin", b"eric")),
    ("approvals.csv", 2, cell("approvals.csv", 2, b"yes", b"no")),
    ("approvals.csv", 3, cell("approvals.csv", 3, b"reject", b"approve")),
    ("approvals.csv", 2, without_line("approvals.csv", 2)),
    ("approvals.csv", 2, cell("approvals.csv", 2, b"2026-11-23", b"2026-11-22")),
    ("attempts.csv", 2, cell("attempts.csv", 2, b"sending", b"answered")),
    ("attempts.csv", 3, swapped("attempts.csv", 3)),
    ("days.csv", 2, cell("days.csv", 2, b"1.50", b"0.00")),
    ("days.csv", 2, cell("days.csv", 2, b"opted in", b"opted out")),
    ("days.csv", 2, without_line("days.csv", 2)),
    ("heads.csv", 2, cell("heads.csv", 2, b"contoso", b"fabrikam")),
    ("reconciliation.csv", 2, cell("reconciliation.csv", 2, b"yes", b"no")),
    ("reconciliation.csv", 3, without_line("reconciliation.csv", 3)),
    ("reconciliation.csv", 4, cell("reconciliation.csv", 4, b"erin", b"dave")),
    ("people.csv", 2, cell("people.csv", 2, b"Alice", b"Mallory")),
    ("people.csv", 3, without_line("people.csv", 3)),
    ("devices.csv", 4, added("devices.csv", b'"D3","Scanner"\n')),
    ("devices.csv", 2, cell("devices.csv", 2, b"U0ERIN", b"U0DAVE")),
    ("devices.csv", 2, cell("devices.csv", 2, b"10.5", b"0.0")),
    ("devices.csv", 3, cell("devices.csv", 3, b"replaced", b"active")),
    ("devices.csv", 2, without_line("devices.csv", 2)),
    ("probes.csv", 2, cell("probes.csv", 2, b"refused", b"accepted")),
    ("probes.csv", 3, without_line("probes.csv", 3)),
    ("rules.jsonl", 1, cell("rules.jsonl", 1, b'"approvals_required":1', b'"approvals_required":2')),
    ("rules.jsonl", 1, without_line("rules.jsonl", 1)),
    ("settings.jsonl", 1, added("settings.jsonl", b"{}\n")),
    ("events.jsonl", 2, cell("events.jsonl", 2, b"U0ALICE", b"U0DAVE")),
    ("events.jsonl", 5, event(4, actor="U0DAVE")),
    ("events.jsonl", 1, event(1, prev="1" * 64)),
    ("events.jsonl", 3, without_line("events.jsonl", 3)),
    ("events.jsonl", 5, swapped("events.jsonl", 5)),
    ("events.jsonl", 6, doubled("events.jsonl", 5)),
    ("events.jsonl", 2, cell("events.jsonl", 2, b'"actor":', b'"actor" :')),
    ("index.html", 6, cell("index.html", 6, b"2026-11-01", b"2026-10-01")),
    (
        "index.html",
        0,
        lambda files: files.update(
            {"index.html": files["index.html"].replace(b"<td>replaced", b"<td>active")}
        ),
    ),
    ("days.csv", 1, gone("days.csv")),
    ("extra.csv", 1, lambda files: files.update({"extra.csv": b"x\n"})),
    ("manifest.json", 1, lambda files: files.update({"manifest.json": b"{}"})),
    ("manifest.json", 0, manifest(proven=False)),
    ("manifest.json", 0, manifest(missing=["Nothing."])),
    ("events.jsonl", 0, manifest(head=f"1:{'0' * 64}")),
    ("verify.py", 1, cell("verify.py", 3, b"file and line", b"file or line")),
]


def mended(files: Files) -> None:
    """Write the hashes of the files as they are now into the manifest, those of single lines too."""
    said = json.loads(files["manifest.json"])
    if "files" in said:
        said["files"] = {
            name: hashlib.sha256(content).hexdigest()
            for name, content in files.items()
            if name != "manifest.json"
        }
        files["manifest.json"] = (json.dumps(said, indent=1, sort_keys=True) + "\n").encode()


def found(text: str, file: str, line: int) -> bool:
    return f"{file} line {line}: " in text if line else f"{file} line " in text


@pytest.mark.parametrize("planted", range(len(PLANTED)))
def test_each_alteration_is_named_by_file_and_line(honest: Files, tmp_path: Path, planted: int) -> None:
    file, line, alter = PLANTED[planted]
    files = dict(honest)
    alter(files)
    assert files != honest
    code, text = check(put(files, tmp_path))
    assert code == 1, text
    assert found(text, file, line), text
    assert "Traceback" not in text


def test_a_mended_manifest_helps_nobody(honest: Files, tmp_path: Path) -> None:
    """Not even for the files that follow from no event, whose lines it would have to mend too: the page names
    people."""
    beside = {"verify.py", "extra.csv"}
    tried = 0
    for number, (file, line, alter) in enumerate(PLANTED):
        if file in beside or file == "manifest.json" or file in BESIDE:
            continue
        files = dict(honest)
        alter(files)
        mended(files)
        code, text = check(put(files, tmp_path / str(number)))
        assert code == 1, (file, line)
        assert f"{file} line " in text, text
        tried += 1
    assert tried > 30


def test_a_time_stamp_that_was_exchanged_is_found(honest: Files, tmp_path: Path) -> None:
    name = next(name for name in honest if name.endswith(".tsr"))
    for number, content in enumerate((b"", honest[name][::-1], honest[name] + b"x")):
        files = dict(honest) | {name: content}
        mended(files)
        code, text = check(put(files, tmp_path / str(number)))
        assert code == 1
        assert f"{name} line 1: " in text


def test_nothing_is_found_in_an_honest_pack(honest: Files, tmp_path: Path) -> None:
    assert check(put(honest, tmp_path))[0] == 0


def test_there_are_forty_of_them() -> None:
    assert len(PLANTED) >= 40
    assert {file for file, _, _ in PLANTED} >= {
        *TABLES,
        *BESIDE,
        "events.jsonl",
        "manifest.json",
        "index.html",
        "verify.py",
    }
