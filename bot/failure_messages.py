"""What a verb says when it fails: one sentence and the next step, whatever happened.

Never a traceback, never a bare class name. An error's own sentence is used where it was written for people,
in our packages; the text of any other error may hold a secret and is not shown. What nobody foresaw is told
as what it is, a defect, with the place where it happened.
"""

import errno
import importlib.util
import traceback
from pathlib import Path

WRONG_SETTINGS = 2
FAILED = 1
PACKAGES = ("bot", "handlers", "storage")

_SYSTEM = {
    errno.ENOSPC: ("there is no space left on the disk", "Make room, and run this again."),
    errno.EDQUOT: ("this account's share of the disk is used up", "Make room, and run this again."),
    errno.EROFS: ("the disk can only be read", "Run this in a folder that can be written to."),
    errno.EACCES: (
        "this account may not open a file or an address",
        "Check the rights of the files that the settings name.",
    ),
    errno.EPERM: ("this account may not do that", "Check the rights of the files that the settings name."),
    errno.ENOENT: (
        "a file, a folder or the working directory is not there",
        "Run this in a folder that exists.",
    ),
    errno.EMFILE: ("this process may open no more files", "Raise its limit (ulimit -n), and run this again."),
    errno.ENFILE: ("this machine can open no more files", "Close other programs, and run this again."),
    errno.EADDRINUSE: (
        "the address to listen on is taken",
        "Choose another --port, or end the program that holds it.",
    ),
    errno.EADDRNOTAVAIL: ("the address to listen on is none of this machine's", "Choose another --host."),
    errno.EIO: ("a device failed", "Look at the system's log, and run this again."),
}
"""What the system's error numbers mean to whoever typed a command, and what to do."""


def told(error: Exception) -> tuple[list[str], int]:
    """Return the lines for people and the exit code: 2 for wrong settings, else 1."""
    from bot.settings.load import WrongSettings  # noqa: PLC0415 - `--help` and the sandbox need no settings

    if isinstance(error, WrongSettings):
        return [
            "These settings are missing or wrong:",
            *(f"  - {line}" for line in error.lines),
        ], WRONG_SETTINGS
    return [f"legacytls: {_sentence(error)}"], FAILED


def _sentence(error: Exception) -> str:
    from storage.engine import Unreachable  # noqa: PLC0415 - SQLAlchemy takes a moment

    if isinstance(error, Unreachable):
        return f"{error}. {error.trouble.mend}"
    package = error.__class__.__module__.split(".")[0]
    if package in PACKAGES and str(error):
        return str(error)
    if package == "sqlalchemy":
        return (
            "the database does not hold what this version expects. Check DATABASE_URL; if it is the right "
            f"one, `legacytls check` says what is wrong with it ({_place(error)})."
        )
    if isinstance(error, UnicodeError):
        return (
            "a name or an address cannot be written in the form that it needs. Check --host and the "
            f"settings ({_place(error)})."
        )
    if isinstance(error, OSError):
        return _of_the_system(error)
    if isinstance(error, ImportError):
        return "this installation is incomplete. Install it again, with the versions in requirements.txt."
    if isinstance(error, MemoryError):
        return "this machine has no memory left. End other programs, and run this again."
    return f"something failed that should not have, a defect of this program ({_place(error)}). {_REPORT}"


_REPORT = "Please report it with what LEGACYTLS_LOG_LEVEL=debug shows."


def _of_the_system(error: OSError) -> str:
    what, mend = _SYSTEM.get(error.errno or 0, ("", ""))
    if what:
        return f"{what}. {mend}"
    said = error.strerror if isinstance(error.strerror, str) else ""
    said = said[:1].lower() + said[1:] if said else "a file or a connection could not be used"
    return f"{said.rstrip('.')} ({_place(error)}). Check the settings with `legacytls check`. {_REPORT}"


def _place(error: Exception) -> str:
    """The last of our own lines that the error went through, such as ``bot/wiring.py:63``."""
    roots = {package: _root(package) for package in PACKAGES}
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        for package, root in roots.items():
            if root and Path(frame.filename).is_relative_to(root):
                return f"{package}/{Path(frame.filename).relative_to(root)}:{frame.lineno}"
    return "outside of its own code"


def _root(package: str) -> Path | None:
    found = importlib.util.find_spec(package)
    return Path(found.origin).parent if found and found.origin else None
