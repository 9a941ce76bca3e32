"""Asking for an opt-in: who may, when the form opens, what it takes, and what opens no request."""

import pytest

from tests.journeys.stage import ALICE, BOB, CHANGES, DAVE, Stage
from tests.journeys.words import body, fields, typed, words
from tests.sentences import says

REASON = "The 3rd-floor scanners <!channel> & <@U0BOB> only speak TLS 1.0"


def test_a_plain_member_gets_no_form(stage: Stage) -> None:
    assert says("you_are_not_one_of_the_operators_2") in stage.command(DAVE, "enable")
    assert stage.slack.views(DAVE) == []


def test_the_form_has_everything_at_once(stage: Stage) -> None:
    view = stage.form(ALICE)
    assert list(fields(view)) == ["reason", "clients", "protocols", "day"]
    assert says("nothing_is_changed_until_somebody_else_approves") in words(view)
    assert stage.writes == []


def test_the_form_warns_when_smtp_auth_was_seen_switched_off(fresh_stage) -> None:
    stage = fresh_stage(LEGACYTLS_OBSERVE_EVERY="1s")
    stage.tenant.smtp_auth_disabled = True
    stage.wait(lambda: stage.record(lambda reader: reader.readings.newest_observation()).smtp_auth_disabled)
    assert says("smtp_auth_is_switched_off_for_the") in words(stage.form(ALICE))


def test_no_second_form_while_a_request_is_open(stage: Stage) -> None:
    number = stage.ask(ALICE)
    said = stage.command(BOB, "enable")
    assert says("there_is_already_an_open_opt_in_by", number=number, person=ALICE) in said
    assert stage.slack.views(BOB) == []


def test_of_two_forms_open_at_once_the_second_is_told_that_it_came_too_late(stage: Stage) -> None:
    slow = stage.form(BOB)
    number = stage.ask(ALICE)
    values = {"reason": "Mine", "clients": "A fax", "day": stage.day(3)}
    said = words(stage.answer(BOB, lambda: stage.slack.submit(BOB, slow["id"], values)))
    assert says("there_is_already_an_open_opt_in", number=number) in said
    assert len(stage.cards(number + 1)) == 0


def test_no_form_when_the_tenant_was_last_seen_opted_in(fresh_stage) -> None:
    stage = fresh_stage(LEGACYTLS_OBSERVE_EVERY="1s")
    stage.tenant.value = True
    stage.announced(says("changed_outside_the_bot"))
    assert says("the_tenant_is_opted_in_already") in stage.command(ALICE, "enable")
    assert stage.slack.views(ALICE) == []


def test_opted_in_since_the_last_reading_is_found_out_at_submission(stage: Stage) -> None:
    stage.tenant.value = True
    assert says("the_tenant_is_opted_in_already") in stage.submit_opt_in(ALICE)
    assert stage.record(lambda reader: reader.open_request()) is None


def test_a_us_government_cloud_gets_no_form(fresh_stage) -> None:
    stage = fresh_stage(EXCHANGE_CLOUD="gcc")
    assert says("legacy_tls_is_permanently_off_there_so") in stage.command(ALICE, "enable")
    assert stage.slack.views(ALICE) == []
    assert says("has_no_legacy_hosts") in stage.status(DAVE)


def test_mistakes_go_back_into_the_form_and_what_was_typed_stays(stage: Stage) -> None:
    view = stage.form(ALICE)
    filled = {"reason": " \n ", "clients": REASON, "day": "2020-01-01", "protocols": ["pop3", "imap4"]}
    errors = stage.slack.submit(ALICE, view["id"], filled)
    assert errors is not None
    assert set(errors) == {"reason", "day"}
    (kept,) = stage.slack.views(ALICE)
    assert typed(kept) == filled
    assert stage.slack.submit(ALICE, view["id"], {"reason": REASON, "day": stage.day(2)}) is None
    assert "POP3, IMAP4" in words(stage.announced("&lt;!channel&gt;"))


