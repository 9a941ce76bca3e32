"""The text for people inside an error, and what must never come out of it."""

import time

import pytest

from bot.exchange.answer_details import LONGEST, clean, detail_of, detail_of_errors
from bot.exchange.http.transport import SIZE_LIMIT
from tests.bot.exchange.bodies import STACK, error

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJ0aWQiOiJ4In0.canary-signature"


def test_the_details_come_before_the_inner_exception_and_that_before_the_generic_message() -> None:
    inner = ("Microsoft.Exchange.InnerException", "Inner text.")
    assert detail_of(error("Ex1|A.B.OuterException|Outer text.", internal=inner)).text == "Outer text."
    assert detail_of(error(None, internal=inner)).text == "Inner text."
    assert detail_of(error(None)).text == "Error executing cmdlet"


def test_the_inner_exception_is_found_in_any_spelling() -> None:
    body = {
        "error": {
            "innererror": {"internalException": {"message": "Spelt otherwise.", "type": "A.SpeltException"}}
        }
    }
    assert (detail_of(body).text, detail_of(body).exception) == ("Spelt otherwise.", "SpeltException")


@pytest.mark.parametrize("message", ["one|two", "a|b c|d", "|||", "", "plain"])
def test_a_message_of_no_known_form_is_shown_as_it_is(message: str) -> None:
    shown = detail_of(error(message)).text
    assert shown == (message or "Error executing cmdlet")


@pytest.mark.parametrize(
    "body", [None, [], "text", 7, {}, {"error": "text"}, {"error": {"details": {}, "innererror": []}}]
)
def test_what_is_no_error_body_has_no_detail(body: object) -> None:
    assert (detail_of(body).text, detail_of(body).exception) == ("", "")


@pytest.mark.parametrize("dirty", [f"It broke.\r\n{STACK}\r\n{STACK}", f"It broke. {STACK}"])
def test_a_stack_trace_never_comes_out(dirty: str) -> None:
    assert clean(dirty) == "It broke."
    assert detail_of(error(f"Ex1|A.X|{dirty}")).text == "It broke."
    assert detail_of_errors([dirty]).text == "It broke."


def test_a_token_that_is_echoed_never_comes_out() -> None:
    assert "canary" not in clean(f"Header was Bearer {TOKEN}, refused")
    assert clean(f"{TOKEN}") == "…"


def test_text_of_foreign_origin_is_one_short_line() -> None:
    assert clean("a\0b\r\n\tc\u202ed\u2028e\x1b[31m") == "a b c d e [31m"
    assert len(clean("long " * 500)) <= LONGEST
    assert clean("The server at Contoso was busy (again)") == "The server at Contoso was busy (again)"


@pytest.mark.parametrize(
    "long", ["at A" + "." * SIZE_LIMIT, "at A.b" * (SIZE_LIMIT // 6), "Bearer " * (SIZE_LIMIT // 7) + "eyJ"]
)
def test_a_text_of_any_length_is_read_in_no_time(long: str) -> None:
    began = time.process_time()
    assert len(clean(long)) <= LONGEST
    assert time.process_time() - began < 2


def test_the_first_non_terminating_error_is_told() -> None:
    assert detail_of_errors(["Ex1|A.FirstException|First.", "second"]).text == "First."
    assert detail_of_errors({"Message": "Alone."}).text == "Alone."


HANDED_ON = (
    "Error on proxy command 'Set-X -Y:$True' to server A.B.PROD.OUTLOOK.COM: Server version 15.20.1.0, "
    "Proxy method"
)


@pytest.mark.parametrize(
    ("rest", "text", "exception"),
    [
        ("PSWS: Gone.", "Gone.", "CmdletProxyException"),
        ("RPS:\n\nGone..", "Gone..", "CmdletProxyException"),
        (
            "PSWS:\nCmdlet error with following error message:\nA.ZException: Gone.",
            "A.ZException: Gone.",
            "CmdletProxyException",
        ),
        (
            'PSWS: NotFound: No : {"details": [{"message": "Ex1|A.LostException|Gone."}], "more": {}} tail',
            "Gone.",
            "LostException",
        ),
        ('PSWS: {"error": {"message": "Gone."}}', "Gone.", "CmdletProxyException"),
        ('PSWS: {"details": [{"message"', '{"details": [{"message"', "CmdletProxyException"),
        ("PSWS:", "Error executing", "CmdletProxyException"),
    ],
)
def test_of_a_command_that_was_handed_on_the_cause_is_told(rest: str, text: str, exception: str) -> None:
    found = detail_of(error(f"|Microsoft.Exchange.Configuration.CmdletProxyException|{HANDED_ON} {rest}"))
    assert found.text.startswith(text) or (text == "Error executing" and "Proxy method" in found.text)
    assert found.exception == exception
    assert "CmdletProxyException" in found.types
    assert exception == "CmdletProxyException" or exception not in found.types
