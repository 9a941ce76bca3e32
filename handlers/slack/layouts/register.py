"""Give examples of the register inside the window's forms, as full as they can be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from slack_sdk.models.views import View

from handlers.changes.form_proposals import CHOOSABLE, Standing
from handlers.outgoing.announcement_view import AnnouncementView
from handlers.outgoing.device_news import DeviceDue, DeviceNews, DeviceYours, NoneLeft
from handlers.policy.tickets import Tickets
from handlers.ports import Cloud
from handlers.slack.layouts.devices import example
from handlers.slack.views import announcements, device_answers, device_import, modals
from handlers.slack.views.blocks import Message
from handlers.slack.views.tickets import ticket_field
from storage.devices.lifecycle import DeviceState
from storage.devices.records import Device
from storage.messages.records import ReminderAnswer, ReminderReply
from storage.records import ChangeRequest, NamedDevice

TICKETS = Tickets("." * 64, f"https://tickets.example/{'x' * 400}/{{ticket}}")


@dataclass(frozen=True, slots=True)
class RegisterExamples:
    """What they are drawn with; ``text`` is as long as people type."""

    now: datetime
    person: str
    text: str

    def entries(self) -> Sequence[Device]:
        """Return as many entries as can be chosen, with the longest names, one of them an orphan."""
        first = replace(
            example(self.person, self.text, self.now),
            id=999_999_000,
            owner_id=None,
            due=self.now.date(),
            asked_due=self.now.date() + timedelta(days=30),
            state=DeviceState.PROPOSED,
        )
        return [
            first,
            *(replace(first, id=first.id + more, owner_id=self.person) for more in range(1, CHOOSABLE)),
        ]

    def naming(self, request: ChangeRequest) -> ChangeRequest:
        """Return the same request, naming all of them, and a ticket."""
        named = tuple(NamedDevice(device.id, device.due) for device in self.entries())
        return replace(request, devices=named, ticket=self.text[:64])

    def forms(self, cloud: Cloud) -> Iterator[tuple[str, View]]:
        """Yield the forms that choose among them and that list them."""
        entries, day = tuple(self.entries()), self.now.date()
        register = Standing(devices=entries, count=500, named=tuple(device.id for device in entries))
        yield (
            "form (opt_in, register)",
            modals.opt_in(
                channel="C00000001", briefing=(), warning="", proposed=day, latest=day, zone="UTC",
                register=register, ticket=ticket_field(TICKETS, text=self.text[:64]),
            ),
        )  # fmt: skip
        yield "form (device, longer)", device_answers.longer(entries[0], channel="C00000001")
        yield "form (devices import)", device_import.form(channel="C00000001")
        yield (
            "form (opt_out, register)",
            modals.opt_out(
                channel="C00000001",
                cloud=cloud,
                register=register,
                ticket=ticket_field(TICKETS, optional=True),
            ),
        )

    def news(self, zone: ZoneInfo) -> Iterator[tuple[str, Message]]:
        """Yield what owners and operators are told, with the buttons that answer it."""
        day, number = self.now.date(), 999_999_000
        answer = ReminderAnswer("x", "x", ReminderReply.DONE, self.person, self.now)
        said: tuple[DeviceNews, ...] = (
            DeviceYours(device=number, due=day, by=self.person),
            DeviceDue(device=number, name=self.text[:300], due=day, days=-7, moves=3),
            NoneLeft(request=7, device=number, wait=24),
            NoneLeft(request=7, device=number, wait=None),
        )
        for one in said:
            yield f"announcement ({one.kind})", announcements.announcement(AnnouncementView(said=one), zone)
        kept = AnnouncementView(said=said[2], answer=answer)
        yield "announcement (none_left, kept)", announcements.announcement(kept, zone)
