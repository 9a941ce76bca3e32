"""What is typed stays typed: a stored payload is read, and a conflict retried, in one place, and old words
stay gone."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HANDLERS = sorted((ROOT / "handlers").rglob("*.py"))
PRODUCT = sorted(path for room in ("bot", "handlers", "storage") for path in (ROOT / room).rglob("*.py"))

CODEC = {"handlers/commands.py", "handlers/interaction.py", "handlers/stored_command.py"}
"""The files that know a stored payload's keys."""

ANNOUNCEMENTS = {"handlers/outgoing/announcement_view.py"}
"""The file that knows under which key a notice keeps an announcement's kind."""

GONE = {
    r"\bpayload\[": "a payload of the inbox is read by from_payload only",
    r"\bpayload\.get\(\"(request|vote|kind|person|door|at|ours|reason)\"": "likewise",
    r"\bitem\.kind\b *(==|!=|in\b)": "commands are told apart by their type",
    r"int\((act|item|said|payload)\b": "numbers are read by commands.number",
    r"\bdispatch\.context\b": "the edge is handed what it needs: handlers.slack.edge_tenant",
    r"\bTouch\b|\btouch_of\b|handlers\.touch\b": "it is called an interaction",
}
"""Patterns that must not come back into handlers/, and why."""


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


UNTYPED = {
    (
        r"facts(\[|\.get\()\"(what|request|end|series|"
        r"slot|ends|since|days|sequence)\""
    ): ("an announcement is read by announcement_of"),
    r"facts *= *\{\"what\"": "an announcement is kept by facts_of",
    r"\.kind *== *\"": "announcements are told apart by their type",
}
"""Patterns of announcements kept as texts that must not come back into handlers/, and why."""


@pytest.mark.parametrize("pattern", UNTYPED)
def test_what_an_announcement_says_is_typed(pattern: str) -> None:
    found = [
        f"{_name(path)}:{number}"
        for path in HANDLERS
        if _name(path) not in ANNOUNCEMENTS
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(pattern, line)
    ]
    assert found == [], UNTYPED[pattern]


@pytest.mark.parametrize("name", ["reminders", "news"])
def test_mypy_finds_an_announcement_without_words(name: str) -> None:
    """The words of every one of them are a case of one ``match`` that ends in ``assert_never``, without a
    guard."""
    tree = _tree(ROOT / f"handlers/slack/views/{name}.py")
    (words,) = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "words"]
    (match,) = [node for node in words.body if isinstance(node, ast.Match)]
    assert ast.unparse(match.cases[-1]) == "case _:\n    assert_never(said)"
    assert not any(case.guard for case in match.cases)
    assert not [case for case in match.cases[:-1] if not isinstance(case.pattern, ast.MatchClass)]


@pytest.mark.parametrize("pattern", GONE)
def test_what_was_untyped_does_not_come_back(pattern: str) -> None:
    found = [
        f"{_name(path)}:{number}"
        for path in HANDLERS
        if _name(path) not in CODEC
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(pattern, line)
    ]
    assert found == [], GONE[pattern]


def test_the_edge_hands_on_no_dict_of_texts() -> None:
    """Neither Slack's edge nor dispatch has a function that takes or returns stored payloads."""
    edge = [path for path in HANDLERS if path.parent.name == "slack" or path.name == "dispatch.py"]
    found = [
        f"{_name(path)}:{node.lineno} {node.name}"
        for path in edge
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef)
        and any(argument.arg == "payload" for argument in _arguments(node))
    ]
    assert found == []


def test_every_command_is_dispatched_by_its_type_to_the_last() -> None:
    """Each ``match`` on a command ends in ``assert_never``, so that mypy finds a command without a
    handler."""
    matches = [node for node in ast.walk(_tree(ROOT / "handlers/dispatch.py")) if isinstance(node, ast.Match)]
    assert len(matches) == 3
    for node in matches:
        last = node.cases[-1]
        assert ast.unparse(last) == "case _:\n    assert_never(command)", node.lineno
        assert not any(case.guard for case in node.cases), node.lineno


def _conflicts() -> set[str]:
    """``Conflict`` and whatever is one, by name."""
    names, bases = {"Conflict"}, {}
    for path in PRODUCT:
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = {base.id for base in node.bases if isinstance(base, ast.Name)}
    for _ in bases:
        names |= {name for name, above in bases.items() if above & names}
    return names


def _retries(tree: ast.AST, conflicts: set[str]) -> Iterator[ast.For | ast.While]:
    """Every loop that may begin the same act again: it counts, or runs until something is so, and goes on
    after a conflict."""
    for node in ast.walk(tree):
        if isinstance(node, ast.While) or (
            isinstance(node, ast.For) and ast.unparse(node.iter).startswith("range(")
        ):
            caught = [
                ast.walk(one.type)
                for one in ast.walk(node)
                if isinstance(one, ast.ExceptHandler) and one.type
            ]
            if any(isinstance(name, ast.Name) and name.id in conflicts for names in caught for name in names):
                yield node


def test_there_is_one_retry_loop_for_a_conflict() -> None:
    conflicts = _conflicts()
    assert {"Stuck", "AlreadyOpen", "AlreadyHandled"} < conflicts
    assert [_name(path) for path in PRODUCT for _ in _retries(_tree(path), conflicts)] == [
        "handlers/dispatch.py"
    ]


SHARED = {"refusals": "how a refusal is recorded, by whichever use case and before any form opens"}
"""Modules that are a use case and something that the others stand on, by the last part of their names."""


def _is_use_case(tree: ast.Module) -> bool:
    """A class of it is made of a ``Context``."""
    made = (node for one in tree.body if isinstance(one, ast.ClassDef) for node in one.body)
    return any(
        isinstance(node, ast.FunctionDef)
        and node.name == "__init__"
        and "context: Context" in ast.unparse(node.args)
        for node in made
    )


def test_use_cases_import_no_functions_of_each_other() -> None:
    """What several of them do stands in ``changes.transitions``, or in a module below that is none of
    them."""
    trees = {_name(path).removesuffix(".py").replace("/", "."): _tree(path) for path in HANDLERS}
    use_cases = {name for name, tree in trees.items() if _is_use_case(tree)}
    assert len(use_cases) > 20
    found = [
        f"{name}: {node.module}.{alias.name}"
        for name in use_cases
        for node in ast.walk(trees[name])
        if isinstance(node, ast.ImportFrom)
        and node.module in use_cases
        and node.module.rsplit(".", 1)[1] not in SHARED
        for alias in node.names
        if not alias.name[0].isupper()
    ]
    assert found == []


def test_exchange_is_waited_for_in_one_place() -> None:
    """Limits and pauses in seconds, and the loop that tries again, stand in one file of the room."""
    room = sorted((ROOT / "bot/exchange").rglob("*.py"))
    named = re.compile(r"^(?!SIZE_)[A-Z_]*(LIMIT|PAUSES|PATIENCE|TIMEOUT)[A-Z_]*\b.* = ", re.MULTILINE)
    assert [path.name for path in room if named.search(path.read_text(encoding="utf-8"))] == ["retries.py"]
    waiting = re.compile(r"\b(random\(\)|sleep\(|retryable or)")
    assert {path.name for path in room if waiting.search(path.read_text(encoding="utf-8"))} - {
        "entra.py"
    } == {"retries.py"}


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=_name(path))


def _arguments(node: ast.FunctionDef) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
