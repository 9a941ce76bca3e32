"""A change ticket is asked for where the settings say so, approved with the rest, shown with it, and never a
lock."""

import csv
import io

import pytest

from handlers.policy.forms import TICKET
from handlers.policy.tickets import NO_TICKETS, Tickets
from handlers.policy.votes import content_digest
from handlers.queries.export import change_lines
from handlers.slack.views import help_and_history
from handlers.slack.views.card_thread import details
from handlers.slack.views.plain_text import plain
from storage.lifecycle import State
from storage.record.table_comparison import differences
from storage.record.verify import verify
from tests.handlers.changes.test_forms_choose_devices import card, opened
from tests.handlers.driver import ALICE, BOB, CAROL, CHANNEL, RULE, TENANT, House
from tests.handlers.evidence.packs import made, unpacked
from tests.handlers.outgoing.test_refusals import say
from tests.journeys.words import fields, words

URL = "https://tickets.example/browse/{ticket}"
LINK = "<https://tickets.example/browse/CHG-7|CHG-7>"


@pytest.fixture
def asking(both: House) -> House:
    both.tickets = Tickets(r"CHG-\d+", URL)
    both.start(RULE)
    return both


def test_no_form_has_the_field_where_the_settings_ask_for_none(house: House) -> None:
    assert TICKET not in fields(opened(house))
    request = house.ask(ticket="CHG-7")
    assert (request.ticket, house.events("request_opened")[0].payload.get("ticket")) == ("", None)


def test_opting_in_needs_a_number_that_matches(asking: House) -> None:
    field = fields(opened(asking))[TICKET]
    assert (field["optional"], r"CHG-\d+" in field["hint"]["text"]) == (False, True)
    filled = {
        "reason": "They need it",
        "clients": "Two scanners",
        "protocols": ["smtp-auth"],
        "day": "2026-12-01",
    }
    for wrong in ("", "INC-7", "CHG-7 or so", "CHG-7\nCHG-8", "C" * 65):
        assert asking.submit("opt_in", ALICE, CHANNEL, **filled, ticket=wrong)["errors"].keys() == {TICKET}
    assert asking.submit("opt_in", ALICE, CHANNEL, **filled)["errors"].keys() == {TICKET}
    assert asking.ask(ticket=" CHG-7 ").ticket == "CHG-7"


def test_a_ticket_is_approved_with_the_rest_and_shown_wherever_the_change_is(asking: House) -> None:
    number = asking.ask(ticket="CHG-7").id
    assert LINK in card(asking, number)
    view = next(view for _, view in asking.board.cards if view.request.id == number)
    assert LINK in words(details(view).arguments())
    assert "`CHG-7`" in words(asking.open_home(BOB))
    asking.approve(BOB, number)
    asking.run()
    request = asking.request(number)
    assert (request.state, request.ticket) == (State.APPLIED, "CHG-7")
    shown = plain(help_and_history.history(asking.dispatch.history.page(), asking.context.zone))
    assert any("ticket CHG-7" in line for line in shown)
    (row,) = csv.DictReader(io.StringIO("".join(change_lines(asking.database, TENANT))))
    pack = unpacked(made(asking)[0])
    (proven,) = csv.DictReader(io.StringIO(pack["population.csv"].decode()))
    assert b"Ticket CHG-7" in pack["index.html"]
    assert row["ticket"] == proven["ticket"] == "CHG-7"
    assert proven["digest"] == content_digest(request, asking.context.rule.digest)
    assert verify(asking.database, TENANT).ok
    assert list(differences(asking.database, TENANT)) == []


def test_an_extension_has_a_ticket_of_its_own_and_an_earlier_end_needs_none(asking: House) -> None:
    asking.approve(BOB, asking.ask(ticket="CHG-7").id)
    asking.run()
    field = fields(opened(asking, "extend"))[TICKET]
    assert (field["optional"], field["element"].get("initial_value")) == (False, None)
    later = {"reason": "Longer", "clients": "Two scanners", "protocols": ["smtp-auth"], "day": "2027-01-10"}
    assert asking.submit("extension", ALICE, CHANNEL, **later)["errors"].keys() == {TICKET}
    asking.submit("extension", ALICE, CHANNEL, **later | {"day": "2026-11-30"})
    assert asking.newest().kind == "shortening"
    assert asking.ask(kind="extension", day="2027-01-10", ticket="CHG-8").ticket == "CHG-8"


@pytest.mark.parametrize("typed", ["", "CHG-7", "no idea, it burns"])
def test_no_ticket_keeps_anybody_from_opting_out(asking: House, typed: str) -> None:
    asking.approve(BOB, asking.ask(ticket="CHG-6").id)
    asking.run()
    say(asking, "disable", CAROL)
    assert fields(asking.windows.opened[-1])[TICKET]["optional"] is True
    assert asking.submit("opt_out", CAROL, CHANNEL, reason="", ticket=typed) == {}
    asking.run()
    request = asking.newest()
    assert (request.kind, request.state, request.ticket) == ("opt_out", State.APPLIED, typed)
    shown, as_code = card(asking, request.id), f"`{typed}`"
    assert (LINK in shown) is (typed == "CHG-7")
    assert (as_code in shown) is (typed == "no idea, it burns")


def test_a_request_asked_for_again_brings_its_ticket_along(asking: House) -> None:
    number = asking.ask(ticket="CHG-7").id
    asking.reject(BOB, number)
    asking.press("again", ALICE, number)
    assert fields(asking.windows.opened[-1])[TICKET]["element"]["initial_value"] == "CHG-7"


def test_a_ticket_stays_where_the_settings_ask_for_none_any_more(asking: House) -> None:
    number = asking.ask(ticket="CHG-7").id
    asking.tickets = NO_TICKETS
    asking.start(RULE)
    asking.approve(BOB, number)
    asking.run()
    assert "`CHG-7`" in card(asking, number)
