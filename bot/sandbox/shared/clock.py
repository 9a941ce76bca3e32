"""Keep the sandbox's clock: real time plus an offset in a file, which the page can move forward."""

from datetime import UTC, datetime, timedelta
from pathlib import Path


class MovableClock:
    """Read and move the offset: one process writes it, the bot's process reads it at every look."""

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
