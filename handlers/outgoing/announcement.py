"""What all announcements have in common: what the channel, or one person, is told without a request's own message, pure.

The reminders among them are in ``handlers.outgoing.reminders``, what is told once when it happens in ``handlers.outgoing.news``.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What every announcement has: its kind, as ``notices.what`` and the facts under it keep it."""

    kind: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutWindow(Announcement):
    """An announcement that tells of one window and offers a way on; it is drawn again once another window holds.

    ``request`` is the number of the change that set the window, ``None`` where no change did.
    """

    request: int | None
