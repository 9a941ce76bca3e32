"""Modals: trigger ids, forms that are refused, corrected and taken, and views upon views."""

import threading
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.sandbox.slack.simulation import Slack
from tests.bot.sandbox.bolt_bot import BoltBot, quick_slack


def _text(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def _input(
    block: str, kind: str = "plain_text_input", *, optional: bool = False, **element: Any
) -> dict[str, Any]:
    body = {"type": kind, "action_id": "it", **element}
    return {"type": "input", "block_id": block, "label": _text(block), "optional": optional, "element": body}


def _view(*blocks: dict[str, Any], title: str = "Opt in", **more: Any) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": "opt_in",
        "title": _text(title),
        "submit": _text("Ask"),
        "blocks": list(blocks),
        **more,
    }


REASON = _input("reason")


def _opening(slack: Slack, bot: BoltBot, view: dict[str, Any]) -> dict[str, Any]:
    """Let the command open ``view`` for Alice; the open view."""

    @bot.app.command("/legacytls")
    def open_it(ack: Any, body: Any, client: Any) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=view)

    bot.connect()
    slack.command("U0ALICE", "/legacytls enable")
    return slack.workspace.wait_for(lambda: slack.views("U0ALICE"))[-1]


def test_a_form_is_filled_in_refused_corrected_and_taken(slack: Slack, bot: BoltBot) -> None:
    taken: list[dict[str, Any]] = []

    @bot.app.view("opt_in")
    def check(ack: Any, body: dict[str, Any]) -> None:
        if body["view"]["state"]["values"]["reason"]["it"]["value"] == "because":
            ack(response_action="errors", errors={"reason": "Say more."})
        else:
            taken.append(body)
            ack()

    view = _opening(slack, bot, _view(REASON, private_metadata="12"))
    assert slack.submit("U0ALICE", view["id"], {"reason": "because"}) == {"reason": "Say more."}
    assert [open_view["id"] for open_view in slack.views("U0ALICE")] == [view["id"]]
    assert slack.submit("U0ALICE", view["id"], {"reason": "forty scanners"}) is None
    assert slack.views("U0ALICE") == []
    (body,) = taken
    assert body["type"] == "view_submission"
    assert body["user"] == {"id": "U0ALICE", "username": "alice", "name": "alice", "team_id": "T0CONTOSO"}
    assert body["team"] == {"id": "T0CONTOSO", "domain": "contoso"}
    assert (body["view"]["private_metadata"], body["view"]["callback_id"], body["view"]["id"]) == (
        "12",
        "opt_in",
        view["id"],
    )
    assert body["view"]["hash"] == view["hash"]
    assert "channel" not in body
    assert "response_url" not in body


def test_what_was_typed_is_still_there_after_an_error(slack: Slack, bot: BoltBot) -> None:
    bot.app.view("opt_in")(lambda ack: ack(response_action="errors", errors={"reason": "No."}))
    view = _opening(slack, bot, _view(REASON, _input("owner", optional=True)))
    slack.submit("U0ALICE", view["id"], {"reason": "why not", "owner": "Dave"})
    assert slack.submit("U0ALICE", view["id"], {"owner": "Erin"}) == {"reason": "No."}
    values = slack.views("U0ALICE")[0]["state"]["values"]
    assert (values["reason"]["it"]["value"], values["owner"]["it"]["value"]) == ("why not", "Erin")


OPTIONS = [{"text": _text(name), "value": name} for name in ("smtp", "pop3", "imap4")]


