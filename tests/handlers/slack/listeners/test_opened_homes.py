"""A Home opened in another workspace, or by somebody of one: nothing, or one sentence."""

from typing import Any

import pytest
from slack_bolt import App

from handlers.policy.rule import Home
from handlers.slack.listeners.registration import register
from handlers.slack.workspace_guard import WorkspaceGuard
from tests.handlers.driver import ALICE, BOB, House
from tests.handlers.fakes import HOME_TEAM
from tests.handlers.slack.listeners.test_mentions import send
from tests.sentences import says


def opened(person: object = BOB, **changed: Any) -> dict[str, Any]:
    """A Home is opened, as Slack tells it."""
    told = {
        "type": "app_home_opened",
        "user": person,
        "channel": "D0BOB",
        "tab": "home",
        "event_ts": "1763899300.000001",
    }
    return {
        "type": "event_callback",
        "team_id": HOME_TEAM,
        "event_id": "Ev0123456781",
        "event": told,
    } | changed


def test_a_home_that_is_opened_in_another_workspace_is_not_published(house: House, bolt: App) -> None:
    bolt.use(WorkspaceGuard(Home(HOME_TEAM)))
    register(bolt, house.edge)
    elsewhere = [{"team_id": "T0FABRIKAM", "enterprise_id": None}]
    for body in (opened(authorizations=elsewhere), opened(team_id="T0FABRIKAM")):
        assert send(bolt, body) == 200
    assert house.windows.published == []
    assert send(bolt, opened()) == 200
    assert house.windows.published == [BOB]


@pytest.mark.parametrize("changed", [{"is_stranger": True}, {"team_id": "T0FABRIKAM"}])
def test_somebody_of_another_workspace_reads_one_sentence(
    house: House, bolt: App, changed: dict[str, Any]
) -> None:
    house.ask(ALICE)
    house.workspace.change(BOB, **changed)
    assert send(bolt, opened()) == 200
    (only,) = house.home(BOB)
    assert says("only_members_of_this_workspace") in only["text"]["text"]
    assert house.events("refused") == []


def test_somebody_whom_slack_does_not_know_reads_one_sentence(house: House, bolt: App) -> None:
    assert send(bolt, opened("U0NOBODY")) == 200
    assert len(house.home("U0NOBODY")) == 1


@pytest.mark.parametrize("person", [None, "", "U0 BOB", {"id": BOB}])
def test_an_opening_that_names_nobody_publishes_nothing_and_is_not_sent_again(
    house: House, bolt: App, person: object
) -> None:
    assert send(bolt, opened(person)) == 200
    assert house.windows.published == []
