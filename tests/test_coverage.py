"""What is counted of the lines that ran, and what fails a run; the counting itself is slipcover's."""

from tests.coverage import below, by_folder, table

LINES = {
    "bot/cli.py": ({1, 2, 3}, {1, 2, 3, 4}),
    "bot/failure_messages.py": ({1, 2}, {1, 2}),
    "bot/checks/run.py": (set[int](), {7, 9}),
    "bot/checks/__init__.py": (set[int](), set[int]()),
}


def test_a_folder_is_counted_without_those_below_it() -> None:
    assert by_folder(LINES) == {"bot": 100 * 5 / 6, "bot/checks": 0.0}


def test_a_folder_below_its_floor_fails_the_run() -> None:
    percents = by_folder(LINES)
    assert below(percents, {"bot": 83, "bot/checks": 0}) == []
    assert below(percents, {"bot": 84, "bot/checks": 0}) == ["bot"]
    assert below(percents, {"bot": 83}) == []


def test_the_table_names_what_fails_and_the_modules_that_did_not_run_whole() -> None:
    told = [" ".join(line.split()) for line in table(LINES, {"bot": 90})]
    assert told == ["83.3 bot BELOW 90: cli 75", "0.0 bot/checks (no floor): run 0"]