@pytest.mark.parametrize(
    ("element", "given", "sent"),
    [
        (
            {"kind": "plain_text_input", "initial_value": "as was"},
            None,
            {"type": "plain_text_input", "value": "as was"},
        ),
        ({"kind": "plain_text_input"}, "typed", {"type": "plain_text_input", "value": "typed"}),
        (
            {"kind": "datepicker", "initial_date": "2026-12-24"},
            None,
            {"type": "datepicker", "selected_date": "2026-12-24"},
        ),
        ({"kind": "datepicker"}, "2026-12-31", {"type": "datepicker", "selected_date": "2026-12-31"}),
        (
            {"kind": "static_select", "options": OPTIONS},
            "pop3",
            {"type": "static_select", "selected_option": OPTIONS[1]},
        ),
        (
            {"kind": "checkboxes", "options": OPTIONS, "initial_options": OPTIONS[:1]},
            None,
            {"type": "checkboxes", "selected_options": OPTIONS[:1]},
        ),
        (
            {"kind": "checkboxes", "options": OPTIONS},
            ["smtp", "imap4"],
            {"type": "checkboxes", "selected_options": [OPTIONS[0], OPTIONS[2]]},
        ),
        (
            {"kind": "multi_static_select", "options": OPTIONS},
            ["pop3"],
            {"type": "multi_static_select", "selected_options": [OPTIONS[1]]},
        ),
        (
            {"kind": "radio_buttons", "options": OPTIONS},
            "smtp",
            {"type": "radio_buttons", "selected_option": OPTIONS[0]},
        ),
        ({"kind": "users_select"}, "U0DAVE", {"type": "users_select", "selected_user": "U0DAVE"}),
        ({"kind": "timepicker"}, "18:30", {"type": "timepicker", "selected_time": "18:30"}),
    ],
)
def test_each_element_sends_its_value_under_slacks_own_key(
    slack: Slack, bot: BoltBot, element: dict[str, Any], given: Any, sent: dict[str, Any]
) -> None:
    values: list[Any] = []

    @bot.app.view("opt_in")
    def take(ack: Any, view: Any) -> None:
        values.append(view["state"]["values"])
        ack()

    view = _opening(slack, bot, _view(_input("field", **element)))
    assert slack.submit("U0ALICE", view["id"], {} if given is None else {"field": given}) is None
    assert values == [{"field": {"it": sent}}]


@pytest.mark.parametrize(
    ("block", "given", "said"),
    [
        (_input("field"), None, "Please complete this required field."),
        (_input("field"), "", "Please complete this required field."),
        (_input("field", "datepicker"), "tomorrow", "Please enter a date."),
        (_input("field", min_length=5), "four", "Please use at least 5 characters."),
        (_input("field", max_length=3), "four", "Please use at most 3 characters."),
        (_input("field", "number_input", is_decimal_allowed=False), "many", "Please enter a number."),
        (_input("field", "checkboxes", options=OPTIONS), [], "Please complete this required field."),
    ],
)
def test_slacks_client_refuses_by_itself_what_cannot_be_sent(
    slack: Slack, bot: BoltBot, block: dict[str, Any], given: Any, said: str
) -> None:
    view = _opening(slack, bot, _view(block))
    before = len(slack.deliveries)
    assert slack.submit("U0ALICE", view["id"], {"field": given}) == {"field": said}
    assert len(slack.deliveries) == before


def test_a_form_without_an_ack_stays_open_and_says_so(impatient: Slack, late_bot: BoltBot) -> None:
    late_bot.app.view("opt_in")(lambda ack: None)
    view = _opening(impatient, late_bot, _view(REASON))
    assert impatient.submit("U0ALICE", view["id"], {"reason": "x"}) == {
        "operation_timeout": "We had some trouble connecting. Try again?"
    }
    assert [open_view["id"] for open_view in impatient.views("U0ALICE")] == [view["id"]]
    assert impatient.notice("U0ALICE") == 'The form failed with the error "operation_timeout".'


def test_an_answer_may_update_push_and_clear(slack: Slack, bot: BoltBot) -> None:
    answers = iter(
        [
            {"response_action": "update", "view": _view(REASON, title="Updated")},
            {"response_action": "push", "view": _view(REASON, title="Pushed")},
            {"response_action": "clear"},
        ]
    )
    bot.app.view("opt_in")(lambda ack: ack(**next(answers)))
    view = _opening(slack, bot, _view(REASON))
    assert slack.submit("U0ALICE", view["id"], {"reason": "x"}) is None
    (updated,) = slack.views("U0ALICE")
    assert (updated["id"], updated["title"]["text"]) == (view["id"], "Updated")
    assert updated["hash"] != view["hash"]
    slack.submit("U0ALICE", view["id"], {"reason": "x"})
    below, above = slack.views("U0ALICE")
    assert (above["title"]["text"], above["previous_view_id"], above["root_view_id"]) == (
        "Pushed",
        below["id"],
        below["id"],
    )
    slack.submit("U0ALICE", above["id"], {"reason": "x"})
    assert slack.views("U0ALICE") == []


