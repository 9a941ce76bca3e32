"""What the page is given: one document per person, with nothing in it that this person may not see."""

from typing import Any

import pytest
import requests
from slack_sdk import WebClient

from bot.sandbox.console.controls import Controls
from bot.sandbox.console.site import Site
from bot.sandbox.microsoft.tenant import Tenant
from bot.sandbox.slack.simulation import Slack
from handlers.slack.listeners.commands import SUBCOMMANDS
from tests.bot.sandbox.bolt_bot import NOON, BoltBot, quick_slack


def _state(slack: Slack, as_: str = "U0ALICE") -> Any:
    return requests.get(f"{slack.url}/console/state", params={"as": as_}, timeout=20).json()


def test_the_document_has_what_the_page_reads(slack: Slack) -> None:
    state = _state(slack)
    assert set(state) == {
        "revision", "now", "bot_user", "people", "groups", "channels", "messages", "views", "home",
        "shortcuts", "commands", "tenant", "others", "bot", "notice", "samples",
    }  # fmt: skip
    assert (state["now"], state["bot_user"], state["tenant"], state["notice"]) == (
        NOON.isoformat(),
        "U0LEGACY",
        None,
        None,
    )
    assert (state["bot"], state["others"]) == ({"state": "stopped"}, [])
    assert state["groups"] == [{"id": "S0MAIL", "handle": "mail-owners"}]
    (command,) = state["commands"]
    assert command["command"] == "/legacytls"
    assert [each["name"] for each in command["subcommands"]] == list(SUBCOMMANDS)
    assert set(state["people"][0]) == {
        "id", "name", "real_name", "title", "role", "is_bot", "is_guest", "is_stranger", "tz",
    }  # fmt: skip


def test_everybody_is_on_stage_and_marked_for_what_they_are(slack: Slack) -> None:
    people = {person["id"]: person for person in _state(slack)["people"]}
    assert set(people) == {"U0ALICE", "U0BOB", "U0CAROL", "U0DAVE", "U0ERIN", "U0FRANK", "U0LEGACY"}
    marked = {
        flag: [key for key, one in people.items() if one[flag]]
        for flag in ("is_guest", "is_stranger", "is_bot")
    }
    assert marked == {"is_guest": ["U0ERIN"], "is_stranger": ["U0FRANK"], "is_bot": ["U0LEGACY"]}


@pytest.mark.parametrize(
    ("person", "channels"),
    [
        ("U0ALICE", {"C0CHANGES": True, "C0GENERAL": True, "D0ALICE": True}),
        ("U0FRANK", {"C0CHANGES": True, "D0FRANK": True}),
    ],
)
def test_each_person_has_their_own_channels(slack: Slack, person: str, channels: dict[str, bool]) -> None:
    shown = {channel["id"]: channel["member"] for channel in _state(slack, person)["channels"]}
    assert shown == channels
    direct = _state(slack, person)["channels"][-1]
    assert (direct["kind"], direct["with"]) == ("dm", "U0LEGACY")


def test_private_answers_direct_messages_and_notices_stay_private(slack: Slack, client: WebClient) -> None:
    client.chat_postEphemeral(channel="C0CHANGES", user="U0BOB", text="psst")
    client.chat_postMessage(channel="U0BOB", text="counted")
    slack.command("U0BOB", "/nonsense")
    bob, alice = _state(slack, "U0BOB"), _state(slack)
    (message,) = bob["messages"]["C0CHANGES"]
    assert (message["text"], message["ephemeral"]) == ("psst", True)
    assert bob["messages"]["D0BOB"][0]["text"] == "counted"
    assert "nonsense" in bob["notice"]
    assert alice["messages"] == {"C0CHANGES": [], "C0GENERAL": [], "D0ALICE": []}
    assert alice["notice"] is None


def test_an_open_form_is_shown_with_its_errors(slack: Slack, bot: BoltBot) -> None:
    field = {
        "type": "input", "block_id": "reason", "label": {"type": "plain_text", "text": "Why"},
        "element": {"type": "plain_text_input", "action_id": "it"},
    }  # fmt: skip
    title = {"type": "plain_text", "text": "Opt in"}
    view = {"type": "modal", "title": title, "submit": title, "blocks": [field]}

    @bot.app.command("/legacytls")
    def open_it(ack: Any, body: Any, client: Any) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=view)

    bot.connect()
    slack.command("U0ALICE", "/legacytls enable")
    slack.workspace.wait_for(lambda: slack.views("U0ALICE"))
    (shown,) = _state(slack)["views"]
    assert (shown["view"]["title"]["text"], shown["errors"]) == ("Opt in", None)
    slack.submit("U0ALICE", shown["id"])
    assert _state(slack)["views"][0]["errors"] == {"reason": "Please complete this required field."}
    assert _state(slack, "U0BOB")["views"] == []


def test_the_tenant_is_shown_as_it_tells_of_itself() -> None:
    tenant = Tenant(clock=lambda: NOON)
    slack = quick_slack(Site(Controls.of(tenant)))
    shown = _state(slack)["tenant"]
    slack.stop()
    assert shown == tenant.snapshot()


def test_the_bot_runs_when_it_is_connected_unless_somebody_knows_better(
    slack: Slack, site: Site, bot: BoltBot
) -> None:
    bot.connect()
    assert _state(slack)["bot"] == {"state": "running"}
    site.controls = Controls(bot_state=lambda: "starting")
    assert _state(slack)["bot"] == {"state": "starting"}


def test_nobody_is_nobody(slack: Slack) -> None:
    answer = requests.get(f"{slack.url}/console/state", params={"as": "U0NOBODY"}, timeout=20)
    assert answer.status_code == 400
    assert "U0NOBODY" in answer.json()["error"]
