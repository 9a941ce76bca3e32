"""Writes ``.env`` whole or not at all, for the bot's account alone; it reads back to the letter.

Whether it may be replaced is decided by the caller.
"""

import io
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from bot.settings.load import WrongSettings

FILE = Path(".env")

_BARE = re.compile(r"[A-Za-z0-9_./:@%+,~-][A-Za-z0-9_./:@%+,~=-]*")
"""What needs no quotation marks, so that ``docker --env-file``, which keeps them, reads the same."""

_ESCAPES = {
    "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t",
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v",
}  # fmt: skip
"""What python-dotenv's double quotation marks need and know (``dotenv.parser``)."""


def read(text: str) -> dict[str, str | None]:
    """Read the text of such a file as ``bot.settings.load`` does."""
    return dotenv_values(stream=io.StringIO(text), interpolate=False)


def spelled(name: str, value: str) -> str:
    """Spell one setting as a line that reads back to the letter.

    Raises ``WrongSettings`` for what no such file can hold.
    """
    line = f"{name}={value if _BARE.fullmatch(value) else _quoted(value)}"
    if "\0" in value or not _is_text(value) or read(line) != {name: value}:
        raise WrongSettings([f"{name}: holds a sign that a settings file cannot keep; write it without"])
    return line


def merged(before: str, changed: Mapping[str, str | None]) -> str:
    """Return the file with these settings changed; ``None`` takes one out, and all else stays."""
    left, kept = {name: value for name, value in changed.items() if value is not None}, list[str]()
    for binding in parse_stream(io.StringIO(before)):
        if binding.key not in changed:
            kept.append(binding.original.string)
        elif binding.key in left:
            written = binding.original.string
            blank = written[: len(written) - len(written.lstrip())]
            kept.append(f"{blank}{spelled(binding.key, left.pop(binding.key))}\n")
    text = "".join(kept)
    text += "\n" if text and text[-1] != "\n" else ""
    return text + "".join(f"{spelled(name, value)}\n" for name, value in left.items())


def present() -> str | None:
    """Return the text of the file; ``None`` where there is none.

    Raises ``WrongSettings`` where it, or its folder, does not serve.
    """
    if not os.access(_target().parent, os.W_OK):
        mend = "this account may not write into this folder; run this in one where it may"
        raise WrongSettings([f"{FILE}: {mend}"])
    try:
        return FILE.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError):
        mend = "make it a text file in UTF-8 that this account may read, or move it away"
        raise WrongSettings([f"{FILE}: cannot be read; {mend}"]) from None


def write(text: str) -> None:
    """Put the whole text in place at once, with mode 600; a link is followed.

    Raises ``OSError``, and then leaves what was there.
    """
    target = _target()
    # it makes files for the account alone
    descriptor, draft = tempfile.mkstemp(prefix=".env-", dir=target.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(target)
    finally:
        Path(draft).unlink(missing_ok=True)  # gone where it took its place


def _target() -> Path:
    return Path(os.path.realpath(FILE))


def _quoted(value: str) -> str:
    if any(sign in value for sign in "\n\r\t\a\b\f\v"):
        return '"' + "".join(_ESCAPES.get(sign, sign) for sign in value) + '"'
    inner = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{inner}'"


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
