"""Whose a message is, said in its first line; and the way back from a button or a form to its tenant."""

import pytest

from handlers.slack.listeners.routing import alias_in_front
from handlers.slack.views.blocks import Message, actions, button, header, section
from handlers.slack.views.mrkdwn import SECTION
from handlers.slack.views.signed import Signature, signed, signed_form, taken_apart, tenant_in_block
from handlers.suggested import Suggested, all_without_alias
from tests.sentences import says

ID = "99999999-2222-3333-4444-555555555555"
PLAIN, LOUD = Signature("contoso", ID), Signature("contoso", ID, "Production & more")


def test_one_tenant_alone_is_not_named() -> None:
    told = Message("Hello", [section("Hello")]).arguments()
    assert signed(told, None) == told


def test_the_first_words_stay_and_the_tenant_is_named_behind_them() -> None:
    blocks = [header("Applied: #12 opt in"), section("More\nand more")]
    shown = signed(Message("Applied: #12 opt in. Written.\nMore", blocks).arguments(), LOUD)
    assert shown["text"] == says("applied_12_opt_in_written_contoso_production")
    assert shown["blocks"][0]["text"]["text"] == "Applied: #12 opt in · contoso · ⚠ Production & more"
    assert shown["blocks"][1]["text"]["text"] == "More\nand more"


def test_a_long_headline_makes_room_and_a_full_paragraph_gets_a_line_above() -> None:
    shown = signed(Message("x", [header("#12 " + "x" * 146)]).arguments(), LOUD)
    assert len(shown["blocks"][0]["text"]["text"]) == 150
    assert shown["blocks"][0]["text"]["text"].endswith("contoso · ⚠ Production & more")
    full = signed(Message("x", [section("x" * 3000)]).arguments(), PLAIN)
    assert [block["type"] for block in full["blocks"]] == ["context", "section"]
    assert full["blocks"][1]["text"]["text"] == "x" * 3000


def test_a_row_of_buttons_leads_back_to_its_tenant_and_carries_nothing_else() -> None:
    shown = signed(
        Message("x", [section("x"), actions(button("History", "open_history", 0))]).arguments(), PLAIN
    )
    row = shown["blocks"][1]
    assert tenant_in_block(row["block_id"]) == ID
    assert row["elements"][0]["value"] == "0"
    assert (tenant_in_block("reason"), tenant_in_block(None)) == ("", "")


def test_a_form_leads_back_to_its_tenant_with_what_it_carried() -> None:
    form = {
        "type": "modal",
        "private_metadata": "12 C0CHANGES",
        "blocks": [{"type": "input", "block_id": "reason"}],
    }
    shown = signed_form(form, PLAIN)
    assert taken_apart(shown["private_metadata"]) == (ID, "12 C0CHANGES")
    assert [block.get("block_id") for block in shown["blocks"]] == [None, "reason"]
    assert taken_apart("C0CHANGES") == ("", "C0CHANGES")
    assert signed_form(form, None) == form


@pytest.mark.parametrize(
    ("typed", "first", "rest"),
    [
        ("@contoso status", "@contoso", "status"),
        ("<@U0ALICE|contoso> history <@U0BOB|bob>", "@contoso", "history <@U0BOB|bob>"),
        ("status", "status", ""),
        ("", "", ""),
    ],
)
def test_an_alias_in_front_is_known_also_where_slack_took_it_for_somebody(
    typed: str, first: str, rest: str
) -> None:
    found, more = alias_in_front(typed)
    assert (found, more.strip()) == (first, rest)


HINT = f"Gone? {Suggested('disable')} opts out, `/legacytls @fabrikam status` and `/legacytls fleet` show it."


def test_elsewhere_than_in_its_channel_a_command_can_be_typed_as_shown() -> None:
    message = Message(HINT, [section(HINT), actions(button("Go", "go", 1))])
    named = signed(message.arguments(), PLAIN, elsewhere=True)
    blocks = named["blocks"]
    for text in (named["text"], blocks[0]["text"]["text"]):
        assert text.startswith(says("gone_the_tenants_disable"))
    assert blocks[1]["elements"] == message.arguments()["blocks"][1]["elements"]


@pytest.mark.parametrize(("by", "elsewhere"), [(PLAIN, False), (None, True), (None, False)])
def test_in_its_channel_and_where_there_is_one_tenant_no_alias_is_shown(
    by: Signature | None, elsewhere: bool
) -> None:
    sent = all_without_alias(signed(Message(HINT, [section(HINT)]).arguments(), by, elsewhere=elsewhere))
    for text in (sent["text"], sent["blocks"][0]["text"]["text"]):
        assert text.startswith(says("gone_disable"))


def test_a_full_paragraph_is_shown_without_the_alias() -> None:
    full = f"{Suggested('disable')} " + "x" * (SECTION - len(str(Suggested("disable"))) - 1)
    shown = signed(Message("x", [section(full)]).arguments(), PLAIN, elsewhere=True)
    assert shown["blocks"][-1]["text"]["text"] == full
    assert "@contoso" not in str(shown["blocks"])
