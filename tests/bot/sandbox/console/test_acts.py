"""What a person does on the page: the same acts as the Python ones, over HTTP, and refusals in sentences."""

from datetime import timedelta
from typing import Any

import pytest
import requests
from slack_sdk import WebClient

from bot.sandbox.console.controls import Controls
from bot.sandbox.console.site import Site
from bot.sandbox.microsoft.audit import Search
from bot.sandbox.microsoft.tenant import Tenant
from bot.sandbox.slack.simulation import Slack
from tests.bot.sandbox.bolt_bot import NOON, BoltBot

Json = dict[str, Any]


def _act(slack: Slack, act: str, **given: Any) -> requests.Response:
    return requests.post(f"{slack.url}/console/{act}", json=given, timeout=10)


def _title(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def test_a_command_typed_on_the_page_reaches_the_bot(slack: Slack, bot: BoltBot) -> None:
    bot.app.command("/legacytls")(lambda ack, body: ack(f"{body['user_id']} {body['text']}"))
    bot.connect()
    assert _act(
        slack, "command", **{"as": "U0BOB"}, channel="C0CHANGES", text="/legacytls status"
    ).json() == {"ok": True}
    (message,) = slack.workspace.wait_for(lambda: slack.messages("C0CHANGES", "U0BOB"))
    assert message["text"] == "U0BOB status"


def test_a_plain_message_reaches_people_only(slack: Slack) -> None:
    assert _act(slack, "say", **{"as": "U0DAVE"}, channel="C0CHANGES", text="When is it?").json() == {
        "ok": True
    }
    assert [(message["user"], message["text"]) for message in slack.messages("C0CHANGES")] == [
        ("U0DAVE", "When is it?")
    ]
    assert slack.deliveries == []


def test_a_form_is_opened_by_a_button_filled_in_refused_and_taken(
    slack: Slack, bot: BoltBot, client: WebClient
) -> None:
    seen: list[Any] = []
    until = {
        "type": "input", "block_id": "until", "optional": True, "label": _title("Until"),
        "element": {"type": "datepicker", "action_id": "day", "initial_date": "2026-12-24"},
    }  # fmt: skip
    reason = {
        "type": "input", "block_id": "reason", "label": _title("Why"),
        "element": {"type": "plain_text_input", "action_id": "it"},
    }  # fmt: skip
    form = {
        "type": "modal",
        "callback_id": "form",
        "title": _title("Why"),
        "submit": _title("Send"),
        "blocks": [reason, until],
    }

    @bot.app.action("reject")
    def reject(ack: Any, body: Any, client: Any) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=form)

    @bot.app.view("form")
    def take(ack: Any, view: Any) -> None:
        seen.append(view["state"]["values"])
        ack(**({"response_action": "errors", "errors": {"reason": "Why?"}} if len(seen) == 1 else {}))

    bot.connect()
    button = {"type": "button", "action_id": "reject", "text": _title("Reject"), "value": "12"}
    card = client.chat_postMessage(
        channel="C0CHANGES", text="x", blocks=[{"type": "actions", "block_id": "b", "elements": [button]}]
    )
    where = {
        "as": "U0BOB",
        "channel": "C0CHANGES",
        "ts": card["ts"],
        "block_id": "b",
        "action_id": "reject",
        "value": "12",
    }
    assert _act(slack, "press", **where).json() == {"ok": True}
    view = slack.workspace.wait_for(lambda: slack.views("U0BOB"))[0]
    mine = {"as": "U0BOB", "view_id": view["id"]}
    assert _act(slack, "submit", **mine, values={"reason": "no"}).json() == {
        "ok": False,
        "errors": {"reason": "Why?"},
    }
    assert _act(slack, "submit", **mine, values={"reason": "too late", "until": "2026-12-31"}).json() == {
        "ok": True
    }
    days = [values["until"]["day"]["selected_date"] for values in seen]
    assert days == [None, "2026-12-31"], "the page sends the whole form: what it leaves out was emptied"
    assert slack.views("U0BOB") == []


def test_a_view_is_closed(slack: Slack, bot: BoltBot) -> None:
    @bot.app.command("/legacytls")
    def open_it(ack: Any, body: Any, client: Any) -> None:
        ack()
        view = {"type": "modal", "title": _title("x"), "blocks": [{"type": "divider"}]}
        client.views_open(trigger_id=body["trigger_id"], view=view)

    bot.connect()
    slack.command("U0BOB", "/legacytls help")
    view = slack.workspace.wait_for(lambda: slack.views("U0BOB"))[0]
    assert _act(slack, "close", **{"as": "U0ALICE"}, view_id=view["id"]).status_code == 400
    assert _act(slack, "close", **{"as": "U0BOB"}, view_id=view["id"]).json() == {"ok": True}
    assert slack.views("U0BOB") == []


