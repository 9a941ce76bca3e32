"""Slack is asked about every layout: each function that draws is called, no block stands outside."""

import ast
import importlib
import inspect
import itertools
import json
import pkgutil
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from slack_sdk.models.views import View

import handlers.slack
from bot.sandbox.slack.blockkit import message_problems, view_problems
from handlers.outgoing.announcement_view import BY_KIND
from handlers.outgoing.reminders import REMINDERS
from handlers.policy.votes import Tally
from handlers.queries.history import HistoryLine, HistoryPage
from handlers.slack.layouts import examples as layouts
from handlers.slack.layouts.examples import Examples
from handlers.slack.layouts.layout import Layout, shapes_of
from handlers.slack.listeners.commands import SUBCOMMANDS
from handlers.slack.views import (
    card_thread,
    cards,
    help_and_history,
    request_forms,
    request_outcomes,
    status_view,
)
from handlers.slack.views.blocks import Message
from handlers.slack.views.signed import Signature, signed, signed_form
from storage.lifecycle import Kind, State
from storage.records import MailProtocol, SettingValue
from tests.handlers.driver import ALICE, BOB, CAROL, ERIN, NOW, RULE, TWO, House
from tests.handlers.filled_forms import HIGH, WORLDWIDE
from tests.handlers.saying import announcement
from tests.handlers.slack.views.test_block_limits import CALENDAR, FACTS, PEOPLE, WORST, ZONE, report, view

ROOT = Path(__file__).parents[3]
EXAMPLES = Examples(RULE, WORLDWIDE, CALENDAR, ZoneInfo("UTC"), NOW)


@pytest.fixture(scope="module")
def known() -> frozenset[tuple[str, str]]:
    return shapes_of(EXAMPLES.layouts())


def drawing_functions() -> dict[str, CodeType]:
    """Every function and method below ``handlers.slack`` whose annotation says that it draws."""
    found = {}
    for module in pkgutil.walk_packages(handlers.slack.__path__, "handlers.slack."):
        for name, function in own_functions(importlib.import_module(module.name)):
            if DRAWN.search(str(function.__annotations__.get("return"))):
                found[f"{module.name}.{name}"] = function.__code__
    return found


DRAWN = re.compile(r"\b(blocks\.Message|views\.View)\b|^(Message|View)$|<class '[\w.]+\.(Message|View)'>")


