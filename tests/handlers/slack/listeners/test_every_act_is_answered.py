"""Whatever goes wrong between a person's act and its result, the person reads a sentence and a next step."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt import App, BoltRequest, BoltResponse

from handlers.dispatch import BROKEN, Dispatch
from handlers.policy.rule import Home
from handlers.ports import Unavailable
from handlers.slack.edge import BUSY, MISREAD, NOT_RECORDED, TOO_LATE, UNKNOWN_BUTTON
from handlers.slack.workspace_guard import is_addressed_to
from handlers.suggested import without_alias
from storage.engine import Unreachable
from storage.lifecycle import State
from tests.handlers.driver import ALICE, BOB, House
from tests.handlers.fake_slack import Hands
from tests.handlers.fakes import HOME_TEAM
from tests.handlers.slack.shapes import button, command, event, submission
from tests.sentences import says


def send(app: App, body: dict[str, Any]) -> BoltResponse:
    return app.dispatch(BoltRequest(body=body, mode="socket_mode"))


def said(house: House) -> str:
    """The newest thing said privately by the edge itself."""
    return str(house.windows.said[-1]["text"])


def until(predicate: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not predicate():
        assert time.monotonic() < deadline
        time.sleep(0.002)


class Defect(Exception):
    """Something nobody thought of."""


def broken(*args: object, **kwargs: object) -> Any:
    raise Defect("nobody thought of this")


@pytest.mark.parametrize(
    "text",
    ["status", "enable", "extend", "disable", "history", "calendar", "export", "why a@b.example", "whatif 1"],
)
def test_a_defect_behind_a_command_is_told(
    house: House, bolt: App, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(house.dispatch, "may_read", broken)
    send(bolt, command(ALICE, text))
    assert said(house) == BROKEN


@pytest.mark.parametrize(
    "text", ["sta\u200btus", "disable\u2060", "why a\u00ad@b.example", "export \u2028csv"], ids=ascii
)
def test_what_does_not_show_in_a_command_is_named_and_nothing_is_done(
    house: House, bolt: App, text: str
) -> None:
    send(bolt, command(ALICE, text))
    assert says("does_not_show") in said(house)
    assert house.windows.opened == []


@pytest.mark.parametrize(
    "action", ["again", "extend", "opt_out_now", "it_was_me", "history_page", "give_reason"]
)
def test_a_form_or_page_that_slack_does_not_open_is_told(house: House, bolt: App, action: str) -> None:
    number = house.ask(ALICE).id
    house.reject(BOB, number)
    house.observe()
    house.workspace.down = True
    house.windows.trouble = Unavailable(
        "Slack's three seconds for opening a form were over.", mend="Try once more."
    )
    send(bolt, button(BOB, action, str(number)))
    assert said(house).startswith(says("this_could_not_be_done"))


def test_a_full_crew_is_told_with_the_acknowledgement_or_after_it(house: House, bolt: App) -> None:
    house.hands.full = True
    assert send(bolt, command(ALICE, "history")).body == BUSY
    send(bolt, button(ALICE, "history_page", "5"))
    assert said(house) == BUSY


@pytest.mark.parametrize("body", [button(ALICE, "history_page", "5"), command(ALICE, "history")])
def test_what_waited_too_long_is_told(house: House, bolt: App, body: dict[str, Any]) -> None:
    house.hands.late = True
    send(bolt, body)
    assert said(house) == TOO_LATE


def test_a_button_that_is_not_in_use_any_more_is_answered(house: House, bolt: App) -> None:
    assert send(bolt, button(ALICE, "abolished", "whatever")).status == 200
    assert said(house) == without_alias(UNKNOWN_BUTTON)


@pytest.mark.parametrize("action", ["approve", "withdraw", "history_page", "again"])
@pytest.mark.parametrize("value", ["", "one", "9" * 40])
def test_a_click_that_makes_no_sense_is_answered(house: House, bolt: App, action: str, value: str) -> None:
    assert send(bolt, button(ALICE, action, value)).status == 200
    assert said(house) == without_alias(MISREAD)


def test_a_command_that_makes_no_sense_is_answered(house: House, bolt: App) -> None:
    body = command(ALICE)
    del body["user_id"]
    response = send(bolt, body)
    assert (response.status, response.body) == (200, without_alias(MISREAD))


def test_a_form_that_makes_no_sense_stays_open_with_a_word(house: House, bolt: App) -> None:
    body = submission(ALICE, "another")
    body["view"]["blocks"] = [{"type": "section"}, {"type": "input", "block_id": "reason"}]
    response = send(bolt, body)
    assert response.status == 200
    assert says("does_not_understand") in response.body
    assert '"reason"' in response.body


def test_a_defect_in_a_listener_is_told_to_whoever_acted_and_left_for_slack_where_it_sends_again(
    house: House, bolt: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Dispatch, "take", broken)
    assert send(bolt, button(BOB)).status == 200
    assert said(house) == BROKEN
    assert send(bolt, event(BOB)).status == 503


def test_a_defect_while_deciding_changes_nothing_and_is_told_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = house.ask(ALICE).id
    house.card_ts(number)
    with monkeypatch.context() as broke:
        broke.setattr("handlers.changes.authorise.judge_vote", broken)
        with pytest.raises(Defect):
            house.approve(BOB, number)
    assert house.answer(BOB) == f"#{number}: {BROKEN}"
    house.free_leftovers()
    assert house.dispatch.take_up_leftovers() == 0
    assert house.request(number).state is State.PENDING


def test_a_click_that_could_not_be_kept_is_told_although_the_crew_is_full(
    house: House, bolt: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object) -> None:
        raise Unreachable("gone")

    monkeypatch.setattr(Dispatch, "take", away)
    house.hands.full = True
    send(bolt, button(BOB))
    assert said(house) == NOT_RECORDED


# Shapes that Slack documents or has sent


def test_a_click_of_an_older_shape_counts(house: House, bolt: App) -> None:
    number = house.ask(ALICE).id
    body = button(BOB, "approve", str(number))
    ts = body.pop("container")["message_ts"]
    body["message"] = {"ts": ts}
    del body["actions"][0]["action_ts"]
    send(bolt, body)
    send(bolt, body)
    assert [(vote.person_id, vote.voted_at) for vote in house.votes(number)] == [(BOB, house.clock.at)]
    assert house.request(number).state is State.APPROVED


def test_a_reaction_without_its_own_time_has_the_envelope_s(house: House, bolt: App) -> None:
    number = house.ask(ALICE).id
    body = event(BOB)
    body["event"]["item"]["ts"] = house.card_ts(number)
    body["event_id"] = "Ev-0123456789:" + "abcdef" * 12
    del body["event"]["event_ts"]
    body["event_time"] = int(house.clock.at.timestamp())
    send(bolt, body)
    assert [vote.voted_at for vote in house.votes(number)] == [house.clock.at]


def test_a_form_with_a_long_id_is_taken(house: House, bolt: App) -> None:
    body = submission(ALICE)
    body["view"]["id"] = "V-" + "0123456789" * 8
    send(bolt, body)
    assert house.newest().requester_id == ALICE


@pytest.mark.parametrize(
    ("body", "home", "ours"),
    [
        ({"team": None, "user": {"id": BOB, "team_id": HOME_TEAM}}, Home(HOME_TEAM), True),
        ({"user": {"id": BOB, "team_id": "T0FABRIKAM"}}, Home(HOME_TEAM), False),
        ({"team": None, "view": {"team_id": HOME_TEAM}, "user": {"id": BOB}}, Home(HOME_TEAM), True),
        ({"context_team_id": HOME_TEAM}, Home(HOME_TEAM), True),
        ({"team": {"id": "T0FABRIKAM"}, "user": {"team_id": HOME_TEAM}}, Home(HOME_TEAM), False),
        ({"team": None, "enterprise": {"id": "E0CORP"}}, Home(HOME_TEAM, "E0CORP"), True),
        (
            {"team": None, "enterprise": {"id": "E0OTHER"}, "user": {"team_id": HOME_TEAM}},
            Home(HOME_TEAM, "E0CORP"),
            False,
        ),
        ({"user": {"id": BOB}}, Home(HOME_TEAM), False),
        ({}, Home("", None), False),
    ],
)
def test_a_payload_that_names_its_workspace_in_another_place_is_ours_all_the_same(
    body: dict[str, Any], home: Home, ours: bool
) -> None:
    assert is_addressed_to(home, body) is ours


def test_hands_are_a_crew() -> None:
    """What stands in for the executor refuses and drops as the executor does."""
    dropped: list[str] = []
    hands = Hands()
    hands.late = True
    assert hands.submit(lambda: dropped.append("done"), drop=lambda: dropped.append("dropped"))
    assert dropped == ["dropped"]
