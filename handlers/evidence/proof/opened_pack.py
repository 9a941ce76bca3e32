"""Open a pack's files, in a folder or in a zip; name what cannot be read, and what was put around them."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

LEFT_BEHIND = re.compile(r"__pycache__/verify\.[\w.-]+\.pyc")
"""What Python leaves where its programs are imported."""

UNREADABLE = (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, ValueError)
"""What reading a file of a zip raises: cut short, damaged, encrypted, packed in another way."""


class Flaw(Exception):
    """What is not as it was written: ``str`` names file and line (the first one, its header, is line 1)."""

    def __init__(self, file: str, line: int, why: str) -> None:
        super().__init__(visible(f"{file} line {line}: {why}"))


def visible(text: str) -> str:
    """Return a text, or name of a file, so that it neither moves a cursor nor looks like another line."""
    return "".join(char if " " <= char <= "~" else ascii(char)[1:-1] for char in text)


class Pack:
    """The files of a pack, in a folder or in a zip. Raises ``OSError`` and ``zipfile.BadZipFile``."""

    def __init__(self, place: Path) -> None:
        self._zip = zipfile.ZipFile(place) if place.is_file() else None
        self._place = place

    def names(self) -> set[str]:
        """Return every file there is, but for what Python leaves behind when it runs."""
        if self._zip is not None:
            return set(self._zip.namelist())
        found = (
            path.relative_to(self._place).as_posix()
            for path in self._place.rglob("*")
            if path.is_symlink() or not path.is_dir()
        )
        return {name for name in found if not LEFT_BEHIND.fullmatch(name)}

    def read(self, name: str) -> bytes:
        """Return the bytes of one file. Raises ``Flaw`` where it is not there, or cannot be unpacked."""
        try:
            return self._zip.read(name) if self._zip is not None else (self._place / name).read_bytes()
        except (KeyError, OSError):
            raise Flaw(name, 1, "the file is missing") from None
        except UNREADABLE:
            raise Flaw(name, 1, "it cannot be unpacked") from None

    def lines(self, name: str) -> list[str]:
        """Yield the lines of a text file, each with its newline. Raises ``Flaw``."""
        text = self.read(name).decode("utf-8", "surrogateescape")
        return text.split("\n")[:-1] if text.endswith("\n") else [*text.split("\n"), ""] if text else []

    def around(self) -> Iterator[Flaw]:
        """Yield what a zip holds beside the bytes of its files: whoever unpacks it may see something else."""
        if self._zip is None:
            return
        entries = self._zip.infolist()
        for name, times in Counter(entry.filename for entry in entries).items():
            if times > 1:
                yield Flaw(name, 1, f"the zip holds {times} files of this name")
        for entry in entries:
            if entry.comment:
                yield Flaw(entry.filename, 1, "the zip has a comment on it")
        where = self._stranger(entries)
        if where:
            yield Flaw(self._place.name, 1, f"the zip holds something that is none of its files, {where}")

    def _stranger(self, entries: list[zipfile.ZipInfo]) -> str:
        """Follow the files one behind the other (PKWARE, APPNOTE 4.3); say where something else stands."""
        with self._place.open("rb") as file:
            at = 0
            for entry in sorted(entries, key=lambda known: known.header_offset):
                if entry.header_offset != at:
                    return f"before {entry.filename}"
                file.seek(at + 26)
                name, extra = struct.unpack("<HH", file.read(4))
                at += 30 + name + extra + entry.compress_size
            file.seek(at)
            index = file.read()
        if not index.startswith(b"PK\1\2") or index[-22:-18] != b"PK\5\6" or index[-2:] != b"\0\0":
            return "behind its last file"
        return ""
