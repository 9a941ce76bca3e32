"""What is made of ``users.info``: what Slack has to tell of somebody, and what it may leave out of whom it
does not concern."""

from types import SimpleNamespace
from typing import Any

import pytest

from handlers.policy.rule import Home, Reason, judge_member
from handlers.slack.client.directory import SlackDirectory

HOME = Home("T0CONTOSO")
TOLD: dict[str, Any] = {"id": "U0BOB", "team_id": "T0CONTOSO", "deleted": False}
"""The least that lets somebody in."""


class Slack:
    """Answers ``users.info`` with one user object."""

    def __init__(self, user: object) -> None:
        self._user = user

    def users_info(self, *, user: str) -> SimpleNamespace:
        return SimpleNamespace(data={"ok": True, "user": self._user}, headers={})


def judged(user: object) -> Reason:
    return judge_member(SlackDirectory(Slack(user)).person("U0BOB"), HOME).reason  # type: ignore[arg-type]


def test_flags_that_slack_leaves_out_concern_somebody_else() -> None:
    assert (
        judged(TOLD)
        is judged(TOLD | {"is_bot": False, "is_restricted": False, "is_stranger": False})
        is Reason.ALLOWED
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"deleted": None}, Reason.DEACTIVATED),
        ({"deleted": "no"}, Reason.DEACTIVATED),
        ({"deleted": True}, Reason.DEACTIVATED),
        ({"team_id": None}, Reason.STRANGER),
        ({"team_id": ["T0CONTOSO"]}, Reason.STRANGER),
        ({"is_stranger": True}, Reason.STRANGER),
        ({"id": "U0CAROL"}, Reason.STRANGER),
        ({"is_bot": True}, Reason.BOT),
        ({"is_bot": None}, Reason.BOT),
        ({"is_restricted": True}, Reason.GUEST),
        ({"is_ultra_restricted": True}, Reason.GUEST),
        ({"is_invited_user": True}, Reason.GUEST),
    ],
    ids=str,
)
def test_what_is_told_otherwise_refuses(changed: dict[str, Any], reason: Reason) -> None:
    assert judged(TOLD | changed) is reason


def test_somebody_is_known_by_id_and_never_by_a_name() -> None:
    named = TOLD | {"name": "U0ALICE", "real_name": "U0ALICE", "profile": {"display_name": "U0ALICE"}}
    assert SlackDirectory(Slack(named)).person("U0BOB") == SlackDirectory(Slack(TOLD)).person("U0BOB")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["deleted", "team_id"])
def test_what_has_to_be_told_refuses_when_it_is_left_out(name: str) -> None:
    assert judged({key: value for key, value in TOLD.items() if key != name}) in (
        Reason.DEACTIVATED,
        Reason.STRANGER,
    )


@pytest.mark.parametrize("user", [None, [], "U0BOB", {}])
def test_an_answer_about_nobody_refuses(user: object) -> None:
    assert judged(user) is Reason.STRANGER


@pytest.mark.parametrize(
    ("told", "known"),
    [({"id": "W0BOB", "enterprise_id": "E0CORP"}, "W0BOB"), ({"id": ""}, None), ({}, None), (None, None)],
)
def test_the_id_in_the_whole_organisation_is_taken_where_slack_tells_it(
    told: object, known: str | None
) -> None:
    found = SlackDirectory(Slack({**TOLD, "enterprise_user": told})).person("U0BOB")  # type: ignore[arg-type]
    assert found.enterprise_user_id == known
