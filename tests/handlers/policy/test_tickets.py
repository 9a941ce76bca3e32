"""Which patterns of tickets are taken, how quickly each of them matches, and where a ticket is found."""

import re
import time

import pytest

from handlers.policy.tickets import LONGEST, Tickets, pattern_problem
from handlers.slack.views.tickets import ticket

TAKEN = [
    r"INC\d{7}", r"(INC|CHG)\d{7}", r"[A-Z]{2,10}-\d+", r"[A-Z]+-[A-Z]+-\d+", r"(?:[A-Z]+-)?\d+", r"\(x\)\d+",
    r"[]()*]+",
    r"(?i)inc\d+", r"[A-Z]+-\d+|INC\d+|CHG\d+", r"(?P<kind>CHG|INC)-\d{1,9}", r"a++", r".*.*.*", "#\\d+",
    "(((a|b)c?)d|e)f",
]  # fmt: skip
SLOW_OR_WRONG = [
    r"(a+)+$", r"(a|a)*", r"(\d+)\1", r"(?=x)x", r"(?<!x)x", "[a", r".*.*.*.*", "a?" * 30, "a{1,9}{1,9}",
    "x" * 201,
    r"(a?){3}", r"(?>a+)b", r"(?x) a", r"(?P<n>a)(?P=n)", "(?#note)a", "[[a]", r"\d{5,3}",
    "(" * 150 + ")" * 150 + "+", "(a|ab)?(a|b)?(a|c)?(a|d)?[a-z]+[a-y]+[a-x]+x", "(a",
    "a{1,99}b{1,99}c{1,99}d{1,99}",
]  # fmt: skip


@pytest.mark.parametrize("pattern", TAKEN)
def test_a_usual_pattern_is_taken_and_quick_whatever_is_typed(pattern: str) -> None:
    assert pattern_problem(pattern) == ""
    tickets = Tickets(pattern)
    began = time.perf_counter()
    for text in ("a" * LONGEST + "!", "A" * (LONGEST - 1) + "!", "1" * LONGEST, "A-" * 40, "-" * 5000):
        tickets.problem(text)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("pattern", SLOW_OR_WRONG)
def test_a_pattern_that_is_none_or_could_take_for_ever_is_refused(pattern: str) -> None:
    assert pattern_problem(pattern) != ""


def test_the_bound_on_repetitions_is_never_below_what_matching_does() -> None:
    """The slowest pattern that is taken, on the text that it is slowest on."""
    began = time.perf_counter()
    assert pattern_problem(r"\w+\w+\w+!") == ""
    assert re.fullmatch(r"\w+\w+\w+!", "a" * LONGEST) is None
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("number", "needed", "taken"),
    [
        ("INC0012345", True, True), ("", True, False), ("", False, True), ("INC1", False, False),
        ("inc0012345", True, False), ("INC0012345\n", True, False), (" INC0012345", True, False),
        ("INC00123456", True, False), ("٣" * 10, True, False),
    ],
)  # fmt: skip
def test_the_whole_number_has_to_match(number: str, needed: bool, taken: bool) -> None:
    assert (Tickets(r"INC[0-9]{7}").problem(number, needed=needed) == "") is taken


def test_a_link_leads_to_a_ticket_that_matches_and_to_nothing_else() -> None:
    tickets = Tickets(r"[^ ]+", "https://tickets.example/browse/{ticket}?from={ticket}#top")
    coded = "A%2Fb%3Fc%23d%7Ce%3E"
    assert (
        ticket("A/b?c#d|e>", tickets)
        == f"<https://tickets.example/browse/{coded}?from={coded}#top|A/b?c#d|e&gt;>"
    )
    assert ticket("<a`", Tickets("x", tickets.url)) == "`&lt;a'`"
    assert ticket("#1", Tickets(r".+")) == "`#1`"
    assert ticket("", tickets) == ""
