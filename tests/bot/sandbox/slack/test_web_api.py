"""The Web API as the SDK calls it: identity, messages, people, channels, files, and every refusal by Slack's
own code."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.sandbox.slack.simulation import Slack
from tests.bot.sandbox.bolt_bot import SCOPES, quick_slack


def _refusal(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as refusal:
        call(**arguments)
    return str(refusal.value.response["error"])


def test_auth_test_says_who_the_bot_is_and_what_it_may(client: WebClient) -> None:
    answer = client.auth_test()
    named = {name: answer[name] for name in ("team_id", "team", "user_id", "bot_id", "user")}
    assert named == {
        "team_id": "T0CONTOSO", "team": "Contoso", "user_id": "U0LEGACY", "bot_id": "B0LEGACY",
        "user": "legacytls",
    }  # fmt: skip
    assert answer["url"].startswith("http://127.0.0.1:")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert headers["x-oauth-scopes"] == ",".join(SCOPES)


@pytest.mark.parametrize(
    ("token", "error"),
    [
        (None, "not_authed"),
        ("xoxb-another", "invalid_auth"),
        ("xapp-1-A0LEGACY-0-sandbox", "not_allowed_token_type"),
    ],
)
def test_another_token_is_refused(slack: Slack, token: str | None, error: str) -> None:
    assert _refusal(WebClient(token, base_url=slack.environment["SLACK_API_URL"]).auth_test) == error


def test_the_bots_token_opens_no_connection(slack: Slack, client: WebClient) -> None:
    token = slack.environment["SLACK_BOT_TOKEN"]
    assert _refusal(client.apps_connections_open, app_token=token) == "not_allowed_token_type"


def test_a_missing_scope_is_named() -> None:
    slack = quick_slack(scopes=["commands"])
    client = WebClient(slack.environment["SLACK_BOT_TOKEN"], base_url=slack.environment["SLACK_API_URL"])
    with pytest.raises(SlackApiError) as refusal:
        client.chat_postMessage(channel="C0CHANGES", text="x")
    slack.stop()
    answer = refusal.value.response
    assert (answer["error"], answer["needed"], answer["provided"]) == (
        "missing_scope",
        "chat:write",
        "commands",
    )


def test_an_unknown_method_is_refused(client: WebClient) -> None:
    assert _refusal(client.api_call, api_method="conversations.history") == "unknown_method"


def test_reactions_get_gives_the_whole_message(slack: Slack, client: WebClient) -> None:
    blocks = [{"type": "divider", "block_id": "line"}]
    ts = client.chat_postMessage(channel="C0CHANGES", text="x", blocks=blocks)["ts"]
    slack.react("U0BOB", "C0CHANGES", ts, "eyes")
    found = client.reactions_get(channel="C0CHANGES", timestamp=ts)["message"]
    assert (found["ts"], found["user"], found["blocks"]) == (ts, "U0LEGACY", blocks)
    assert found["reactions"] == [{"name": "eyes", "users": ["U0BOB"], "count": 1}]
    assert _refusal(client.reactions_get, channel="C0CHANGES", timestamp="1.000001") == "message_not_found"


def test_arguments_may_come_as_form_or_as_json(slack: Slack, client: WebClient) -> None:
    blocks = [{"type": "divider", "block_id": "line"}]
    headers = {"Authorization": f"Bearer {slack.environment['SLACK_BOT_TOKEN']}"}
    url = slack.environment["SLACK_API_URL"] + "chat.postMessage"
    form = {"channel": "C0CHANGES", "text": "form", "blocks": json.dumps(blocks)}
    assert requests.post(url, data=form, headers=headers, timeout=20).json()["ok"]
    in_form = form | {"token": slack.environment["SLACK_BOT_TOKEN"]}
    assert requests.post(url, data=in_form, timeout=20).json()["ok"]
    assert client.chat_postMessage(channel="C0CHANGES", text="json", blocks=blocks)["ok"]
    assert [message["blocks"] for message in slack.messages("C0CHANGES")] == [blocks] * 3
    broken = requests.post(url, data="{", headers=headers | {"Content-Type": "application/json"}, timeout=20)
    assert broken.json() == {"ok": False, "error": "invalid_json"}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ({"channel": "C0GENERAL", "text": "x"}, "not_in_channel"),
        ({"channel": "U0NOBODY", "text": "x"}, "channel_not_found"),
        ({"channel": "C0CHANGES", "text": ""}, "no_text"),
        ({"channel": "C0CHANGES"}, "no_text"),
        ({"channel": "C0CHANGES", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "C0CHANGES", "blocks": "[{"}, "invalid_blocks_format"),
        ({"channel": "C0CHANGES", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"channel": "C0CHANGES", "blocks": [{"type": "dividre"}]}, "invalid_blocks"),
        ({"channel": "", "text": "x"}, "invalid_arguments"),
    ],
)
def test_a_message_that_cannot_be_posted_is_refused(
    slack: Slack, client: WebClient, arguments: dict[str, Any], error: str
) -> None:
    assert _refusal(client.api_call, api_method="chat.postMessage", json=arguments) == error
    assert all(slack.messages(channel.id) == [] for channel in slack.workspace.channels())


def test_posting_to_a_person_opens_the_direct_messages(slack: Slack, client: WebClient) -> None:
    answer = client.chat_postMessage(channel="U0CAROL", text="Your vote counted")
    assert (
        answer["channel"]
        == slack.dm("U0CAROL")
        == client.conversations_open(users="U0CAROL")["channel"]["id"]
    )
    assert [message["text"] for message in slack.messages(slack.dm("U0CAROL"))] == ["Your vote counted"]
    assert _refusal(client.conversations_open, users="U0NOBODY") == "user_not_found"
    assert _refusal(client.conversations_open, users="U0LEGACY") == "cannot_dm_bot"
    assert _refusal(client.conversations_open, users="") == "users_list_not_supplied"


def test_a_posted_message_comes_back_with_the_ids_slack_gave_it(client: WebClient) -> None:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Go"}}
    metadata = {"event_type": "request", "event_payload": {"id": 12}}
    answer = client.chat_postMessage(
        channel="C0CHANGES", text="x", blocks=[{"type": "actions", "elements": [button]}], metadata=metadata
    )
    (block,) = answer["message"]["blocks"]
    assert block["block_id"]
    assert block["elements"][0]["action_id"]
    assert answer["message"]["metadata"] == metadata
    assert (answer["message"]["user"], answer["message"]["bot_id"]) == ("U0LEGACY", "B0LEGACY")


def test_an_update_without_blocks_keeps_them(slack: Slack, client: WebClient) -> None:
    blocks = [{"type": "divider", "block_id": "line"}]
    ts = client.chat_postMessage(channel="C0CHANGES", text="before", blocks=blocks)["ts"]
    client.chat_update(channel="C0CHANGES", ts=ts, text="after")
    (message,) = slack.messages("C0CHANGES")
    assert (message["text"], message["blocks"], message["edited"], message["ts"]) == (
        "after",
        blocks,
        True,
        ts,
    )
    client.chat_update(channel="C0CHANGES", ts=ts, text="bare", blocks=[])
    assert slack.messages("C0CHANGES")[0]["blocks"] == []


def test_only_the_bots_own_lasting_messages_can_be_changed(slack: Slack, client: WebClient) -> None:
    slack.say("U0ALICE", "mine")
    theirs = slack.messages("C0CHANGES")[0]["ts"]
    hidden = client.chat_postEphemeral(channel="C0CHANGES", user="U0BOB", text="psst")["message_ts"]
    assert _refusal(client.chat_update, channel="C0CHANGES", ts=theirs, text="x") == "cant_update_message"
    assert _refusal(client.chat_delete, channel="C0CHANGES", ts=theirs) == "cant_delete_message"
    assert _refusal(client.chat_update, channel="C0CHANGES", ts=hidden, text="x") == "message_not_found"
    assert _refusal(client.chat_update, channel="C0CHANGES", ts="1.000001", text="x") == "message_not_found"


def test_a_deleted_message_is_gone(slack: Slack, client: WebClient) -> None:
    ts = client.chat_postMessage(channel="C0CHANGES", text="x")["ts"]
    client.chat_delete(channel="C0CHANGES", ts=ts)
    assert slack.messages("C0CHANGES") == []
    assert _refusal(client.chat_delete, channel="C0CHANGES", ts=ts) == "message_not_found"


def test_an_ephemeral_message_needs_its_reader_in_the_channel(slack: Slack, client: WebClient) -> None:
    ephemeral = {"channel": "C0CHANGES", "text": "x"}
    assert client.chat_postEphemeral(user="U0BOB", **ephemeral)["message_ts"]
    assert _refusal(client.chat_postEphemeral, user="U0NOBODY", **ephemeral) == "user_not_in_channel"
    assert (
        _refusal(client.chat_postEphemeral, user="U0BOB", channel="C0GENERAL", text="x") == "not_in_channel"
    )
    assert [len(slack.messages("C0CHANGES", user)) for user in ("U0BOB", "U0ALICE")] == [1, 0]


def test_a_permalink_leads_to_the_page(slack: Slack, client: WebClient) -> None:
    ts = client.chat_postMessage(channel="C0CHANGES", text="x")["ts"]
    link = client.chat_getPermalink(channel="C0CHANGES", message_ts=ts)["permalink"]
    assert link == f"{slack.url}/archives/C0CHANGES/p{ts.replace('.', '')}"
    landing = requests.get(link, timeout=20, allow_redirects=False)
    assert (landing.status_code, landing.headers["Location"]) == (302, "/?in=C0CHANGES")
    assert (
        _refusal(client.chat_getPermalink, channel="C0CHANGES", message_ts="1.000001") == "message_not_found"
    )


@pytest.mark.parametrize(
    ("user", "flags"),
    [
        ("U0ALICE", {"team_id": "T0CONTOSO", "is_restricted": False, "is_bot": False, "deleted": False}),
        ("U0ERIN", {"team_id": "T0CONTOSO", "is_restricted": True, "is_ultra_restricted": False}),
        ("U0FRANK", {"team_id": "T0FABRIKAM", "is_stranger": True}),
        ("U0LEGACY", {"team_id": "T0CONTOSO", "is_bot": True}),
    ],
)
def test_users_info_tells_members_guests_strangers_and_bots_apart(
    client: WebClient, user: str, flags: dict[str, Any]
) -> None:
    described = client.users_info(user=user)["user"]
    assert {name: described[name] for name in flags} == flags
    assert ("is_stranger" in described) == (user == "U0FRANK")
    assert ("is_restricted" in described) == (user != "U0FRANK")


def test_a_person_can_change_during_a_run(slack: Slack, client: WebClient) -> None:
    slack.workspace.alter("U0BOB", deleted=True)
    slack.workspace.regroup("S0MAIL", ["U0CAROL", "U0DAVE"])
    assert client.users_info(user="U0BOB")["user"]["deleted"] is True
    assert _refusal(client.conversations_open, users="U0BOB") == "user_disabled"
    assert client.usergroups_users_list(usergroup="S0MAIL")["users"] == ["U0CAROL", "U0DAVE"]


def test_an_address_is_shown_only_with_its_scope(client: WebClient) -> None:
    assert "email" not in client.users_info(user="U0ALICE")["user"]["profile"]
    slack = quick_slack(scopes=["users:read", "users:read.email"])
    curious = WebClient(slack.environment["SLACK_BOT_TOKEN"], base_url=slack.environment["SLACK_API_URL"])
    profile = curious.users_info(user="U0ALICE")["user"]["profile"]
    slack.stop()
    assert profile["email"] == "alice@contoso.com"


def test_a_person_has_a_time_zone(client: WebClient) -> None:
    assert client.users_info(user="U0ALICE")["user"]["tz"] == "Europe/Berlin"


def test_groups_and_channels_are_found_or_refused(client: WebClient) -> None:
    assert client.usergroups_users_list(usergroup="S0MAIL")["users"] == ["U0CAROL"]
    assert _refusal(client.usergroups_users_list, usergroup="S0NONE") == "no_such_subteam"
    assert _refusal(client.users_info, user="U0NOBODY") == "user_not_found"
    assert _refusal(client.conversations_info, channel="C0NOWHERE") == "channel_not_found"
    changes, general = (
        client.conversations_info(channel=channel)["channel"] for channel in ("C0CHANGES", "C0GENERAL")
    )
    assert (changes["name"], changes["is_member"], general["is_member"]) == ("mail-changes", True, False)


def test_a_file_is_uploaded_shared_and_can_be_fetched(slack: Slack, client: WebClient) -> None:
    answer = client.files_upload_v2(
        channel="C0CHANGES", content="a,b\n1,2\n", filename="history.csv", initial_comment="All of it"
    )
    (message,) = slack.messages("C0CHANGES")
    (shared,) = message["files"]
    assert (message["text"], shared["name"], shared["mimetype"]) == ("All of it", "history.csv", "text/csv")
    assert slack.file(answer["file"]["id"]) == b"a,b\n1,2\n"
    assert requests.get(shared["url_private"], timeout=20).content == b"a,b\n1,2\n"
    assert (
        _refusal(client.files_completeUploadExternal, files=[{"id": "F0", "title": "x"}]) == "file_not_found"
    )


def test_an_archived_channel_takes_nothing(slack: Slack, client: WebClient) -> None:
    slack.workspace.rearrange("C0CHANGES", is_archived=True)
    assert _refusal(client.chat_postMessage, channel="C0CHANGES", text="x") == "is_archived"
