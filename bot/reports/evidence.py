"""``legacytls evidence``: the evidence of a period as one file, whole or not there at all."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Final

from bot.reports.names import bare_names_of
from bot.reports.record import record_of
from bot.settings.model import Settings
from handlers.evidence.pack import Made, Pack
from handlers.evidence.period import Period, WrongPeriod, period_of

PROVEN: Final = 0
WRONG_CALL: Final = 2
NOT_PROVEN: Final = 3


class WrongTarget(Exception):
    """The file cannot be written; the text says why, and what to do."""


def write_evidence(settings: Settings, *, first: date, last: date, output: Path, force: bool, names: bool) -> int:
    """Write the pack; exit code 0 when it proves that it is complete, 3 when something is missing, 2 when it is not written."""
    try:
        period = period_of(first, last, datetime.now(UTC).date())
        with _whole(output, force=force) as file:
            made = _written(settings, period, file, names=names)
    except (WrongPeriod, WrongTarget) as wrong:
        sys.stderr.write(f"legacytls: {wrong}\n")
        return WRONG_CALL
    sys.stdout.write(f"Written: {output}, the record up to {made.head}.\n")
    if made.proven:
        sys.stdout.write("It proves that it is complete.\n")
        return PROVEN
    sys.stdout.write("It does NOT prove that it is complete:\n" + "".join(f"  - {sentence}\n" for sentence in made.missing))
    return NOT_PROVEN


def _written(settings: Settings, period: Period, file: IO[bytes], *, names: bool) -> Made:
    named = bare_names_of(settings) if names else None
    with record_of(settings) as (database, tenant_id):
        return Pack(database, tenant_id, period, named=named).write(file)


@contextmanager
def _whole(output: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """A file that gets its name once it is whole; whatever goes wrong, nothing half written is left. Raises ``WrongTarget``."""
    if output.is_dir():
        raise WrongTarget(f"{output} is a folder: name a file in it with --output.")
    if not force and os.path.lexists(output):
        raise WrongTarget(f"{output} exists already: name another file with --output, or add --force.")
    try:
        handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name[:100]}.")
    except OSError as refused:
        raise _cannot(output, refused) from None
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _name(Path(name), output, force=force)
    except OSError as refused:
        raise _cannot(output, refused) from None
    finally:
        with suppress(OSError):
            Path(name).unlink()


def _name(written: Path, output: Path, *, force: bool) -> None:
    """Give it its name; without ``force`` another program's file of that name is never replaced."""
    if force:
        written.replace(output)
        return
    try:
        os.link(written, output)
    except FileExistsError:
        raise WrongTarget(f"{output} exists by now: name another file with --output, or add --force.") from None
    except OSError:  # a file system without hard links
        written.rename(output)


def _cannot(output: Path, refused: OSError) -> WrongTarget:
    why = (refused.strerror or "it failed").lower()
    return WrongTarget(f"{output} cannot be written ({why}); nothing was left there. Name another place with --output.")
