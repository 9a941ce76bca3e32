"""History: the newest changes with who asked, who decided and what was read back, and a button to the older
ones."""

import re

from tests.journeys.stage import ALICE, BOB, CHANGES, DAVE, Stage
from tests.journeys.words import JSON, buttons, words
from tests.sentences import says


def test_an_empty_record_says_so(fresh_stage) -> None:
    stage = fresh_stage()
    assert says("no_change_is_on_record_yet") in stage.command(DAVE, "history")


def test_a_line_says_who_asked_who_decided_what_was_read_back_and_why(stage: Stage) -> None:
    number = stage.ask(ALICE, reason="The fax <!here>")
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    said = stage.command(DAVE, "history")
    for told in (
        f"#{number}",
        f"asked for by <@{ALICE}>",
        f"approved by <@{BOB}>",
        "read back as *opted in*",
        "The fax &lt;!here&gt;",
    ):
        assert told in said


def test_older_changes_come_by_button_newest_first_to_the_beginning(stage: Stage) -> None:
    numbers = []
    for _ in range(6):
        numbers.append(stage.ask(ALICE))
        stage.press(ALICE, numbers[-1], "withdraw")
    shown = stage.answer(DAVE, lambda: stage.slack.command(DAVE, "/legacytls history"))
    assert listed(shown) == sorted(numbers, reverse=True)[:5]
    assert shown["text"] == says("history_newest_first_beginning_with", number=numbers[-1])
    seen = listed(shown)
    while "history_page" in buttons(shown):
        page = shown
        shown = stage.answer(
            DAVE, lambda page=page: stage.slack.press(DAVE, CHANGES, page["ts"], "history_page")
        )
        assert shown["text"] == says("history_newest_first_beginning_with", number=listed(shown)[0])
        seen += listed(shown)
    assert seen == list(range(numbers[-1], 0, -1))
    assert says("that_is_the_beginning_of_the_record") in words(shown)


def listed(message: JSON) -> list[int]:
    """The numbers of the changes on a page, in order."""
    found = (
        re.match(r"\*[^#]*#(\d+)", block["text"]["text"])
        for block in message["blocks"]
        if block["type"] == "section"
    )
    return [int(match[1]) for match in found if match]
