"""The snapshot of sentences holds what tests use and nothing else, and new tests quote no sentence beside
it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from tests.sentences import SENTENCES

TESTS = Path(__file__).parent
OTHERS = TESTS / "bot" / "sandbox"
"""Where the words are those of the simulated Slack and Exchange."""

GATHERED = sorted(
    path
    for folder in ("handlers", "journeys", "bot", "storage", "crashes", "stories", "faults")
    for path in (TESTS / folder).rglob("*.py")
    if OTHERS not in path.parents
)
"""Where what people read is tested."""

OF_OTHERS = {
    "Health > Service health", "Outer text.", "Error executing cmdlet",
    "The server at Contoso was busy (again)", "Words that nobody", "Bearer canary-token", "Entra role",
    "Exchange Administrator", "Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled $true",
    "openssl rand -hex 32", "legacytls sandbox --port 0", "USING INDEX ix_audit_events_request",
    "temp b-tree", "synchronous_commit off", "decisions 7: vote", "change_requests {number}: window_end",
    "channel (no proper id) ts (no proper id)", "in fail", "in failing",
    "Home (full) (/view/blocks/7: too long)", "Scanners in Zürich", "end of December 2026",
    "to standard error\\nat the end\\n", 'left": ["observer"]', "Probing \ufffd[2Ja:1\\n",
    "    > Another scanner", "> One plotter\\n> owned by Erin", "Replace &lt;!channel&gt; them",
    "A test &lt;!here&gt; of the scanners",
}  # fmt: skip
"""What is compared with and is no sentence of the bot's: words of Exchange and databases, commands, row
names, typed texts."""

LEFT = 10
"""Texts that may stand quoted until somebody moves them into the snapshot. Not to grow."""

PLAIN = re.compile(
    r"[*`]?(not set|opted in|opted out)[*`]?|`/legacytls [a-z]+( \{number\})?`|Applied: .*|It was me"
    r"|True True|False False|legacytls_\w.*"
)
"""Words that are promised, so that a test may spell them: of the live value, of results, of buttons and
commands, of metrics."""


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


def brought_in(tree: ast.AST) -> str:
    """Every text of the file beside those that are compared: what people type, and what others answer."""
    sides = {id(one) for side in compared(tree) for one in ast.walk(side)}
    texts = [
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in sides
    ]
    return "\n".join(text for text in texts if isinstance(text, str))


def quoted(tree: ast.AST) -> Iterator[str]:
    """Each text of two words and more that an assertion compares with something, and that the test did not
    bring in itself."""
    known = brought_in(tree)
    for side in compared(tree):
        if (
            isinstance(side, ast.Constant)
            and isinstance(side.value, str)
            and side.value.removeprefix("> ") in known
        ):
            continue
        if isinstance(side, ast.JoinedStr) or (
            isinstance(side, ast.Constant) and isinstance(side.value, str)
        ):
            text = ast.unparse(side).removeprefix("f").strip("'\"")
            words = re.findall(r"[A-Za-z][a-z']+", re.sub(r"\{.*?\}", "", text))
            if len(words) > 1 and " " in text and not PLAIN.fullmatch(text):
                yield text


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.AST]:
    return {
        str(path.relative_to(TESTS)): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(TESTS.rglob("*.py"))
    }


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


def test_no_test_quotes_a_sentence_beside_the_snapshot(trees: dict[str, ast.AST]) -> None:
    found = {text: path.name for path in GATHERED for text in quoted(trees[str(path.relative_to(TESTS))])}
    more = {text: name for text, name in found.items() if text not in OF_OTHERS}
    assert len(more) <= LEFT, more
    assert set(found) >= OF_OTHERS, "each exception is in use"
