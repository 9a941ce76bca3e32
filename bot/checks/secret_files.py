"""Checks of the files that hold secrets: whether other accounts of this machine may read them.

A group's right counts only on a file that is the bot's own: a key that belongs to another account, as a
mounted secret does, can reach the bot by its group alone.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from bot.checks.verdict import Verdict, passed, warned
from bot.settings.model import Settings

SETTINGS_FILE = Path(".env")


def file_verdicts(settings: Settings) -> Iterator[Verdict]:
    """Yield one verdict for each such file that is there; none where files have no such rights (Windows)."""
    if settings.azure_client_certificate_path is not None:
        yield from _verdict("Private key", settings.azure_client_certificate_path)
    yield from _verdict("Settings file", SETTINGS_FILE)


def _verdict(check: str, file: Path) -> Iterator[Verdict]:
    try:
        found = file.stat()  # behind a link, as mounted secrets are
    except OSError:
        return  # what needs the file says so
    if os.name != "posix" or not stat.S_ISREG(found.st_mode):
        return
    exposed = found.st_mode & (stat.S_IRWXO | (stat.S_IRWXG if found.st_uid == os.geteuid() else 0))
    if exposed:
        finding = (
            f"other accounts of this machine have rights on {file} (mode {stat.S_IMODE(found.st_mode):04o})"
        )
        yield warned(
            check, finding, f"chmod 600 {file}; for a mounted secret set its mode, such as defaultMode: 0400."
        )
    else:
        yield passed(check, f"{file} is for the bot's account alone")
