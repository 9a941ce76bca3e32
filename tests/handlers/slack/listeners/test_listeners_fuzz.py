"""Through Bolt itself: no payload breaks a listener, and without authority nothing changes, whatever is
sent."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_bolt import App, BoltRequest

from storage.lifecycle import State
from tests.handlers.driver import ALICE, BOB, House
from tests.handlers.slack.shapes import NOBODIES, bodies, button, spoilt, submission

QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)


def send(app: App, body: dict[str, Any]) -> int:
    """The status that Slack gets; 400 where Bolt itself cannot read who sent it, so that no listener is
    asked."""
    try:
        request = BoltRequest(body=body, mode="socket_mode")
    except (TypeError, AttributeError):
        return 400
    return app.dispatch(request).status


def everything(house: House) -> tuple[object, ...]:
    """What only an authorised act may change."""
    requests = house.requests()
    votes = [house.votes(request.id) for request in requests]
    return requests, votes, house.baseline(), house.tenant.writes


def test_true_payloads_go_through(house: House, bolt: App) -> None:
    assert send(bolt, submission(ALICE)) == 200
    number = house.newest().id
    ts = house.card_ts(number)
    assert send(bolt, button(BOB, "approve", str(number), ts)) == 200
    assert house.request(number).state is State.APPROVED


@QUIET
@given(bodies(NOBODIES))
def test_without_authority_nothing_changes(house: House, bolt: App, body: dict[str, Any]) -> None:
    if not house.requests():
        house.card_ts(house.ask(ALICE).id)
    before = everything(house)
    assert send(bolt, body) == 200
    assert everything(house) == before


@QUIET
@given(spoilt(bodies(NOBODIES)))
def test_a_spoilt_payload_breaks_nothing_and_changes_nothing(
    house: House, bolt: App, body: dict[str, Any]
) -> None:
    if not house.requests():
        house.card_ts(house.ask(ALICE).id)
    before = everything(house)
    assert send(bolt, body) in (200, 400, 404)
    assert everything(house) == before


@QUIET
@given(spoilt(bodies(st.sampled_from([ALICE, BOB]))))
def test_what_an_authorised_person_s_spoilt_payload_leaves_behind_can_be_worked_off(
    house: House, bolt: App, body: dict[str, Any]
) -> None:
    assert send(bolt, body) in (200, 400, 404)
    house.free_leftovers()
    house.dispatch.take_up_leftovers()
    house.free_leftovers()
    assert house.dispatch.take_up_leftovers() == 0
