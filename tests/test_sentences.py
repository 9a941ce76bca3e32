"""The snapshot of sentences holds what tests use and nothing else, and new tests quote no sentence beside it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from tests.sentences import SENTENCES

TESTS = Path(__file__).parent
GATHERED = sorted([*(TESTS / "handlers").rglob("*.py"), *(TESTS / "journeys").rglob("*.py")])
"""Where what people read in Slack is tested."""

LEFT = 60
"""Texts that may stand quoted there: what people typed, above all. Not to grow."""

PLAIN = re.compile(r"[*`]?(not set|opted in|opted out)[*`]?|`/legacytls [a-z]+`")
"""Words that are promised, so that a test may spell them."""


def calls(tree: ast.AST) -> Iterator[tuple[str, set[str]]]:
    """Each use of ``says``: the name, and which facts are given."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "says":
            name = node.args[0]
            assert isinstance(name, ast.Constant), ast.unparse(node)
            yield str(name.value), {str(keyword.arg) for keyword in node.keywords}


def compared(tree: ast.AST) -> Iterator[ast.expr]:
    """Both sides of every comparison that is asserted."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            for one in ast.walk(node.test):
                if isinstance(one, ast.Compare):
                    yield from (one.left, *one.comparators)


def quoted(tree: ast.AST) -> Iterator[str]:
    """Each text of two words and more that an assertion compares with something."""
    for side in compared(tree):
        if isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str)):
            text = ast.unparse(side).removeprefix("f").strip("'\"")
            words = re.findall(r"[A-Za-z][a-z']+", re.sub(r"\{.*?\}", "", text))
            if len(words) > 1 and " " in text and not PLAIN.fullmatch(text):
                yield text


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.AST]:
    return {str(path.relative_to(TESTS)): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(TESTS.rglob("*.py"))}


def test_each_sentence_is_used_and_each_use_gives_its_facts(trees: dict[str, ast.AST]) -> None:
    used: set[str] = set()
    for file, tree in trees.items():
        for name, facts in calls(tree):
            needed = {field for _, field, _, _ in Formatter().parse(SENTENCES[name]) if field}
            assert needed == facts, f"{file}: {name}"
            used.add(name)
    assert used == set(SENTENCES)


def test_no_sentence_stands_twice() -> None:
    assert len(set(SENTENCES.values())) == len(SENTENCES)


def test_new_tests_quote_no_sentence_beside_the_snapshot() -> None:
    found = [f"{path.name}: {text}" for path in GATHERED for text in quoted(ast.parse(path.read_text(encoding="utf-8")))]
    assert len(found) <= LEFT, "\n".join(found)
