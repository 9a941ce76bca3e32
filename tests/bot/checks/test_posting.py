"""``legacytls check --post`` posts one card and takes it away; the check ends with what it cannot prove."""

import json

import pytest

from bot.checks.run import DELIVERING, DOCUMENTED, POSTING, REACHING, RECEIVING, STAMPING, WRITING
from bot.checks.slack import post_verdict
from bot.checks.verdict import Outcome, Verdict
from bot.cli import main
from bot.sandbox.slack import cast
from bot.sandbox.slack.faults import Fault
from bot.settings.load import load
from handlers.slack.views.trial_card import TITLE
from tests.bot.checks.conftest import Setup
from tests.sentences import says


def posted(setup: Setup) -> Verdict:
    return post_verdict(load())


def left(setup: Setup) -> list[str]:
    """The texts that stand in the channel; they are taken away, as somebody would by hand."""
    found = list(setup.slack.messages(cast.CHANGES))
    for message in found:
        setup.slack.workspace.remove(setup.slack.workspace.message(cast.CHANGES, message["ts"]))
    return [message["text"] for message in found]


def test_a_card_is_posted_and_taken_away_and_nothing_is_said_of_it_where_nobody_asked(setup: Setup) -> None:
    assert main(["check", "--post", "--json"]) == 0
    told = json.loads(setup.capsys.readouterr().out)
    (card,) = [one for one in told["checks"] if one["check"] == "Test card"]
    assert (card["outcome"], card["finding"]) == ("ok", says("posted_and_taken_away"))
    assert told["unproven"] == [WRITING, DELIVERING, DOCUMENTED]
    setup.set(LEGACYTLS_TIMESTAMP_URL="https://stamps.example.com/", SLACK_SIGNING_SECRET="secret")
    setup.set(
        LEGACYTLS_EVENTS_URL="https://events.example.com/", LEGACYTLS_EVENTS_SECRET=f"whsec_{'QUFB' * 8}"
    )
    setup.unset("SLACK_APP_TOKEN")
    _, verdicts = setup.check()
    assert "Test card" not in verdicts
    assert main(["check"]) == 0
    lines = setup.capsys.readouterr().out.splitlines()
    expected = [WRITING, POSTING, REACHING, DELIVERING, RECEIVING, STAMPING, DOCUMENTED]
    assert lines[lines.index(says("not_proven_by_this")) + 1 :] == [f"  - {one}" for one in expected]


def test_a_card_that_cannot_be_taken_away_is_named_with_its_link(setup: Setup) -> None:
    setup.slack.faults.add(Fault("chat.delete", "fatal_error"))
    verdict = posted(setup)
    (ts,) = [message["ts"] for message in setup.slack.messages(cast.CHANGES)]
    assert verdict.outcome is Outcome.WARNED
    assert verdict.mend == says(
        "delete_it_by_hand", link=f"{setup.slack.url}/archives/{cast.CHANGES}/p{ts.replace('.', '')}"
    )
    assert [text.startswith(TITLE) for text in left(setup)] == [True]


def test_a_link_that_slack_does_not_give_is_replaced_by_the_place(setup: Setup) -> None:
    setup.slack.faults.add(Fault("chat.delete", "fatal_error"))
    setup.slack.faults.add(Fault("chat.getPermalink", "fatal_error"))
    verdict = posted(setup)
    (ts,) = [message["ts"] for message in setup.slack.messages(cast.CHANGES)]
    assert verdict.mend == says("delete_it_by_hand", link=f"the message {ts} in the channel {cast.CHANGES}")
    left(setup)


def test_a_pause_that_slack_asks_for_is_kept_once(setup: Setup) -> None:
    setup.slack.faults.add(Fault("chat.delete", "ratelimited", seconds=0.01))
    assert posted(setup).outcome is Outcome.PASSED
    setup.slack.faults.add(Fault("chat.delete", "ratelimited", seconds=3000))
    assert posted(setup).outcome is Outcome.WARNED
    left(setup)


@pytest.mark.parametrize(
    ("fault", "finding", "stays"),
    [
        ("not_in_channel", says("the_bot_is_not_a_member"), 0),
        ("server_error", says("not_known_whether_it_was_posted"), 0),
        ("lost_answer", says("not_known_whether_it_was_posted"), 1),
    ],
)
def test_a_card_that_is_not_posted_fails_and_a_lost_answer_says_where_to_look(
    setup: Setup, fault: str, finding: str, stays: int
) -> None:
    setup.slack.faults.add(Fault("chat.postMessage", fault))
    verdict = posted(setup)
    assert verdict.outcome is Outcome.FAILED
    assert finding in verdict.finding
    assert len(left(setup)) == stays
