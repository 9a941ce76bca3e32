"""Make standard streams usable however the process was started, and quiet once unread."""

import io
import os
import sys
from pathlib import Path


def make_usable() -> None:
    """Make every stream one that can be written to, and every sign one that can be written.

    Python has ``None`` for a stream that was closed by whoever started it (``status >&-``), and the next file
    to be opened, such as a database, would get its number. A terminal that knows ASCII only gets question
    marks.
    """
    while (free := os.open(os.devnull, os.O_RDWR)) < 3:  # 0, 1 and 2 are the standard streams
        os.set_inheritable(free, True)
    os.close(free)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def discard() -> None:
    """Drop what is buffered for standard output, whose reader has gone (``legacytls export | head``)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def discard_what_cannot_be_written() -> None:
    """Flush standard output, or drop what a full disk refuses: Python would report it in its own words."""
    try:
        sys.stdout.flush()
    except OSError:
        discard()
