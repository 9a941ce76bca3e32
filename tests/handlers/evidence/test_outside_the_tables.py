"""What is put around a pack's tables is found as well: in the zip, in the manifest, beside the files and in
their spelling."""

import importlib.util
import io
import json
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from handlers.evidence.proof.manifest import line_hash, manifest_text
from storage.engine import Database
from tests.handlers.driver import House
from tests.handlers.evidence.packs import made, put, story, unpacked
from tests.handlers.evidence.test_alterations import mended

Files = dict[str, bytes]
Check = Callable[[Path], tuple[int, str]]
SOUND = "The pack is sound"


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bytes]:
    from storage.migrate import upgrade

    url = f"sqlite:///{tmp_path_factory.mktemp('record')}/record.db"
    upgrade(url)
    database = Database(url)
    house = House(database)
    story(house)
    yield made(house)[0]
    database.close()


@pytest.fixture
def check(honest: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """Check a place with the honest pack's own program."""
    program = tmp_path / "trusted" / "verify.py"
    put({"verify.py": unpacked(honest)["verify.py"]}, program.parent)
    spec = importlib.util.spec_from_file_location("checker_of_the_pack", program)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)

    def run(place: Path) -> tuple[int, str]:
        code = module.main([str(place)])
        return code, capsys.readouterr().out

    return run


def zipped(files: Files, *more: tuple[str, bytes], comment: bytes = b"", about: bytes = b"") -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in [*files.items(), *more]:
            info = zipfile.ZipInfo(name)
            info.comment = about if name == "days.csv" else b""
            target.writestr(info, content, zipfile.ZIP_DEFLATED)
        target.comment = comment
    return written.getvalue()


def hidden(content: bytes) -> bytes:
    """Put bytes behind the last file, which the index then does not know; its place in the end moves."""
    at = struct.unpack("<L", content[-6:-2])[0]
    stranger = b"PK\3\4 an entry of an older state"
    end = content[-22:-6] + struct.pack("<L", at + len(stranger)) + content[-2:]
    return content[:at] + stranger + content[at:-22] + end


def renamed_inside(content: bytes) -> bytes:
    """Another name in front of the file than in the index: what unpacks as it reads sees that one."""
    return content.replace(b"days.csv", b"dayz.csv", 1)


def damaged(content: bytes) -> bytes:
    """Other bytes in the middle of the largest file."""
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        entry = pack.getinfo("events.jsonl")
    middle = entry.header_offset + entry.compress_size // 2
    return (
        content[:middle]
        + bytes(byte ^ 0xFF for byte in content[middle : middle + 20])
        + content[middle + 20 :]
    )


