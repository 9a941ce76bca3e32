"""A list with our own columns: every row a proposed entry of whoever sent it, or none, with a sentence a
row."""

from collections.abc import Iterable
from typing import Any

import pytest

from bot.reports.devices import device_data
from bot.sandbox.slack.blockkit import message_problems
from handlers.evidence.proof.tables import DEVICES
from handlers.interaction import Interaction
from handlers.register.burn_down import Listed
from handlers.register.commands import ImportFile, Replaced
from handlers.register.device_lists import MOST, MOST_OWNERS
from handlers.register.files.decoding import LARGEST, NotRead
from handlers.register.report_imports import Imports
from handlers.slack.client.announcer import answer_message
from handlers.slack.views.mrkdwn import SECTION, sentence
from storage.record import spreadsheet_cells
from storage.record.table_comparison import differences
from storage.records import Door
from tests.handlers.driver import ALICE, BOB, CHANNEL, ERIN, TENANT, House
from tests.handlers.register.registering import added, day, device, do, newest
from tests.handlers.register.test_files import HEADER
from tests.sentences import says

COLUMNS = ("device", "sender", "site", "owner", "protocol", "reason", "plan", "due")
FILE = "https://files.slack.com/list.csv"


def row(house: House, **changed: str) -> dict[str, str]:
    told = {
        "device": "Fax",
        "sender": "fax@contoso.com",
        "site": "Bern",
        "owner": ERIN,
        "protocol": "smtp-auth",
    }
    return told | {"reason": "Old", "plan": "A new one", "due": day(house, 9).isoformat()} | changed


def sheet(rows: Iterable[dict[str, str]], columns: Iterable[str] = COLUMNS) -> bytes:
    names = list(columns)
    lines = [
        spreadsheet_cells.row(names),
        *(spreadsheet_cells.row(one.get(name, "") for name in names) for one in rows),
    ]
    return "".join(lines).encode()


def give(house: House, content: bytes, person: str = ALICE) -> str:
    """Import a file by the form's command; returns the newest answer."""
    house.files[FILE] = content
    do(house, person, ImportFile(address=FILE))
    house.deliver()
    return house.answer(person)


def entries(house: House) -> list[Any]:
    with house.ledger.reading() as reader:
        return list(reader.devices.everything())


def told_owners(house: House) -> list[str]:
    return [one.recipient for one in house.owed("personal") if one.what in ("device_yours", "devices_yours")]


def test_every_row_is_proposed_by_whoever_sent_it_and_each_owner_hears_once(both: House) -> None:
    rows = [
        row(both),
        row(both, device="Scales"),
        row(both, device="Till", owner=f"<@{BOB}>", protocol="POP3"),
    ]
    said = give(both, sheet(rows))
    made = entries(both)
    assert [(one.device, one.proposer_id, one.state) for one in made] == [
        *(("Fax", ALICE, "proposed"), ("Scales", ALICE, "proposed"), ("Till", ALICE, "proposed")),
    ]
    assert said.startswith(says("proposed_by_list", count=3, names="D1, D2, D3"))
    assert sorted(told_owners(both)) == [BOB, ERIN]
    assert list(differences(both.database, TENANT)) == []


def test_the_same_list_twice_changes_nothing_and_what_is_new_in_it_is_added(house: House) -> None:
    rows = [row(house), row(house, device="Scales")]
    give(house, sheet(rows))
    before = house.events()
    assert says("on_the_register_already") in give(house, sheet(rows))
    assert house.events() == before
    assert says("proposed_by_list", count=1, names="D3") in give(
        house, sheet([*rows, row(house, device="Till")])
    )
    assert [one.device for one in entries(house)] == ["Fax", "Scales", "Till"]


def test_what_the_bot_exports_can_be_read_again_and_what_has_ended_is_left_out(house: House) -> None:
    first, gone = added(house, device="=Scales"), added(house, device="Till")
    do(house, ERIN, Replaced(gone.id))
    listed = [device_data(Listed(device(house, one.id), None)) for one in (first, gone)]
    content = sheet(
        [{key: "" if value is None else str(value) for key, value in one.items()} for one in listed], DEVICES
    )
    said = give(house, content)
    assert says("on_the_register_already") in said
    assert says("left_out_as_ended", count=1) in said
    assert newest(house).id == gone.id


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        *[({name: ""}, name) for name in COLUMNS if name != "site"],
        *[({name: "x" * 3001}, name) for name in ("device", "site", "reason", "plan")],
        *[({name: "a\u202eb\u200bc"}, name) for name in ("device", "site", "reason", "plan")],
        ({"sender": "no address"}, "sender"),
        ({"sender": "a@contoso.com, b@contoso.com"}, "sender"),
        ({"owner": "Erin Egan"}, "owner"),
        ({"owner": "erin@contoso.com"}, "owner"),
        ({"owner": "U0NOBODY"}, "owner"),
        ({"owner": "U0GUEST"}, "owner"),
        ({"owner": "U0BOT"}, "owner"),
        ({"owner": "U0STRANGER"}, "owner"),
        ({"owner": "U0GONE"}, "owner"),
        ({"protocol": "carrier pigeon"}, "protocol"),
        ({"due": "2020-01-01"}, "due"),
        ({"due": "9999-12-31"}, "due"),
        ({"due": "24.12.2026"}, "due"),
    ],
    ids=str,
)
def test_one_wrong_cell_refuses_the_whole_list_and_names_row_and_column(
    house: House, wrong: dict[str, str], field: str
) -> None:
    people = house.workspace.people
    for name, odd in (
        ("GUEST", "is_guest"),
        ("BOT", "is_bot"),
        ("STRANGER", "is_stranger"),
        ("GONE", "deleted"),
    ):
        people[f"U0{name}"] = people[ERIN]
        house.workspace.change(f"U0{name}", id=f"U0{name}", **{odd: True})
    said = give(house, sheet([row(house, device="Scales"), row(house, **wrong)]))
    assert said.startswith(says("nothing_put_on_the_register", rows="1 row is"))
    assert f"Row 3: {field}: " in said
    assert entries(house) == []


