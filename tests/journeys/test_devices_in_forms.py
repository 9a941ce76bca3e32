"""The register in the forms about the window: what is chosen is named, becomes active with the opt-in, and is said to stop."""

from datetime import date

from handlers.policy.forms import DEVICES
from storage import register
from storage.device_lifecycle import DeviceState
from storage.device_records import Device, NewDevice
from storage.ledger import Ledger
from storage.records import MailProtocol
from tests.journeys.stage import ALICE, BOB, DAVE, Stage
from tests.journeys.words import fields, words
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


def asked(stage: Stage, *devices: Device) -> int:
    """Ask for an opt-in that names these entries and nothing else; returns its number."""
    return stage.ask(ALICE, clients="", **{DEVICES: [str(one.id) for one in devices]})


def test_entries_are_chosen_named_active_once_applied_and_said_to_stop(fresh_stage) -> None:
    stage = fresh_stage()
    scanner, fax = registered(stage, "Scanner", stage.day(5)), registered(stage, "Fax", stage.day(6))
    options = fields(stage.form(ALICE))[DEVICES]["element"]["options"]
    assert [option["text"]["text"] for option in options] == [f"{one.name} {one.device}, Zürich" for one in (scanner, fax)]
    number = asked(stage, scanner)
    card = stage.card(number, saying=says("names_one", device=scanner.id))
    assert fax.name not in words(card)
    thread = stage.wait(lambda: [message for message in stage.public() if message.get("thread_ts") == card["ts"]])[0]
    assert says("listed_scanner", device=scanner.id, person=DAVE) in words(thread)
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    assert [device(stage, one.id).state for one in (scanner, fax)] == [DeviceState.ACTIVE, DeviceState.PROPOSED]
    said = words(stage.form(BOB, "disable"))
    assert says("stops_by_the_register", device=scanner.id, person=DAVE) in said
    assert says("on_record_by", number=number) not in said