ZIPS: dict[str, tuple[Callable[[bytes, Files], bytes], str]] = {
    "a second file of a name": (
        lambda _, files: zipped(files, ("days.csv", b"x")),
        "days.csv line 1: the zip holds 2",
    ),
    "a comment on the zip": (lambda _, files: zipped(files, comment=b"approved by all"), "pack.zip line 1: "),
    "a comment on a file": (
        lambda _, files: zipped(files, about=b"see below"),
        "days.csv line 1: the zip has a comment",
    ),
    "an extra file": (lambda _, files: zipped(files, ("notes.txt", b"x")), "notes.txt line 1: "),
    "a look-alike": (lambda _, files: zipped(files, ("d\u0430ys.csv", b"x")), "d\\u0430ys.csv line 1: "),
    "a folder outside": (lambda _, files: zipped(files, ("../days.csv", b"x")), "../days.csv line 1: "),
    "bytes in front": (lambda content, _: b"#!/bin/sh\n" + content, "pack.zip line 1: "),
    "bytes behind": (lambda content, _: content + b"more", "pack.zip line 1: "),
    "bytes hidden": (lambda content, _: hidden(content), "pack.zip line 1: "),
    "another name inside": (
        lambda content, _: renamed_inside(content),
        "days.csv line 1: it cannot be unpacked",
    ),
    "a damaged file": (lambda content, _: damaged(content), "events.jsonl line 1: it cannot be unpacked"),
    "cut short": (
        lambda content, _: content[: len(content) // 2],
        "pack.zip: this is no pack that can be read",
    ),
    "empty": (lambda _content, _files: b"", "pack.zip: this is no pack that can be read"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("what", list(ZIPS))
def test_a_zip_that_the_bot_did_not_write_is_told(
    honest: bytes, check: Check, tmp_path: Path, what: str
) -> None:
    alter, told = ZIPS[what]
    place = tmp_path / "pack.zip"
    place.write_bytes(honest)
    assert check(place)[0] == 0
    with_another = alter(honest, unpacked(honest))
    place.write_bytes(with_another)
    code, text = check(place)
    assert code == 1
    assert told in text, text
    assert SOUND not in text


def in_file(name: str, alter: Callable[[bytes], bytes]) -> Callable[[Files], None]:
    return lambda files: files.update({name: alter(files[name])})


def said(**changed: Any) -> Callable[[Files], None]:
    """Alter the manifest and spell it as the bot does."""
    return lambda files: files.update(
        {"manifest.json": manifest_text(json.loads(files["manifest.json"]) | changed).encode()}
    )


def people(alter: Callable[[list[bytes]], list[bytes]]) -> Callable[[Files], None]:
    """Alter the lines of a file that follows from no event, and their hashes in the manifest."""

    def act(files: Files) -> None:
        lines = alter(files["people.csv"].splitlines(keepends=True))
        files["people.csv"] = b"".join(lines)
        hashes = [line_hash(line.decode("utf-8", "surrogateescape")) for line in lines]
        said(lines={"people.csv": hashes})(files)

    return act


def without_checker(files: Files) -> None:
    """Take the program out, and its name out of the manifest."""
    del files["verify.py"]
    mended(files)


def swapped_columns(table: bytes) -> bytes:
    cells = [line.split(b",") for line in table.splitlines()]
    return b"".join(b",".join([row[1], row[0], *row[2:]]) + b"\n" for row in cells)


DEEP = b"[" * 5000 + b"]" * 5000
FILES: dict[str, tuple[Callable[[Files], None], str]] = {
    "CRLF in a table": (in_file("days.csv", lambda old: old.replace(b"\n", b"\r\n")), "days.csv line 1: "),
    "CRLF in events": (
        in_file("events.jsonl", lambda old: old.replace(b"\n", b"\r\n")),
        "events.jsonl line 1: ",
    ),
    "CRLF in people": (people(lambda lines: [line[:-1] + b"\r\n" for line in lines]), "people.csv line 1: "),
    "a BOM in a table": (in_file("heads.csv", lambda old: b"\xef\xbb\xbf" + old), "heads.csv line 1: "),
    "a BOM in the manifest": (
        in_file("manifest.json", lambda old: b"\xef\xbb\xbf" + old),
        "manifest.json line 1: ",
    ),
    "a BOM in people": (
        people(lambda lines: [b"\xef\xbb\xbf" + lines[0], *lines[1:]]),
        "people.csv line 1: ",
    ),
    "columns in another order": (in_file("population.csv", swapped_columns), "population.csv line 1: "),
    "columns of people": (people(lambda lines: [b'"name","id"\n', *lines[1:]]), "people.csv line 1: "),
    "people in another order": (people(lambda lines: [lines[0], *lines[:0:-1]]), "people.csv line 2: "),
    "a formula for people": (
        people(lambda lines: [line.replace(b"'=Carol", b"=Carol") for line in lines]),
        "people.csv line ",
    ),
    "numbers as numbers": (
        in_file("population.csv", lambda old: old.replace(b'"1",', b"1,", 1)),
        "population.csv line 2: ",
    ),
    "a look-alike in a cell": (
        in_file("population.csv", lambda old: old.replace(b"U0ALICE", "U0\u0410LICE".encode(), 1)),
        "population.csv line 2: ",
    ),
    "a number of an event as text": (
        in_file("events.jsonl", lambda old: old.replace(b'"seq":3', b'"seq":"3"')),
        "events.jsonl line 3: ",
    ),
    "a very deep event": (in_file("events.jsonl", lambda old: DEEP + b"\n" + old), "events.jsonl line 1: "),
    "a very deep manifest": (in_file("manifest.json", lambda _: DEEP), "manifest.json line 1: "),
    "a word more in the manifest": (said(approved_by="all"), "manifest.json line 1: "),
    "gaps as text": (said(missing="None."), "manifest.json line 1: "),
    "a day as Python takes it": (said(**{"from": "20261101"}), "manifest.json line 1: "),
    "a period without end": (said(to="9999-12-31"), "manifest.json line 1: "),
    "no lines in the manifest": (said(lines={}), "manifest.json line 1: "),
    "no checker": (without_checker, "manifest.json line 1: "),
    "another checker": (
        in_file("verify.py", lambda old: old.replace(b"return 1 if flaws else 0", b"return 0")),
        "verify.py line ",
    ),
    "a file as what Python leaves": (
        lambda files: files.update({"__pycache__/x.html": b"x"}),
        "__pycache__/x.html line 1: ",
    ),
    "a name of two lines": (
        lambda files: files.update({"x\nThe pack is sound: yes.csv": b"x"}),
        "x\\nThe pack",
    ),
}


@pytest.mark.parametrize("what", list(FILES))
def test_files_that_the_bot_did_not_write_so_are_told_though_the_manifest_was_mended(
    honest: bytes, check: Check, tmp_path: Path, what: str
) -> None:
    alter, told = FILES[what]
    files = unpacked(honest)
    alter(files)
    if not told.startswith("manifest.json"):
        mended(files)
    code, text = check(put(files, tmp_path / "pack"))
    assert code == 1
    assert told in text, text
    assert f"\n{SOUND}" not in f"\n{text}"


def test_a_link_that_leads_nowhere_is_no_file_of_the_pack(
    honest: bytes, check: Check, tmp_path: Path
) -> None:
    folder = put(unpacked(honest), tmp_path / "pack")
    (folder / "more.csv").symlink_to(tmp_path / "nothing")
    assert check(folder)[1].startswith("more.csv ")


def test_a_file_that_is_called_like_a_module_of_python_does_not_run(honest: bytes, tmp_path: Path) -> None:
    planted = b"print('The pack is sound: all of it.')\nraise SystemExit(0)\n"
    folder = put(unpacked(honest) | {"csv.py": planted, "zipfile.py": planted}, tmp_path)
    run = subprocess.run(
        [sys.executable, "verify.py"], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 1, run.stdout
    assert run.stdout.startswith("csv.py line 1: ")
