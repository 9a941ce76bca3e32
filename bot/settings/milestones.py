"""Read Microsoft's dates: what this version carries, overlaid by the operator's own file.

The only place where that file is opened; what it may say is judged in ``handlers.calendar.milestone_file``.
"""

from pathlib import Path

from handlers.calendar.calendar import Calendar, load_packaged, merge, parse
from handlers.calendar.milestone_file import WrongMilestones


def load_calendar(override: Path | None) -> Calendar:
    """Return the packaged milestones with those of ``override``: the same id replaces, a new id extends.

    Raises ``WrongMilestones`` with every mistake and its line, also when the file cannot be read.
    """
    packaged = load_packaged()
    if override is None:
        return packaged
    try:
        text = override.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError):
        raise WrongMilestones(
            ["cannot be read; write the path of a text file in UTF-8 that this account may read"]
        ) from None
    return merge(packaged, parse(text, extends=packaged))
