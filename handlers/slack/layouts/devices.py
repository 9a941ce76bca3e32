"""Give examples of what is drawn of the register, alone and in the window's forms: full, and bare."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from slack_sdk.models.views import View

from handlers.changes.form_proposals import CHOOSABLE, Standing
from handlers.outgoing.announcement_view import AnnouncementView
from handlers.outgoing.device_news import DeviceDue, DeviceNews, DeviceYours, NoneLeft
from handlers.policy.tickets import Tickets
from handlers.ports import Cloud
from handlers.register.burn_down import Overview, Week
from handlers.register.device_pages import DevicePage, DueDays, ShownDevice, Which
from handlers.slack.views import announcements, device_forms, devices, request_forms
from handlers.slack.views.blocks import Message
from handlers.slack.views.tickets import ticket_field
from storage.devices.reader import DeviceCounts
from storage.devices.records import Device, DeviceState
from storage.messages.records import ReminderAnswer, ReminderReply
from storage.records import ChangeRequest, MailProtocol, NamedDevice
from storage.sightings import Sighting


def messages(person: str, text: str, now: datetime) -> Iterator[tuple[str, Message]]:
    """Yield the lists and one entry, in every state, with and without an owner."""
    today = now.date()
    one = example(person, text, now)
    weeks = tuple(Week(today + timedelta(weeks=ahead), ahead) for ahead in range(30))
    overview = Overview(DeviceCounts(7, 7, 7, 7), 7, weeks, None, None, None)
    for which in Which:
        for last, told, table in ((7, overview, (one, replace(one, owner_id=None)) * 25), (None, None, ())):
            found = DevicePage(which, (one,) * 10, today, last, told, table)
            yield f"devices ({which.value})", devices.page(found)
        yield (
            f"devices ({which.value}), empty",
            devices.page(DevicePage(which, (), today, None, replace(overview, weeks=()))),
        )
    for state in DeviceState:
        for owner in (person, None):
            shown = replace(one, state=state, owner_id=owner)
            seen = Sighting(one.sender, 1.0, None, None, 7, is_legacy=True, last_seen=today)
            yield (
                f"device ({state.value})",
                devices.entry(ShownDevice(shown, today, seen if owner else None), person),
            )


def forms(person: str, text: str, now: datetime, zone: ZoneInfo) -> Iterator[tuple[str, View]]:
    """Yield the forms about devices."""
    one = example(person, text, now)
    days = DueDays(now.date(), now.date())
    yield "form (add a device)", device_forms.add(channel="C00000001", days=days, zone=zone.key)
    yield "form (due day)", device_forms.change_day(one, channel="C00000001")
    for owner in (person, None):
        yield "form (owner)", device_forms.change_owner(replace(one, owner_id=owner), channel="C00000001")


def example(person: str, text: str, now: datetime) -> Device:
    """Return an overdue entry for which a later day was asked for, with the longest texts there can be."""
    due: date = now.date() - timedelta(days=1)
    return Device(
        id=999_999_999, tenant_id="", device=text[:300], sender="scanner@contoso.com", site=text[:300],
        protocol=MailProtocol.SMTP_AUTH, reason=text, plan=text, proposer_id=person,
        proposer_enterprise_id=None, created_at=now, owner_id=person, due=due, due_by=person,
        asked_due=now.date(), asked_by=person, state=DeviceState.ACTIVE, version=7, moves=7, active_at=now,
        ended_at=None, changed_at=now,
    )  # fmt: skip


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
            request_forms.opt_in(
                channel="C00000001", briefing=(), warning="", proposed=day, latest=day, zone="UTC",
                register=register, ticket=ticket_field(TICKETS, text=self.text[:64]),
            ),
        )  # fmt: skip
        yield "form (device, longer)", device_forms.longer(entries[0], channel="C00000001")
        yield "form (devices import)", device_forms.import_form(channel="C00000001")
        yield (
            "form (opt_out, register)",
            request_forms.opt_out(
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
