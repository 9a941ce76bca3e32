"""An address is read whole or not at all: a part of one is somebody else's."""

import pytest

from handlers.policy.mail_addresses import as_ascii, mailbox
from handlers.slack.command_text import address
from tests.sentences import says

WHOLE = [
    "scanner@contoso.com",
    "R&D@contoso.com",
    "o'brien@contoso.com",
    "müller@contoso.com",
    "scan#2@contoso.com",
    "scan!er@contoso.com",
    "{scan}@contoso.com",
    "scan/2=a?b^c`d|e~f@contoso.com",
    "'scanner@contoso.com",
    "scanner@contoso.xn--p1ai",
    "scanner@пример.рф",
    "扫描@contoso.com",
]
NONE = [
    "",
    "scanner",
    "scanner@contoso",
    "'scanner@contoso.com'",
    '"scanner@contoso.com"',
    '"a scanner"@contoso.com',
    "a scanner@contoso.com",
    "scanner@contoso.com bob@contoso.com",
    "scanner@contoso.com,bob@contoso.com",
    "scanner@contoso.com.",
    "scanner@@contoso.com",
    "bob@scanner@contoso.com",
    "scanner@[192.0.2.1]",
    "scanner..two@contoso.com",
    ".scanner@contoso.com",
    "scan\u200bner@contoso.com",
    "scanner@contoso.com\u202e",
    "(scanner)@contoso.com",
    "mailto:scanner@contoso.com",
    "<scanner@contoso.com>",
]


def as_slack_sends(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@pytest.mark.parametrize("typed", WHOLE)
@pytest.mark.parametrize("linked", [False, True])
def test_a_whole_address_is_taken_as_it_was_typed(typed: str, *, linked: bool) -> None:
    sent = as_slack_sends(typed)
    said = f"<mailto:{sent}|{sent}>" if linked and "|" not in sent else sent
    assert address(f"why {said}") == typed


@pytest.mark.parametrize("typed", NONE)
def test_what_is_no_single_address_is_refused_whole(typed: str) -> None:
    assert address(f"why {as_slack_sends(typed)}") is None


def test_a_curly_apostrophe_is_read_as_a_straight_one() -> None:
    assert mailbox("o\u2019brien@contoso.com") == "o'brien@contoso.com"


def test_slack_s_three_entities_are_unescaped_once_and_no_other_is() -> None:
    assert address(says("why_a_amp_lt_b_contoso_com")) is None
    assert address(says("why_r_amp_copy_contoso_com")) == "R&copy@contoso.com"


def test_domains_are_compared_in_one_spelling() -> None:
    assert as_ascii("Пример.рф") == as_ascii("xn--e1afmkfd.xn--p1ai")
    assert as_ascii(says("not_a_domain")) == says("not_a_domain")
