"""Tells whether a file has been replaced since it was read.

Looks at its entry only, never at what it holds.
"""

from pathlib import Path


def mark_of(path: Path) -> tuple[int, ...] | None:
    """Return what changes when a file is written or replaced, links followed; ``None`` without a file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
