"""A command that is sent again sends no second file, whichever copy of the bot it is sent to."""

import pytest
from slack_bolt import Respond

from handlers.slack.listeners.commands import Commands
from tests.handlers.driver import ALICE, RULE, House
from tests.handlers.slack.shapes import command


def files(house: House) -> int:
    return len([said for said in house.windows.said if "content" in said])


def send(house: House, text: str, **once: str) -> None:
    respond = Respond(response_url=None, proxy=None, ssl=None)
    Commands(house.edge).listen(lambda *a, **k: None, command(ALICE, text) | once, respond)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["export", "export csv"])
def test_of_twenty_copies_one_sends_the_record(both: House, text: str) -> None:
    for _ in range(10):
        send(both, text, trigger_id="1.2.a")
    both.start(RULE)  # another replica on the same database
    for _ in range(10):
        send(both, text, trigger_id="1.2.a")
    assert files(both) == 1
    assert len(both.events("exported")) == 1


def test_the_same_words_typed_again_are_no_copy(house: House) -> None:
    send(house, "export", trigger_id="1.2.a")
    send(house, "export", trigger_id="1.2.b")
    send(house, "export csv", trigger_id="1.2.a")
    assert files(house) == 3