def test_every_wrong_row_has_its_sentence_and_the_same_device_twice_is_one_of_them(house: House) -> None:
    rows = [
        row(house),
        row(house, device=" fax "),
        *(row(house, device=f"Scales {at}", due="") for at in range(30)),
    ]
    said = give(house, sheet(rows))
    assert says("same_device_as_in_row", row=3, first=2) in said
    assert says("and_more_rows", count=11) in said
    assert entries(house) == []


def test_however_much_is_wrong_with_a_list_every_row_that_is_named_is_read_in_slack(house: House) -> None:
    rows = [
        dict.fromkeys(COLUMNS, "") | {"device": f"Fax {at}", "due": "2020-01-01", "owner": "Erin"}
        for at in range(20)
    ]
    said = give(house, sheet(rows))
    assert len(said) > 2 * SECTION
    drawn = answer_message(said, None, {}).arguments()["blocks"]
    assert message_problems(drawn) == []
    shown = "\n".join(block["text"]["text"] for block in drawn)
    assert shown == sentence(said)


@pytest.mark.parametrize(
    "columns", [("device", "sender", "owner"), ("device", "sender", "due", "reason", "plan")]
)
def test_a_list_that_lacks_a_column_says_which(house: House, columns: tuple[str, ...]) -> None:
    assert says("list_lacks_columns") in give(house, sheet([row(house)], columns))


def test_a_list_is_bounded_in_rows_and_owners(house: House) -> None:
    rows = [row(house, device=f"Fax {at}") for at in range(MOST + 1)]
    assert says("list_too_long", rows=MOST + 1) in give(house, sheet(rows))
    owners = [row(house, device=f"Fax {at}", owner=f"U0PERSON{at}") for at in range(MOST_OWNERS + 1)]
    assert says("list_names_too_many", owners=MOST_OWNERS + 1) in give(house, sheet(owners))
    assert entries(house) == []


def test_who_may_not_add_devices_adds_none_by_a_list_either(house: House) -> None:
    said = give(house, sheet([row(house)]), person=ERIN)
    assert said.startswith(says("you_are_not_one_of_the_operators_2"))
    assert entries(house) == []


def test_at_the_command_line_a_list_is_read_and_refused_with_why(house: House) -> None:
    with pytest.raises(NotRead, match=says("list_needs_a_proposer")):
        Imports(house.ledger, house.context.zone, house.clock).take(sheet([row(house)]))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04" + b"x" * 99,
        b"%PDF-1.7",
        b"\x00\x01\x02" * 99,
        HEADER.encode(),
        b"Date (UTC),Authentication method\nx,y\n",
        b"device,sender,owner,due\n",
        b"x" * (LARGEST + 1),
        b'[{"userPrincipalName": "a@b.c", "clientAppUsed": "SMTP"',
        b'device,sender,owner,due\n"Fax',
    ],
    ids=[
        "empty",
        "zip",
        "pdf",
        "binary",
        "no rows",
        "AuthDetails",
        "list without rows",
        "26 MB",
        "cut off",
        "cut off list",
    ],
)
def test_a_file_that_is_none_is_answered_with_a_sentence_and_changes_nothing(
    house: House, content: bytes
) -> None:
    before = house.events()
    said = give(house, content)
    assert said
    assert house.events() == before


def test_a_process_that_dies_after_the_acknowledgement_loses_no_import_and_does_none_twice(
    both: House,
) -> None:
    both.files[FILE] = sheet([row(both)])
    both.dispatch.take(
        ImportFile(address=FILE), Interaction("form", ALICE, Door.COMMAND, both.clock(), channel=CHANNEL)
    )
    for _ in range(2):
        both.free_leftovers()
        both.dispatch.take_up_leftovers()
    both.deliver()
    assert [one.proposer_id for one in entries(both)] == [ALICE]
    assert both.answer(ALICE).startswith(says("proposed_by_list", count=1, names="D1"))


def test_a_file_that_slack_does_not_hand_out_is_told_so_that_it_is_sent_again(house: House) -> None:
    do(house, ALICE, ImportFile(address="https://files.slack.com/gone.csv"))
    house.deliver()
    assert says("slack_did_not_hand_out_the_file") in house.answer(ALICE)
