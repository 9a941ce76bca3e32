"""The sandbox's clock: real time plus an offset kept in a file, so that the page can move the bot's present forward."""

from datetime import UTC, datetime, timedelta
from pathlib import Path


class MovableClock:
    """Reads and moves the offset; the parent process writes it, the bot's process reads it on every look at the clock."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self) -> datetime:
        """The sandbox's present, aware UTC."""
        return datetime.now(UTC) + timedelta(seconds=self._offset())

    def advance(self, seconds: float) -> None:
        """Move the present forward; written whole, so that no reader sees half a number."""
        fresh = self._path.with_suffix(".new")
        fresh.write_text(repr(self._offset() + seconds), encoding="ascii")
        fresh.replace(self._path)

    def _offset(self) -> float:
        try:
            return float(self._path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return 0.0
