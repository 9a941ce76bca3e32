"""Show tables and colour to a person at a terminal, and keep standard streams usable.

Everywhere else, and with ``NO_COLOR`` or ``TERM=dumb``, plain text. ``rich`` is loaded where something is
shown, never by ``run``. What people typed is shown as text: neither its mark-up nor a terminal's escape
sequences do anything.
"""

import io
import os
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def is_terminal() -> bool:
    """Tell whether somebody looks at what is written to standard output."""
    return sys.stdout.isatty()


def inert(text: str) -> str:
    """Return the text without signs that a terminal acts upon; lines stay lines."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "�" for sign in text)


PATIENCE = 2.0
"""Seconds after which something that is not done yet says so."""


@contextmanager
def progress(text: str) -> Iterator[None]:
    """Say on standard error what is awaited, after two seconds; nothing without a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    lock, over = threading.Lock(), False

    def say() -> None:
        with lock:
            if not over:
                sys.stderr.write(f"{inert(text)}\n")
                sys.stderr.flush()

    timer = threading.Timer(PATIENCE, say)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        with lock:
            over = True


def line(text: str, style: str = "") -> None:
    """Write one line, in a style such as ``bold green`` where there is a terminal."""
    if not is_terminal():
        sys.stdout.write(f"{text}\n")
        return
    from rich.text import Text  # noqa: PLC0415 - see above

    _console().print(Text(inert(text), style=style), soft_wrap=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table; only where there is a terminal."""
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    shown = Table(box=box.SIMPLE_HEAD, header_style="bold")
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(inert(cell)) for cell in row))
    _console().print(shown)


def _console() -> "Console":
    from rich.console import Console  # noqa: PLC0415

    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)


def make_streams_usable() -> None:
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


def discard_output() -> None:
    """Drop what is buffered for standard output, whose reader has gone (``legacytls export | head``)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def flush_or_discard_output() -> None:
    """Flush standard output, or drop what a full disk refuses: Python would report it in its own words."""
    try:
        sys.stdout.flush()
    except OSError:
        discard_output()