def test_a_reaction_is_added_and_taken_back(slack: Slack, client: WebClient) -> None:
    ts = client.chat_postMessage(channel="C0CHANGES", text="x")["ts"]
    reaction = {"as": "U0BOB", "channel": "C0CHANGES", "ts": ts, "name": "x"}
    assert _act(slack, "react", **reaction, remove=False).json() == {"ok": True}
    assert slack.messages("C0CHANGES")[0]["reactions"] == [{"name": "x", "users": ["U0BOB"]}]
    assert _act(slack, "react", **reaction, remove=True).json() == {"ok": True}
    assert slack.messages("C0CHANGES")[0]["reactions"] == []


@pytest.mark.parametrize(
    ("act", "given", "status", "said"),
    [
        ("dance", {}, 404, "dance"),
        ("command", {"as": "U0BOB", "channel": "C0CHANGES"}, 400, "'text'"),
        ("command", {"as": "U0NOBODY", "channel": "C0CHANGES", "text": "/legacytls"}, 400, "user_not_found"),
        ("say", {"as": "U0FRANK", "channel": "C0GENERAL", "text": "x"}, 400, "not_in_channel"),
        (
            "press",
            {"as": "U0BOB", "channel": "C0CHANGES", "ts": "1.0", "action_id": "a"},
            400,
            "message_not_found",
        ),
        ("submit", {"as": "U0BOB", "view_id": "V1", "values": {}}, 400, "not_found"),
        ("slack_fault", {"method": "*", "name": "gremlins"}, 400, "gremlins"),
        ("tenant", {"value": True}, 409, "no tenant"),
        ("tenant", {"value": "yes"}, 400, "true, false or null"),
        ("smtp_auth", {"disabled": True}, 409, "no tenant"),
        ("fault", {"name": "throttle"}, 409, "no tenant"),
        ("clock", {"advance_seconds": 60}, 409, "no clock"),
        ("clock", {"advance_seconds": -60}, 400, "forward"),
        ("bot", {"action": "restart"}, 409, "no bot"),
        ("bot", {"action": "dance"}, 400, "restart"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(
    slack: Slack, act: str, given: Json, status: int, said: str
) -> None:
    answer = _act(slack, act, **given)
    assert (answer.status_code, answer.json()["ok"]) == (status, False)
    assert said in answer.json()["error"]


def test_the_page_changes_the_tenant_and_its_faults(slack: Slack, site: Site) -> None:
    tenant = Tenant(clock=lambda: NOON)
    site.controls = Controls.of(tenant)
    assert _act(slack, "tenant", value=True).json() == {"ok": True}
    assert _act(slack, "smtp_auth", disabled=True).json() == {"ok": True}
    assert _act(slack, "fault", name="throttle", count=2, cmdlet="Get-TransportConfig").json() == {"ok": True}
    assert (tenant.value, tenant.smtp_auth_disabled) == (True, True)
    (fault,) = tenant.pending_faults
    assert (fault.name, fault.remaining, fault.cmdlet) == ("throttle", 2, "Get-TransportConfig")
    assert _act(slack, "fault", name="gremlins", count=1).status_code == 400
    assert _act(slack, "clear_faults").json() == {"ok": True}
    assert tenant.pending_faults == []
    assert _act(slack, "tenant", value=None).json() == {"ok": True}
    assert tenant.value is None


def test_the_audit_log_names_whoever_changes_the_setting_on_the_page(slack: Slack, site: Site) -> None:
    tenant = Tenant(clock=lambda: NOON)
    site.controls = Controls.of(tenant)
    assert _act(slack, "tenant", **{"as": "U0BOB"}, value=True).json() == {"ok": True}
    assert _act(slack, "tenant", **{"as": "U0NOBODY"}, value=None).status_code == 400
    tenant.audit_latency_seconds = 0.0
    (row,) = tenant.search_audit(Search(start=NOON - timedelta(hours=1), end=NOON))
    assert row["UserIds"] == "bob@contoso.com"


def test_the_page_moves_the_clock_and_the_bot(slack: Slack, site: Site) -> None:
    done: list[Any] = []
    site.controls = Controls(advance_clock=done.append, bot_action=done.append)
    assert _act(slack, "clock", advance_seconds=86_400).json() == {"ok": True}
    assert _act(slack, "bot", action="restart").json() == {"ok": True}
    assert done == [86_400.0, "restart"]


def test_the_page_orders_faults_at_slack_and_clears_them(slack: Slack, client: WebClient) -> None:
    _act(slack, "slack_fault", method="auth.test", name="internal_error", count=1)
    assert (
        requests.post(slack.environment["SLACK_API_URL"] + "auth.test", timeout=20).json()["error"]
        == "internal_error"
    )
    _act(slack, "slack_fault", method="auth.test", name="internal_error", count=9)
    _act(slack, "clear_faults")
    assert client.auth_test()["ok"]
