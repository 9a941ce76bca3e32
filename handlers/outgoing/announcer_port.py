"""Declare the port to whoever shows messages to people; Slack's announcer implements it."""

from collections.abc import Mapping
from datetime import date
from typing import Protocol

from handlers.outgoing.announcement_view import AnnouncementView
from handlers.outgoing.request_view import RequestView
from handlers.ports import Place
from storage.devices.records import Device
from storage.sightings import Sighting


class Announcer(Protocol):
    """Shows messages.

    Every method raises ``Unavailable`` when the message did not get through, or may not have.
    """

    def draw(self, view: RequestView, place: Place | None) -> Place | None:
        """Post a request's message, or draw the copy at ``place`` again; ``None`` when that copy is gone."""

    def thread(self, view: RequestView, place: Place) -> Place:
        """Reply in the thread at ``place`` with what the request's message has no room for."""

    def permalink(self, place: Place) -> str | None:
        """Return where a message is found, as a link; ``None`` where that is not known. Never raises."""

    def answer(
        self,
        person: str,
        channel: str | None,
        text: str,
        *,
        reason_for: int | None,
        typed: Mapping[str, str] | None = None,
    ) -> None:
        """Tell one person privately: ephemeral in ``channel``, else by direct message.

        ``reason_for`` adds a button that asks for the reason of rejecting that request; ``typed`` is what
        they typed, by label, given back to the letter.
        """

    def outcome(self, person: str, view: RequestView) -> Place:
        """Tell its requester, or somebody who decided on it, by direct message how the request stands."""

    def tell(self, person: str, view: AnnouncementView) -> Place:
        """Tell one person by direct message what ``announce`` would say in the channel."""

    def retire(self, place: Place, view: RequestView) -> None:
        """Replace an earlier private message about this request by a pointer to the newer one."""

    def device(
        self, device: Device, seen: Sighting | None, today: date, place: Place, *, again: bool
    ) -> Place | None:
        """Show one entry in the thread at ``place``, or draw the copy at ``place`` ``again``."""

    def announce(self, view: AnnouncementView, place: Place | None = None) -> Place | None:
        """Say something in the channel, or draw the copy at ``place`` again; ``None`` when it is gone."""