def own_functions(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    """The functions that a module defines, those of its classes as well."""
    for name, one in vars(module).items():
        if inspect.isfunction(one) and one.__module__ == module.__name__:
            yield name, one
        elif inspect.isclass(one) and one.__module__ == module.__name__:
            yield from (
                (f"{name}.{each}", method) for each, method in vars(one).items() if inspect.isfunction(method)
            )


GATHERS = {
    "handlers.slack.listeners.commands._request_form",
    "handlers.slack.listeners.commands.Commands._drawn",
}
"""They only gather what another one draws."""


def test_each_function_that_draws_a_layout_is_among_the_examples() -> None:
    called: set[CodeType] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            called.add(frame.f_code)

    sys.setprofile(note)
    try:
        list(EXAMPLES.layouts())
    finally:
        sys.setprofile(None)
    drawing = drawing_functions()
    assert len(drawing) > 20
    assert {name for name, code in drawing.items() if code not in called} == GATHERS


SPELLS = {
    "handlers/slack/layouts/examples.py",
    "handlers/slack/layouts/layout.py",
    "handlers/slack/views/blocks.py",
    "handlers/slack/fleet_home.py",  # puts pages of several tenants below each other
    "handlers/slack/views/signed.py",  # names the tenant in what another one drew
    "handlers/slack/views/links.py",  # links numbers in what is about to be sent
    "handlers/slack/views/plain_text.py",  # reads a message for those who read text
    "handlers/slack/client/copies.py",  # reads what Slack tells of a message
    "handlers/slack/parsing.py",  # reads the fields of a form
}
"""Where the key of a layout is spelled out: one draws, one judges, the others read."""


def test_nothing_beside_messages_and_views_can_carry_blocks_to_slack() -> None:
    """Whoever sends blocks takes them from a message or a view, which the functions above draw."""
    spelled, called = set(), set()
    for path in (ROOT / "handlers").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and node.value == "blocks":
                spelled.add(path.relative_to(ROOT).as_posix())
            if isinstance(node, ast.Call) and any(one.arg == "blocks" for one in node.keywords):
                called.add(
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
    drawing = {name.rpartition(".")[2] for name in drawing_functions()}
    assert {"Message", "View"} <= called <= {"Message", "View"} | drawing
    assert spelled == SPELLS


def test_what_names_a_tenant_is_of_no_other_shape(known: frozenset[tuple[str, str]]) -> None:
    by = Signature("contoso", "tenant", "Not backed up")
    for layout in EXAMPLES.distinct():
        body = dict(layout.body)
        told = {"view": signed_form(body["view"], by)} if "view" in body else signed(body, by)
        assert Layout(layout.name, {name: told[name] for name in body}).shapes <= known


def as_layout(drawn: Message | View | dict[str, Any]) -> Layout | None:
    if isinstance(drawn, Message):
        return Layout("drawn", {"blocks": drawn.arguments()["blocks"]}) if drawn.blocks else None
    return Layout("drawn", {"view": drawn.to_dict() if isinstance(drawn, View) else drawn})


BARE = {
    "tally": Tally((), (), 1),
    "reason_by": None,
    "briefing": (),
    "cloud": HIGH,
    "in_vain": "",
    "head": (0, "0"),
}


def drawn() -> Iterator[Message | View]:
    """As many layouts as can be drawn of the fullest and the barest that there is to say."""
    for kind, state, text in itertools.product(Kind, State, (WORST["lines"], WORST["entities"], "x")):
        for changed in ({}, BARE):
            full = view(kind, state, text, **changed)
            yield from (
                cards.card(full, ZONE),
                request_outcomes.outcome(full, ZONE),
                request_outcomes.retired(full),
                card_thread.details(full),
            )
    for what in BY_KIND:
        yield announcement(FACTS | {"what": what, "problem": "x", "effect": "x", "warning": "x"}, ZONE)
    reminder = {"number": "9", "snooze": "14", "done": "yes", "by": PEOPLE[0], "until": NOW.isoformat()}
    for what, reply in itertools.product(
        [each.kind for each in REMINDERS if each.snooze_days],
        ({}, {"reply": "snoozed"}, {"reply": "done", "until": ""}),
    ):
        yield announcement(FACTS | reminder | reply | {"what": what}, ZONE)
    lines = [
        HistoryLine(view(kind, State.REJECTED, "x").request, PEOPLE, BOB, "x", SettingValue.OPTED_IN)
        for kind in Kind
    ]
    yield from (help_and_history.history(HistoryPage(lines=lines, older=older), ZONE) for older in (None, 7))
    for cloud in (WORLDWIDE, HIGH):
        yield status_view.status(report("x", reading=None, cloud=cloud), ZONE)
        yield help_and_history.help_text(cloud, SUBCOMMANDS)
        yield request_forms.opt_out(channel="C", cloud=cloud, devices={7: WORST["lines"]})
    yield request_forms.opt_in(
        channel="C", briefing=(), warning="", proposed=date(2026, 12, 13), latest=date(2027, 2, 20),
        zone="UTC", protocols=tuple(MailProtocol),
    )  # fmt: skip


def test_no_layout_has_a_block_that_slack_is_not_asked_about(known: frozenset[tuple[str, str]]) -> None:
    found = [layout for layout in map(as_layout, drawn()) if layout is not None]
    assert len(found) > 500
    assert sorted(shapes_of(found) - known) == []


def test_nor_has_anything_that_people_see_while_they_ask_decide_and_look(
    house: House, known: frozenset[tuple[str, str]]
) -> None:
    house.start(TWO)
    house.observe()
    number = house.ask(ALICE).id
    for person in (ALICE, BOB, CAROL, ERIN):
        house.open_home(person)
        house.press("what_if", person, number)
    house.press_home("approve", BOB, number)
    house.press_home("open_opt_out", BOB, 0)
    house.press_home("open_history", ERIN, 0)
    house.press("reject", CAROL, number)
    house.clock.advance(minutes=2)
    house.open_home(ALICE)
    said = [one["blocks"] for one in house.windows.said if one.get("blocks")]
    views = [
        *house.windows.opened,
        *({"type": view["type"], "blocks": view["blocks"]} for view in house.windows.homes.values()),
    ]
    assert (len(said), len(views)) >= (4, 5)
    layouts_seen = [Layout("said", {"blocks": blocks}) for blocks in said] + [
        Layout("view", {"view": view}) for view in views
    ]
    assert sorted(shapes_of(layouts_seen) - known) == []


def test_a_block_of_another_shape_would_be_noticed(known: frozenset[tuple[str, str]]) -> None:
    field = {"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}]}
    assert shapes_of([Layout("new", {"blocks": [field]})]) - known


def test_the_few_that_slack_is_asked_about_have_every_shape_and_the_sandbox_takes_each() -> None:
    few = EXAMPLES.distinct()
    assert shapes_of(few) == shapes_of(EXAMPLES.layouts())
    assert len(few) < 60
    for layout in few:
        body = json.loads(json.dumps(layout.body))
        problems = view_problems(body["view"]) if "view" in body else message_problems(body["blocks"])
        assert problems == [], layout.name


@pytest.mark.parametrize("cloud", [WORLDWIDE, HIGH])
@pytest.mark.parametrize("days", [0, 400, 2000])
def test_the_examples_can_be_drawn_in_every_cloud_on_any_day(cloud: Any, days: int) -> None:
    assert list(replace(EXAMPLES, cloud=cloud, now=NOW + timedelta(days=days)).layouts())
    assert layouts.PERSON.startswith("U")
