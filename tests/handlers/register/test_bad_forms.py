"""Every field of the forms about devices: what is wrong with it is one sentence at that field, and the rest
stays as typed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from handlers.policy.forms import LONGEST, WrongForm
from handlers.register.commands import ChangeDay, NeedLonger
from handlers.register.forms import LONGEST_NAME, judge_another_day, judge_device
from handlers.slack.layouts.devices import example
from tests.handlers.driver import ALICE, ERIN, NOW, RULE

GOOD = {
    "device": "Scanner",
    "sender": "scan@contoso.com",
    "site": "",
    "owner": ERIN,
    "protocol": "smtp-auth",
    "reason": "Old",
    "plan": "New",
    "due": (NOW + timedelta(days=9)).date().isoformat(),
}
HIDDEN = ("Scan\u202ener", "Scan\u200bner", "\u2066Scanner", "Scanner\ufeff")
ODD = ("<!channel>", "=1+1", "@U0BOB", "Zürich 🖨")
LATEST = (NOW + timedelta(days=89)).date()


@contextmanager
def gathering(found: dict[str, str]) -> Iterator[None]:
    """Keep what is told of a form, by field."""
    try:
        yield
    except WrongForm as wrong:
        found.update(wrong.errors)


def judged(**changed: str) -> dict[str, str]:
    """The sentences by field; none where the form is taken."""
    found: dict[str, str] = {}
    with gathering(found):
        judge_device(**GOOD | changed, rule=RULE, now=NOW, zone=ZoneInfo("UTC"))
    return found


WRONG = [
    *[(field, "") for field in GOOD if field != "site"],
    *[(field, "   ") for field in ("device", "sender", "reason", "plan")],
    *[(field, "x" * (LONGEST_NAME + 1)) for field in ("device", "site")],
    *[(field, "x" * (LONGEST + 1)) for field in ("reason", "plan")],
    *[(field, text) for field in ("device", "site", "reason", "plan") for text in HIDDEN],
    *[
        ("sender", text)
        for text in ("scanner", "a@b", "a@b.c, d@e.f", "<!channel>", "x" * 3000, "scan\u202e@contoso.com")
    ],
    *[("protocol", text) for text in ("smtp", "SMTP AUTH", "x" * 3000)],
    *[
        ("due", text)
        for text in (
            "tomorrow",
            "2026-13-01",
            "2020-01-01",
            "9999-12-31",
            (LATEST + timedelta(days=1)).isoformat(),
        )
    ],
]


@pytest.mark.parametrize(("field", "text"), WRONG)
def test_a_wrong_field_is_told_at_that_field_alone(field: str, text: str) -> None:
    found = judged(**{field: text})
    assert set(found) == {field}
    assert found[field].endswith(".")


def test_all_mistakes_are_told_at_once() -> None:
    assert set(judged(**dict.fromkeys(GOOD, ""))) == set(GOOD) - {"site"}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        *[(field, text) for field in ("device", "site", "reason", "plan") for text in ODD],
        *[(field, "x" * LONGEST) for field in ("reason", "plan")],
        *[(field, "x" * LONGEST_NAME) for field in ("device", "site")],
        ("due", NOW.date().isoformat()),
        ("due", LATEST.isoformat()),
    ],
)
def test_what_is_odd_and_no_mistake_is_taken(field: str, text: str) -> None:
    assert judged(**{field: text}) == {}


@pytest.mark.parametrize("asked", [ChangeDay, NeedLonger])
@pytest.mark.parametrize(
    ("due", "reason", "wrong"),
    [
        ("", "Late", {"due"}),
        ("2020-01-01", "Late", {"due"}),
        ("9999-12-31", "Late", {"due"}),
        (LATEST.isoformat(), "", {"reason"}),
        (LATEST.isoformat(), "x" * (LONGEST + 1), {"reason"}),
        (LATEST.isoformat(), HIDDEN[0], {"reason"}),
        (LATEST.isoformat(), "<!channel>", set()),
    ],
)
def test_another_day_is_judged_alike_in_both_forms(asked, due: str, reason: str, wrong: set[str]) -> None:
    entry, found = example(ALICE, "Scanner", NOW), dict[str, str]()
    with gathering(found):
        judge_another_day(asked, entry, due=due, reason=reason, rule=RULE, now=NOW, zone=ZoneInfo("UTC"))
    assert set(found) == wrong
