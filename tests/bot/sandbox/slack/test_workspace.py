"""The workspace's own promises: time stamps that never collide or go back, waiting that explains itself,
settings for the bot."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import requests
from freezegun import freeze_time

from bot.sandbox.slack.messages import Content
from bot.sandbox.slack.simulation import Slack
from bot.sandbox.slack.workspace import Workspace

PAST = datetime(2001, 1, 1, tzinfo=UTC)


def _workspace() -> Workspace:
    return Workspace(clock=lambda: PAST)


def test_time_stamps_are_unique_and_grow_from_any_thread() -> None:
    workspace = _workspace()
    stamps: list[str] = []
    threads = [
        threading.Thread(target=lambda: stamps.extend(workspace.stamp() for _ in range(500)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(stamps)) == 2000
    assert workspace.stamp() > max(stamps)


def test_time_stamps_follow_the_clock_that_people_see() -> None:
    workspace = _workspace()
    assert datetime.fromtimestamp(float(workspace.stamp()), tz=UTC) == workspace.clock()


def test_time_stamps_grow_even_while_time_stands_still_or_goes_back() -> None:
    workspace = Workspace(clock=lambda: datetime.now(UTC))
    with freeze_time("2026-11-23") as frozen:
        stamps = [workspace.stamp(), workspace.stamp()]
        frozen.tick(timedelta(days=-1))
        stamps.append(workspace.stamp())
    assert stamps == sorted(set(stamps))


def test_waiting_ends_with_the_change_that_was_waited_for() -> None:
    workspace = _workspace()
    poster = threading.Timer(0.05, lambda: workspace.post("C0CHANGES", "U0ALICE", Content("hello")))
    poster.start()
    (message,) = workspace.wait_for(lambda: workspace.messages("C0CHANGES"))
    poster.join()
    assert message["text"] == "hello"


def test_waiting_in_vain_shows_everything_there_was() -> None:
    workspace = _workspace()
    workspace.post("C0CHANGES", "U0ALICE", Content("Applied: opted in", [{"type": "divider"}]))
    workspace.tell("U0BOB", "operation_timeout")
    with pytest.raises(
        TimeoutError, match=r"(?s)nothing within 0\.01 s.*Applied: opted in.*divider.*operation_timeout"
    ):
        workspace.wait_for(lambda: None, 0.01)


def test_every_change_has_a_revision_of_its_own_and_is_told() -> None:
    workspace, told = _workspace(), []
    unwatch = workspace.watch(lambda: told.append(workspace.revision))
    workspace.post("C0CHANGES", "U0ALICE", Content("one"))
    workspace.touch()
    unwatch()
    workspace.touch()
    assert told == [1, 2]
    assert workspace.revision == 3


def test_what_is_handed_out_is_a_copy() -> None:
    workspace = _workspace()
    workspace.post("C0CHANGES", "U0ALICE", Content("one", [{"type": "divider"}]))
    workspace.messages("C0CHANGES")[0]["blocks"].clear()
    assert workspace.messages("C0CHANGES")[0]["blocks"] == [{"type": "divider"}]


def test_the_environment_points_the_bot_at_it(slack: Slack) -> None:
    assert slack.environment == {
        "SLACK_BOT_TOKEN": "xoxb-0-sandbox-legacytls",
        "SLACK_APP_TOKEN": "xapp-1-A0LEGACY-0-sandbox",
        "SLACK_API_URL": f"{slack.url}/api/",
        "LEGACYTLS_CHANNEL": "C0CHANGES",
        "LEGACYTLS_APPROVERS": "U0ALICE,U0BOB,S0MAIL",
        "LEGACYTLS_OPERATORS": "U0ALICE,U0BOB",
    }


def test_it_stops_once_and_for_all() -> None:
    slack = Slack(clock=lambda: PAST)
    slack.start()
    url = slack.url
    slack.stop()
    slack.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=20)
