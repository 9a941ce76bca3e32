"""Keeps the newest head of the record that this process has seen, in a file outside the database.

It knows no database. A head that is kept was committed before, so a database whose chain does not hold it was
put back from a backup, or is another one. One that is kept too late only makes an older backup pass, so it is
kept before anything is sent.
"""

import json
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FORM = 1


class NotKept(Exception):
    """The file with the newest head cannot be written or read; the text says why, and names no path."""


@dataclass(frozen=True, slots=True)
class Head:
    """One tenant's newest head, as it was seen."""

    seq: int
    hash: str
    accepted: tuple[str, ...] = ()
    """The hashes of the events by which somebody accepted a restored copy, as far as this process has seen
    them."""
    authenticated: bool = False
    """Whether the record was authenticated with a key by then."""

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


class HeadFile:
    """The file of one tenant; ``path`` ``None``: nothing is kept, and nothing recognised."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def read(self) -> Head | None:
        """Return the head that was kept last; ``None`` when none ever was. Raises ``NotKept``."""
        if self.path is None:
            return None
        try:
            return _head(json.loads(self.path.read_text(encoding="ascii")))
        except FileNotFoundError:
            return None
        except OSError as refused:
            raise NotKept(f"the file with the newest head cannot be read ({refused.strerror})") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise NotKept(
                "the file with the newest head is damaged; accepting the record as it is writes it anew"
            ) from None

    def write(self, head: Head) -> None:
        """Keep a head, whole or not at all, so that it survives a power cut. Raises ``NotKept``."""
        if self.path is None:
            return
        said = {
            "form": _FORM,
            "seq": head.seq,
            "hash": head.hash,
            "accepted": head.accepted,
            "key": head.authenticated,
        }
        try:
            _replace(self.path, json.dumps(said))
        except OSError as refused:
            raise NotKept(f"the newest head cannot be kept ({refused.strerror})") from None


def can_keep(folder: Path) -> bool:
    """Tell whether files can be written into the folder, which is made where it is missing."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def head_file(folder: Path | None, tenant_id: str, beside: Path | None) -> HeadFile:
    """The file of one tenant in the operator's folder, else beside a SQLite file and by its name, else none.

    By its name, because several databases may stand in one folder that nobody chose for this.
    """
    tenant = re.sub(r"[^A-Za-z0-9.-]", "_", tenant_id)
    if folder is not None:
        return HeadFile(folder / f"legacytls-head-{tenant}.json")
    return HeadFile(beside.with_name(f"{beside.name}-head-{tenant}.json") if beside is not None else None)


def _head(said: Any) -> Head:
    seq, digest, accepted = said["seq"], said["hash"], said["accepted"]
    if said["form"] != _FORM or type(seq) is not int or not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise ValueError("no head")
    return Head(seq, digest, tuple(str(each) for each in accepted), bool(said["key"]))


def _replace(path: Path, text: str) -> None:
    """Write beside it, sync, rename, sync the folder: readers find the old or the new file."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        with suppress(OSError):
            Path(name).unlink()  # gone where it took its place
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