def test_closing_is_told_only_when_asked_for(slack: Slack, bot: BoltBot) -> None:
    bot.app.view_closed("opt_in")(lambda ack: ack())
    view = _opening(slack, bot, _view(REASON, notify_on_close=True))
    slack.close_view("U0ALICE", view["id"])
    assert slack.views("U0ALICE") == []
    closed = slack.workspace.wait_for(lambda: slack.deliveries[1:])
    assert closed[0].payload["type"] == "view_closed"


def test_a_button_in_a_view_sends_the_view_and_no_message(slack: Slack, bot: BoltBot) -> None:
    pressed: list[dict[str, Any]] = []

    @bot.app.action("more")
    def more(ack: Any, body: dict[str, Any]) -> None:
        ack()
        pressed.append(body)

    button = {"type": "button", "action_id": "more", "text": _text("More"), "value": "12"}
    view = _opening(
        slack, bot, _view(REASON, {"type": "actions", "block_id": "buttons", "elements": [button]})
    )
    slack.press("U0ALICE", None, view["id"], "more")
    body = slack.workspace.wait_for(lambda: pressed)[0]
    assert body["container"] == {"type": "view", "view_id": view["id"]}
    assert body["view"]["id"] == view["id"]
    assert {"channel", "message", "response_url"} & set(body) == set()
    assert body["actions"][0]["value"] == "12"


def _refused(client: WebClient, trigger: str, view: dict[str, Any]) -> SlackApiError:
    with pytest.raises(SlackApiError) as refusal:
        client.views_open(trigger_id=trigger, view=view)
    return refusal.value


def _trigger(slack: Slack, bot: BoltBot) -> str:
    bot.app.command("/legacytls")(lambda ack: ack())
    bot.connect()
    slack.command("U0ALICE", "/legacytls enable")
    return slack.workspace.wait_for(lambda: slack.deliveries and slack.deliveries[0]).payload["trigger_id"]


def test_a_trigger_id_opens_one_view(slack: Slack, bot: BoltBot, client: WebClient) -> None:
    trigger = _trigger(slack, bot)
    client.views_open(trigger_id=trigger, view=_view(REASON))
    assert _refused(client, trigger, _view(REASON)).response["error"] == "exchanged_trigger_id"
    assert _refused(client, "1.2.3", _view(REASON)).response["error"] == "invalid_trigger_id"


def test_a_trigger_id_expires() -> None:
    slack = quick_slack(trigger_lifetime=0.0)
    bot = BoltBot(slack)
    refusal = _refused(bot.client, _trigger(slack, bot), _view(REASON))
    bot.close()
    slack.stop()
    assert refusal.response["error"] == "expired_trigger_id"


def test_a_view_that_is_none_is_refused_with_its_faults(
    slack: Slack, bot: BoltBot, client: WebClient
) -> None:
    refusal = _refused(client, _trigger(slack, bot), _view(REASON, title="x" * 25))
    assert refusal.response["error"] == "invalid_arguments"
    messages = refusal.response["response_metadata"]["messages"]
    assert messages == ["[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"]


def test_at_most_three_views_lie_on_each_other(slack: Slack, bot: BoltBot) -> None:
    bot.app.view("opt_in")(lambda ack: ack(response_action="push", view=_view(REASON)))
    _opening(slack, bot, _view(REASON))
    for _ in range(2):
        assert slack.submit("U0ALICE", slack.views("U0ALICE")[-1]["id"], {"reason": "x"}) is None
    assert slack.submit("U0ALICE", slack.views("U0ALICE")[-1]["id"], {"reason": "x"}) is not None
    assert len(slack.views("U0ALICE")) == 3
    assert "push_limit_reached" in (slack.notice("U0ALICE") or "")


def test_two_people_fill_in_their_own_forms_at_once(slack: Slack, bot: BoltBot) -> None:
    """Each waits for the other inside the listener: neither could pass if forms were taken one by one."""
    meeting = threading.Barrier(2, timeout=20)

    @bot.app.view("opt_in")
    def take(ack: Any) -> None:
        meeting.wait()
        ack()

    _opening(slack, bot, _view(REASON))
    slack.command("U0BOB", "/legacytls enable")
    slack.workspace.wait_for(lambda: slack.views("U0BOB"))
    outcome: dict[str, Any] = {}

    def submit(user: str) -> None:
        outcome[user] = slack.submit(user, slack.views(user)[0]["id"], {"reason": "x"})

    people = [threading.Thread(target=submit, args=(user,)) for user in ("U0ALICE", "U0BOB")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert outcome == {"U0ALICE": None, "U0BOB": None}
