"""Details inside Exchange's answers: a challenge for claims, and the warning that nothing changed."""

import base64
import json

import pytest

from bot.exchange.answers import judge
from bot.exchange.http.transport import Answer
from tests.bot.exchange.bodies import envelope
from tests.bot.exchange.test_answers import NO_OP, NOON

WANTED = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}'


@pytest.mark.parametrize(
    ("challenge", "claims"),
    [
        (
            (
                'Bearer client_id="x", error="insufficient_claims", '
                f'claims="{base64.b64encode(WANTED.encode()).decode()}"'
            ),
            WANTED,
        ),
        (
            f'Bearer claims="{base64.urlsafe_b64encode(WANTED.encode()).decode().rstrip("=")}", error="x"',
            WANTED,
        ),
        ('Bearer error="invalid_token"', None),
        ('Bearer claims=""', None),
        ('Bearer claims="%%%"', None),
        ('Bearer claims="bm90IGpzb24="', None),
        ('Bearer claims="W10="', None),
        ('Bearer claims="_w=="', None),
        (f'Bearer other_claims="{base64.b64encode(WANTED.encode()).decode()}"', None),
        ("", None),
    ],
)
def test_a_claims_challenge_is_decoded_or_is_none(challenge: str, claims: str | None) -> None:
    outcome = judge(Answer(401, {"www-authenticate": challenge}, b""), cmdlet="Get-TransportConfig", now=NOON)
    assert outcome.claims == claims


@pytest.mark.parametrize(
    ("warning", "nothing"), [(NO_OP, True), ("There are more results available.", False)]
)
def test_the_warning_of_a_change_that_changed_nothing_is_understood(warning: str, *, nothing: bool) -> None:
    answer = Answer(200, {}, json.dumps(envelope(None, [warning])).encode())
    assert judge(answer, cmdlet="Set-TransportConfig", now=NOON).changed_nothing is nothing
