"""Every command that the bot suggests can be typed where it is read; what people typed stays as typed.

With several tenants a command needs the tenant's alias wherever it is not read in the tenant's own channel.
"""

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.policy.new_requests import NOT_IN
from handlers.slack.listeners.routing import NONE_OF_YOURS
from handlers.slack.views import cards, help_and_history, request_outcomes
from handlers.slack.views.blocks import Message
from handlers.slack.views.card_thread import details
from handlers.slack.views.mrkdwn import QUOTE, SECTION, escape, sentence
from handlers.slack.views.plain_text import plain
from handlers.slack.views.signed import Signature, addressed, signed
from handlers.suggested import Suggested, all_without_alias, without_alias
from storage.lifecycle import Kind, State
from tests.handlers.driver import ALICE, House
from tests.handlers.slack.test_layouts import EXAMPLES, as_layout, drawn
from tests.handlers.slack.views.test_block_limits import ZONE, view
from tests.handlers.slack.views.test_typed_text import every_text

ROOT = Path(__file__).parents[4]
BY = Signature("contoso", "99999999-2222-3333-4444-555555555555", "Production")

SPELLED = re.compile(r"`/legacytls (?!@|fleet\b)")
"""A command of one tenant that stands in a text without its alias."""

PLACE = str(Suggested("x")).partition("x")[0][-1]

SPELL = {
    "handlers/suggested.py",  # makes them
    "handlers/slack/fleet_home.py",  # spells them with the alias
    "handlers/register/report_imports.py",  # is read at the command line alone, where no tenant's channel is
}


def constants(path: Path) -> Iterator[str]:
    """Every text of a file that is no docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def test_whoever_suggests_a_command_marks_it() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "handlers").rglob("*.py")
        if any(SPELLED.search(text) for text in constants(path))
    }
    assert found - SPELL == set()


def test_elsewhere_every_suggested_command_of_every_layout_carries_the_alias() -> None:
    seen, left = 0, set()
    layouts = [*EXAMPLES.layouts(), *(each for each in map(as_layout, drawn()) if each is not None)]
    for layout in layouts:
        for text in every_text(addressed(dict(layout.body), BY.alias)):
            seen += text.count(f"@{BY.alias} ")
            if PLACE in text and len(text) + len(BY.alias) + 2 <= SECTION:
                left.add((layout.name, text))
            ours = "\n".join(line for line in text.split("\n") if not line.startswith(QUOTE))
            if PLACE not in text and SPELLED.search(ours):
                left.add((layout.name, text))
    assert seen > 200
    assert left == set()


TYPED = "Send `/legacytls disable` once the scanners are gone"


@pytest.mark.parametrize("kind", list(Kind))
def test_a_command_that_a_person_typed_into_a_reason_stays_as_typed(kind: Kind) -> None:
    draws = (lambda full: cards.card(full, ZONE), lambda full: request_outcomes.outcome(full, ZONE), details)
    shown = 0
    for state, draw in itertools.product(State, draws):
        message = draw(view(kind, state, TYPED))
        sent = all_without_alias(signed(message.arguments(), BY, elsewhere=True))
        quoted = [line for text in every_text(sent) for line in text.split("\n") if line.startswith(QUOTE)]
        assert not [line for line in quoted if BY.alias in line]
        shown += sum(TYPED in line for line in quoted)
    assert shown > 10


def test_nobody_can_type_a_place_for_an_alias() -> None:
    forged = str(Suggested("disable"))
    assert escape(forged) == "`/legacytls disable`"
    assert sentence(forged) == forged


def test_what_is_read_at_the_command_line_has_none() -> None:
    page = help_and_history.no_such("statsu", "status")
    assert PLACE in page.text
    assert PLACE not in "".join(plain(page))


def test_what_is_put_on_record_has_none_and_a_repetition_is_known(house: House) -> None:
    refusals = house.dispatch.refusals
    assert refusals.keep(ALICE, "extend", NOT_IN)
    assert [event.payload["because"] for event in house.events("refused")] == [without_alias(NOT_IN)]
    assert not refusals.keep(ALICE, "extend", NOT_IN)


def test_where_no_tenant_is_meant_a_command_is_shown_as_it_is_typed_in_a_channel() -> None:
    assert "`/legacytls help`" in all_without_alias(Message(sentence(NONE_OF_YOURS)).arguments())["text"]
