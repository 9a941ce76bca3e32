"""Cleaning a text for the log grows with its length alone, whatever it is, and leaves no part of a secret at
the cut."""

import time

import pytest

from bot.observability.redaction import CUT, LONGEST, REDACTED, Redaction, without_patterns

SHAPES = {
    "users without an end": "://a:",
    "schemes": "://",
    "users with an end each": "://a:@",
    "users and quotes": "://a:'",
    "web tokens joined by hyphens": "eyJaaaa-",
    "web tokens too short": "-eyJ",
    "web tokens with dots": "eyJabcd.",
    "keys that begin": "-----BEGIN A-----",
    "keys whose first line does not end": "-----BEGIN A ",
    "keys whose last line does not end": "-----BEGIN A----------END A ",
    "names without a value": "token",
    "names and equal signs": "token=",
    "quoted names": "\"token\":",
    "quoted names and backslashes": "'token\\\\",
    "quoted names and colons": "'token' : ",
    "bearers": "Bearer ",
    "bearers and spaces": "Bearer          ",
    "basic authentication without an end": "Basic AAAA",
    "bot tokens": "xoxb-",
    "rotated tokens": "xoxe.xoxp",
    "paths of response URLs": "/commands/T1",
    "response URLs": "https://hooks.slack.com/",
    "one long word": "a",
    "spaces": " ",
    "quotes": "\"'",
    "percent signs": "%3A%2F%2F",
    "a registered secret, nearly": "canary-known-secre",
    "line ends": "\r\n",
}  # fmt: skip


def seconds(shape: str, length: int) -> float:
    """Processor time of this thread, the best of three: neighbours on the machine do not count."""
    text = (shape * (length // len(shape) + 1))[:length]
    found = []
    for _ in range(3):
        began = time.thread_time()
        without_patterns(text)
        found.append(time.thread_time() - began)
    return min(found)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize(
    ("before", "after"), [("", ""), ("https://u:", "@h"), ("'token': '", ""), ("-----BEGIN A-----", "")]
)
def test_cleaning_grows_with_the_length_and_no_faster(shape: str, before: str, after: str) -> None:
    short = seconds(before + shape + after, 4_000)
    long = seconds(before + shape + after, 64_000)
    # sixteen times as long: a pattern that reads things twice takes 256 times as long
    assert long < max(64 * short, 0.05)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_a_text_of_any_length_costs_no_more_than_what_is_kept_of_it(shape: str) -> None:
    redaction = Redaction()
    redaction.register(["canary-known-secret"])
    text = (shape * (20 * LONGEST // len(shape) + 1))[: 20 * LONGEST]
    found = redaction.text(text)
    assert len(found) < 3 * LONGEST
    assert found.endswith(CUT)


@pytest.mark.parametrize(
    "secret",
    [
        "canary-known-secret", "xoxb-1-canary", "eyJhbGciOi.canary.canary",
        "Authorization: Bearer canary-canary", "postgresql://bot:canary@db/x", "client_secret=canarycanary",
        '{"token": "canary canary canary"}', "https://hooks.slack.com/commands/canary",
        "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----",
    ],
)  # fmt: skip
def test_no_part_of_a_secret_is_left_where_a_text_is_cut(secret: str) -> None:
    redaction = Redaction()
    redaction.register(["canary-known-secret"])
    for shift in range(len(secret) + 2):
        found = redaction.text(
            "word " * ((LONGEST - shift) // 5)
            + "w" * ((LONGEST - shift) % 5 - 1)
            + " "
            + secret
            + " more" * 99
        )
        assert "cana" not in found, shift


def test_what_fits_is_kept_whole_and_what_does_not_says_so() -> None:
    redaction = Redaction()
    fitting = "word " * (LONGEST // 5)
    assert redaction.text(fitting) == fitting
    assert redaction.text(fitting + "word word") == fitting + CUT


def test_one_large_value_is_cut_and_hides_none_of_its_neighbours() -> None:
    redaction = Redaction()
    large = {f"key {number}": ["word " * LONGEST] * 1000 for number in range(1000)}
    found = redaction.value({"large": large, "event": "kept", "token": "canary"})
    assert (found["event"], found["token"]) == ("kept", REDACTED)
    assert len(repr(found)) < 8 * LONGEST