@pytest.mark.parametrize(
    ("field", "text", "complaint"),
    [
        ("reason", "x" * 3001, "at most 3000 characters"),
        ("clients", "x" * 3001, "at most 3000 characters"),
        ("reason", "\u200b \u00a0", "Say why old TLS is needed"),
        ("clients", "A scanner\x07", "control characters"),
        ("reason", "\x1b[31mred\x1b[0m", "control characters"),
        ("clients", "Printer \u202egnp.exe", "turn the order of the text around"),
        ("day", "2020-01-01", "This day is over"),
        ("day", "2099-01-01", "an opt-in may last 90 days at most"),
    ],
)
def test_what_the_form_does_not_take_it_says(stage: Stage, field: str, text: str, complaint: str) -> None:
    view = stage.form(ALICE)
    values = {"reason": REASON, "clients": "Ricoh", "day": stage.day(5)} | {field: text}
    errors = stage.slack.submit(ALICE, view["id"], values)
    assert errors is not None
    assert list(errors) == [field]
    assert complaint in errors[field]
    assert stage.record(lambda reader: reader.open_request()) is None


def test_three_thousand_characters_that_swell_when_escaped_arrive_whole_and_harmless(stage: Stage) -> None:
    number = stage.ask(ALICE, reason="<!channel> " * 270, clients="&" * 3000)
    card = stage.card(number)
    (thread,) = stage.wait(
        lambda: [message for message in stage.public() if message.get("thread_ts") == card["ts"]]
    )
    said = body(thread).replace("\n", "")
    assert said.count("&lt;!channel&gt;") == 270
    assert said.count("&amp;") == 3000
    assert "<!channel>" not in said + body(card)


def test_an_unreadable_value_opens_no_request_and_is_told(stage: Stage) -> None:
    view = stage.form(ALICE)
    stage.tenant.queue_fault("missing_key", cmdlet="Get-TransportConfig")
    values = {"reason": REASON, "clients": "Ricoh", "day": stage.day(5)}
    said = words(stage.answer(ALICE, lambda: stage.slack.submit(ALICE, view["id"], values)))
    assert says("no_request_was_opened_because_the_live") in said
    assert stage.record(lambda reader: reader.open_request()) is None


def test_cancelling_the_form_leaves_no_trace(stage: Stage) -> None:
    before = stage.record(lambda reader: reader.head())
    stage.slack.close_view(ALICE, stage.form(ALICE)["id"])
    stage.status(ALICE)
    assert stage.record(lambda reader: reader.head()) == before


def test_whoever_lost_the_role_while_the_form_was_open_is_refused(stage: Stage) -> None:
    view = stage.form(BOB)
    stage.slack.workspace.alter(BOB, deleted=True)
    try:
        values = {"reason": REASON, "clients": "Ricoh", "day": stage.day(5)}
        said = words(stage.answer(BOB, lambda: stage.slack.submit(BOB, view["id"], values)))
    finally:
        stage.slack.workspace.alter(BOB, deleted=False)
    assert "deactivated" in said
    assert stage.record(lambda reader: reader.open_request()) is None


def test_nobody_can_ask_when_nobody_else_could_approve(fresh_stage) -> None:
    stage = fresh_stage(LEGACYTLS_APPROVERS=ALICE, LEGACYTLS_OPERATORS=ALICE)
    assert says("nobody_could_approve_this") in stage.submit_opt_in(ALICE)
    assert stage.public() == []


def test_a_form_asked_for_in_another_channel_is_answered_there(stage: Stage) -> None:
    def ask() -> None:
        stage.slack.command(ALICE, "/legacytls enable", channel="C0GENERAL")

    view = stage.opened(ALICE, ask)
    values = {"reason": REASON, "clients": "Ricoh", "day": stage.day(5)}
    assert stage.slack.submit(ALICE, view["id"], values) is None
    card = stage.announced(says("asks_to_opt_the_tenant_in"))
    assert card["ts"] in {message["ts"] for message in stage.slack.messages(CHANGES)}
