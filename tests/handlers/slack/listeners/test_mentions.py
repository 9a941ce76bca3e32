"""A mention is met with one private word on what to type instead; it decides nothing, and its text goes
nowhere."""

from typing import Any

import pytest
from slack_bolt import App, BoltRequest
from structlog.testing import capture_logs

from handlers.dispatch import Dispatch
from handlers.policy.rule import Home
from handlers.ports import Unavailable
from handlers.slack.listeners.mentions import INSTEAD, Mentions
from handlers.slack.listeners.registration import register
from handlers.slack.workspace_guard import WorkspaceGuard
from handlers.suggested import without_alias
from storage.engine import Unreachable
from tests.handlers.driver import ALICE, BOB, BOT_USER, DAVE, ERIN, House
from tests.handlers.fakes import CHANNEL, HOME_TEAM
from tests.handlers.slack.shapes import mention

TYPED = "<@U0LEGACY> disable now, the password is swordfish"


def send(app: App, body: dict[str, Any]) -> int:
    return app.dispatch(BoltRequest(body=body, mode="socket_mode")).status


def everything(house: House) -> tuple[object, ...]:
    return house.requests(), house.baseline(), house.tenant.writes, house.events()


@pytest.mark.parametrize("person", [ALICE, BOB, DAVE, ERIN])
@pytest.mark.parametrize("text", ["<@U0LEGACY>", "<@U0LEGACY> disable", "yes <@U0LEGACY> approve #1", TYPED])
def test_a_mention_is_answered_privately_with_what_to_type_and_decides_nothing(
    house: House, bolt: App, person: str, text: str
) -> None:
    house.ask(ALICE)
    before = everything(house)
    with capture_logs() as logged:
        assert send(bolt, mention(person, text)) == 200
    (said,) = house.windows.said
    assert (said["user"], said["channel"], said["text"]) == (person, CHANNEL, without_alias(INSTEAD))
    assert "thread_ts" not in said
    assert "swordfish" not in f"{said} {logged}"
    assert everything(house) == before


def test_a_mention_in_a_thread_is_answered_there(house: House, bolt: App) -> None:
    send(bolt, mention(BOB, thread_ts="1763899000.000001"))
    assert house.windows.said[0]["thread_ts"] == "1763899000.000001"


def test_the_same_person_is_answered_once_a_minute_and_everybody_for_themselves(
    house: House, bolt: App
) -> None:
    for seconds, people in ((0, [BOB, BOB, ALICE]), (59, [BOB, ALICE]), (1, [BOB, ALICE, BOB])):
        house.clock.advance(seconds=seconds)
        for person in people:
            stamp = house.stamp()
            send(bolt, mention(person, ts=stamp, event_ts=stamp))
    assert [said["user"] for said in house.windows.said] == [BOB, ALICE, BOB, ALICE]


def test_a_mention_that_is_delivered_again_to_another_copy_of_the_bot_is_answered_once(
    house: House, bolt: App
) -> None:
    send(bolt, mention(BOB))
    house.clock.advance(minutes=5)
    for copy in (Mentions(house.edge), Mentions(house.edge)):
        copy.listen(mention(BOB), None)  # type: ignore[arg-type]  # nothing is answered, so nothing responds
    assert len(house.windows.said) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"bot_id": "B0OTHER"},
        {"bot_id": "B0OTHER", "subtype": "bot_message"},
        {"subtype": "bot_message", "user": None},
        {"user": BOT_USER},
    ],
)
def test_a_bot_is_not_answered_nor_are_we_ourselves(house: House, bolt: App, more: dict[str, Any]) -> None:
    assert send(bolt, mention(BOB) | {"event": mention(BOB)["event"] | more}) == 200
    assert house.windows.said == []


@pytest.mark.parametrize(
    "changed",
    [
        {"is_bot": True},
        {"is_stranger": True},
        {"team_id": "T0FABRIKAM"},
        {"deleted": True},
        {"deleted": None},
    ],
)
def test_whoever_is_no_person_of_this_workspace_is_not_answered(
    house: House, bolt: App, changed: dict[str, Any]
) -> None:
    house.workspace.change(BOB, **changed)
    assert send(bolt, mention(BOB)) == 200
    assert send(bolt, mention("U0NOBODY")) == 200
    assert house.windows.said == []


def test_a_guest_is_told_privately_whom_to_ask(house: House, bolt: App) -> None:
    house.workspace.change(BOB, is_guest=True)
    send(bolt, mention(BOB))
    assert [said["text"] for said in house.windows.said] == [house.dispatch.may_read(BOB).sentence]


def test_a_mention_for_another_workspace_is_not_answered(house: House, bolt: App) -> None:
    bolt.use(WorkspaceGuard(Home(HOME_TEAM)))
    register(bolt, house.edge)
    elsewhere = [{"team_id": "T0FABRIKAM", "enterprise_id": None}]
    assert send(bolt, mention(BOB) | {"authorizations": elsewhere}) == 200
    assert send(bolt, mention(BOB) | {"team_id": "T0FABRIKAM"}) == 200
    assert house.windows.said == []
    send(bolt, mention(BOB))
    assert len(house.windows.said) == 1


def test_where_the_channel_takes_no_private_answer_it_comes_by_direct_message_and_else_stays_owed(
    house: House, bolt: App
) -> None:
    house.windows.no_ephemeral = Unavailable("The bot is not a member of the channel.", retryable=False)
    send(bolt, mention(BOB, thread_ts="1763899000.000001"))
    (said,) = house.windows.said
    assert (said["channel"], said["text"]) == (f"D{BOB}", without_alias(INSTEAD))
    assert "thread_ts" not in said
    house.windows.no_message = Unavailable("Slack could not be reached.")
    send(bolt, mention(ALICE))
    assert house.answer(ALICE) == without_alias(INSTEAD)


def broken(*arguments: object, **named: object) -> Any:
    raise Unreachable("gone")


@pytest.mark.parametrize(
    "more",
    [{"user": None}, {"user": ""}, {"channel": "C 1"}, {"ts": "soon"}, {"ts": None}, {"thread_ts": []}],
)
def test_a_mention_that_makes_no_sense_is_not_sent_again(
    house: House, bolt: App, more: dict[str, Any]
) -> None:
    assert send(bolt, mention(BOB) | {"event": mention(BOB)["event"] | more}) == 200


def test_a_mention_is_never_sent_again_whatever_is_away(
    house: House, bolt: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Dispatch, "is_first", broken)
    assert send(bolt, mention(BOB)) == 200
    assert len(house.windows.said) == 1
    house.hands.full = True
    assert send(bolt, mention(ALICE)) == 200
    monkeypatch.setattr(Mentions, "_answer", broken)
    house.hands.full = False
    assert send(bolt, mention(ERIN)) == 200
    assert len(house.windows.said) == 1
