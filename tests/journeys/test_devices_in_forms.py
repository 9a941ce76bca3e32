"""The register in the forms about the window: what is chosen is named, becomes active with the opt-in, and is
said to stop."""

from datetime import date, datetime, time, timedelta

from handlers.policy.forms import DEVICES
from handlers.slack.views.device_forms import KEEP, NEED_LONGER
from handlers.slack.views.devices import NOT_MINE, REPLACED
from storage import register
from storage.devices.records import Device, DeviceState, NewDevice
from storage.ledger import Ledger
from storage.records import MailProtocol
from tests.journeys.stage import ALICE, BOB, CHANGES, DAVE, ZONE, Stage
from tests.journeys.words import JSON, buttons, fields, words
from tests.sentences import says


def registered(stage: Stage, name: str, due: str, owner: str = DAVE) -> Device:
    """An entry as Alice would have proposed it."""
    new = NewDevice(
        device=name,
        sender=f"{name.lower()}@contoso.com",
        site="Zürich",
        protocol=MailProtocol.SMTP_AUTH,
        reason="Its firmware speaks TLS 1.0",
        plan="A new one is ordered",
        owner_id=owner,
        due=date.fromisoformat(due),
    )
    assert stage._database is not None
    with Ledger(stage._database, stage.tenant.tenant_id).recording(stage.clock()) as entry:
        return register.add(entry, new, proposer=ALICE)


def device(stage: Stage, number: int) -> Device:
    return stage.record(lambda reader: reader.devices.device(number))


def asked(stage: Stage, *devices: Device, **filled: object) -> int:
    """Ask for an opt-in that names these entries and nothing else; returns its number."""
    return stage.ask(ALICE, clients="", **{DEVICES: [str(one.id) for one in devices]}, **filled)


def test_entries_are_chosen_named_active_once_applied_and_said_to_stop(fresh_stage) -> None:
    stage = fresh_stage()
    scanner, fax = registered(stage, "Scanner", stage.day(5)), registered(stage, "Fax", stage.day(6))
    options = fields(stage.form(ALICE))[DEVICES]["element"]["options"]
    assert [option["text"]["text"] for option in options] == [
        f"{one.name} {one.device}, Zürich" for one in (scanner, fax)
    ]
    number = asked(stage, scanner)
    card = stage.card(number, saying=says("names_one", device=scanner.id))
    assert fax.name not in words(card)
    thread = stage.wait(
        lambda: [message for message in stage.public() if message.get("thread_ts") == card["ts"]]
    )[0]
    assert says("listed_scanner", device=scanner.id, person=DAVE) in words(thread)
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    assert [device(stage, one.id).state for one in (scanner, fax)] == [
        DeviceState.ACTIVE,
        DeviceState.PROPOSED,
    ]
    said = words(stage.form(BOB, "disable"))
    assert says("stops_by_the_register", device=scanner.id, person=DAVE) in said
    assert says("on_record_by", number=number) not in said


def in_person(stage: Stage, person: str, button: str) -> JSON:
    """The newest direct message that offers this button."""

    def newest() -> JSON | None:
        found = stage.slack.messages(stage.slack.dm(person), person)
        return next((message for message in reversed(found) if button in buttons(message)), None)

    return stage.wait(newest)


def test_the_owner_asks_for_longer_and_ends_it_later_from_the_direct_message(fresh_stage) -> None:
    stage = fresh_stage(LEGACYTLS_WHEN_NONE_LEFT="opt-out")
    today = stage.clock().astimezone(ZONE).date()
    monday = today + timedelta(days=14 - today.weekday())
    scanner = registered(stage, "Scanner", (monday + timedelta(days=7)).isoformat())
    number = asked(stage, scanner, day=stage.day(60))
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    end = stage.record(lambda reader: reader.baseline()).window_end
    stage.stop()
    stage.advance((datetime.combine(monday, time(10), tzinfo=ZONE) - stage.clock()).total_seconds())
    stage.start()  # a new process looks at once for owners to ask
    asks = in_person(stage, DAVE, NEED_LONGER)
    assert set(buttons(asks)) == {REPLACED, NEED_LONGER, NOT_MINE}
    place = stage.slack.dm(DAVE)
    form = stage.opened(DAVE, lambda: stage.slack.press(DAVE, place, asks["ts"], NEED_LONGER))
    later = (monday + timedelta(days=21)).isoformat()
    assert stage.slack.submit(DAVE, form["id"], {"due": later, "reason": "  "}).keys() == {"reason"}
    assert stage.slack.submit(DAVE, form["id"], {"due": later, "reason": "Parts are late"}) is None
    stage.wait(lambda: str(device(stage, scanner.id).asked_due) == later)
    assert device(stage, scanner.id).due == scanner.due
    stage.slack.press(DAVE, place, asks["ts"], REPLACED)
    stage.wait(lambda: device(stage, scanner.id).state is DeviceState.REPLACED)
    news = stage.announced(says("no_active_device_is_left", number=number, device=scanner.id))
    assert set(buttons(news)) == {"opt_out_now", KEEP}
    assert says("window_stays_open") in words(
        stage.answer(BOB, lambda: stage.slack.press(BOB, CHANGES, news["ts"], KEEP))
    )
    stage.announced(says("kept_open_by", person=BOB))
    assert stage.record(lambda reader: reader.baseline()).window_end == end
