"""Say what all announcements share: what a channel or person is told beside a request. Pure.

The reminders among them are in ``handlers.outgoing.reminders``, what is told once when it happens in
``handlers.outgoing.news``.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What every announcement has: its kind, as ``notices.what`` and the facts under it keep it."""

    kind: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutWindow(Announcement):
    """Tell of one window and offer a way on; drawn again once another window holds.

    ``request`` is the number of the change that set the window, ``None`` where no change did.
    """

    request: int | None
