"""Give examples of what is drawn of the register: as long as can be typed, and as bare."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from slack_sdk.models.views import View

from handlers.register.burn_down import Overview, Week
from handlers.register.device_pages import DevicePage, DueDays, ShownDevice, Which
from handlers.slack.views import device_forms, devices
from handlers.slack.views.blocks import Message
from storage.devices.lifecycle import DeviceState
from storage.devices.reading import DeviceCounts
from storage.devices.records import Device
from storage.records import MailProtocol
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
