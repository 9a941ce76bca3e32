"""The host that is judged is the host that is dialled, however an address is spelled."""

from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url
from websockets.uri import parse_uri

from handlers.context.web_addresses import onward, taken_apart

PIECES = [
    *(
        "evil.example",
        "good.example",
        "https:",
        "//",
        "/",
        "\\",
        "@",
        ":",
        "443",
        "#",
        "?",
        "%2f",
        "%5c",
        "%00",
    ),
    *(";", ",", "."),
]
ODD = [*" \t\n\r\x00\x7f\u2024\uff0f\uff3c\u200b[]^|<{`'\"~"]


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("https://hooks.slack.com/commands/T1/2/x?y=z", "https://hooks.slack.com/commands/T1/2/x?y=z"),
        ("HTTPS://Hooks.Slack.COM", "https://hooks.slack.com/"),
        ("https://hooks.slack.com:443/x", "https://hooks.slack.com/x"),
        ("http://127.0.0.1:8642/api/", "http://127.0.0.1:8642/api/"),
        ("http://[::1]:8642/api/#fragment", "http://[::1]:8642/api/"),
        ("wss://wss-primary.slack.com/link/?ticket=a%2Fb", "wss://wss-primary.slack.com/link/?ticket=a%2Fb"),
        ("ws://localhost:80/", "ws://localhost/"),
    ],
)
def test_a_plain_address_is_put_together_again_as_it_was(text: str, again: str) -> None:
    assert str(taken_apart(text)) == again


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "//slack.com/", "https:///x", "https:slack.com", "ftp://slack.com/", "file:///etc/passwd",
        "javascript:1", "https://user@slack.com/", "https://user:word@slack.com/", "https://@slack.com/",
        "https://slack.com:port/", "https://slack.com:99999/", "https://slack.com:443:80/",
        "https://slack..com/", "https://-slack.com/", "https://slack.com./", "https://[::1/",
        "https://[::1%25eth0]/", "https://[evil.example]/", "https://sl%61ck.com/",
        *(f"https://evil.example{odd}.slack.com/"
          for odd in [*ODD[:-1], "\\", "%", "*", "!", "(", "&", "=", "+", "$"]),
    ],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"^this is no plain web address$"):
        taken_apart(text)


@given(st.lists(st.sampled_from(PIECES + ODD), max_size=8).map("".join))
def test_every_code_that_connects_finds_the_host_that_was_judged(location: str) -> None:
    try:
        address = onward(taken_apart("https://good.example/adminapi"), location)
    except ValueError:
        return
    dialled = requests.Request("POST", str(address)).prepare().url or ""
    assert (
        parse_url(dialled).host == parse_url(str(address)).host == urlsplit(dialled).hostname == address.host
    )
    if address.scheme == "https":
        assert parse_uri(str(address).replace("https", "wss", 1)).host == address.host


def test_the_path_is_not_shown_because_it_may_be_a_secret() -> None:
    assert "canary" not in repr(taken_apart("https://hooks.slack.com/commands/canary"))
