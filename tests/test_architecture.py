"""The house keeps its shape: imports go down only, rules are pure, files and functions stay small."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("bot", "handlers", "storage")
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))

PURE = (
    "handlers.commands", "handlers.policy.days", "handlers.policy.decided_by",
    "handlers.policy.forms", "handlers.policy.new_requests",
    "handlers.policy.same_person", "handlers.interaction", "handlers.calendar.calendar",
    "handlers.outgoing.request_view", "handlers.outgoing.announcement_view", "handlers.policy.rule",
    "handlers.ports", "handlers.reminders.snooze", "handlers.policy.votes", "handlers.probe_ports",
    "handlers.policy.working_hours", "handlers.suggested",
    "storage.integrity.canonical", "storage.lifecycle", "storage.records",
)  # fmt: skip
IMPURE = {
    "sqlalchemy", "alembic", "psycopg", "sqlite3", "requests", "urllib3", "urllib", "http", "socket", "ssl",
    "aiohttp", "msal", "slack_bolt", "slack_sdk", "time", "os", "random", "secrets", "threading", "asyncio",
    "subprocess", "logging", "structlog",
}  # fmt: skip

LONGEST_FILE = 300
LONGEST_FUNCTION = 40

BROAD_EXCEPTS = {
    "bot/cli.py": "the command line's last words are a sentence, not a traceback",
    "bot/worker/loops.py": "one failing duty must not end the others",
    "handlers/delivery/deliver.py": "one undeliverable notice must not hold up the rest",
    "handlers/slack/executor.py": "whatever a job of a person runs into, its thread goes on",
}
"""The four places where everything is caught, once each: there a failure is recorded and told, everywhere
else it is a defect."""

RAISED_AGAIN = {
    "handlers/dispatch.py": "a person hears of a defect before it goes on to the log",
    "handlers/slack/edge.py": "the same, for what is only shown",
}
"""Where everything is caught and raised again: whatever else is to be undone stands in a context manager."""


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=_name(path))


@pytest.fixture(scope="module", autouse=True)
def trees_are_let_go() -> Iterator[None]:
    """Nothing else asks for them, and looking for garbage would go through all of them."""
    yield
    _tree.cache_clear()


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*ROOMS, include_external_packages=True, cache_dir=None)


def test_the_contracts_in_pyproject_are_kept() -> None:
    """Asked in a process of its own: in this one it would switch off every logger there is, for the tests
    that come after."""
    asked = [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"]
    answer = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_house_has_three_rooms_and_a_place_for_tests() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages == {*ROOMS, "tests"}


@pytest.mark.parametrize("module", PURE)
def test_rules_are_pure(module: str, graph: grimp.ImportGraph) -> None:
    """Values in, verdicts out: whatever they import inside the house is as pure as they are."""
    reached = {module} | {name for name in graph.find_upstream_modules(module) if name.split(".")[0] in ROOMS}
    imports = {(name, found) for name in reached for found in graph.find_modules_directly_imported_by(name)}
    assert sorted(pair for pair in imports if pair[1].split(".")[0] in IMPURE) == []


def test_package_files_hold_a_docstring_and_nothing_else() -> None:
    for path in SOURCES:
        if path.name == "__init__.py":
            body = _tree(path).body
            assert len(body) == 1, _name(path)
            assert ast.get_docstring(_tree(path)), _name(path)


def test_no_file_is_longer_than_a_reader_keeps_in_mind() -> None:
    lengths = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_function_is_longer_than_a_screen() -> None:
    lengths = {
        f"{_name(path)}:{function.lineno} {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for path in SOURCES
        for function in _functions(path)
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _is_broad(handler: ast.ExceptHandler) -> bool:
    """Tell whether everything is caught."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        one is None or (isinstance(one, ast.Name) and one.id in {"Exception", "BaseException"})
        for one in caught
    )


def test_everything_is_caught_in_four_places_only() -> None:
    broad = [
        (_name(path), _raises_again(node))
        for path in SOURCES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ExceptHandler) and _is_broad(node)
    ]
    assert len(BROAD_EXCEPTS) == 4
    assert sorted(name for name, again in broad if not again) == sorted(BROAD_EXCEPTS)
    assert sorted(name for name, again in broad if again) == sorted(RAISED_AGAIN)


def _reads_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
        return node.attr in {"environ", "environb", "getenv", "putenv"}
    return (
        isinstance(node, ast.ImportFrom)
        and node.module == "os"
        and any("env" in alias.name for alias in node.names)
    )


def test_the_environment_is_read_in_one_place() -> None:
    """The sandbox builds the environment of the bot that it starts, which is not reading its own."""
    readers = {_name(path) for path in SOURCES for node in ast.walk(_tree(path)) if _reads_environment(node)}
    assert {name for name in readers if not name.startswith("bot/sandbox/")} == {
        "bot/settings/load.py",
        "bot/settings/home_directory.py",
    }


LOOKS_INTO = {
    "startswith", "endswith", "removeprefix", "removesuffix", "split", "rsplit", "partition", "rpartition",
    "like", "ilike",
}  # fmt: skip
"""What looks into a text, of Python's and of SQLAlchemy's."""

READS_TEXTS = {
    "handlers/slack/listeners/routing.py": "the alias in front of a typed command",
    "handlers/slack/views/signed.py": (
        "first lines, and the tenant in what comes back with a button or a form"
    ),
    "handlers/slack/listeners/fleet.py": (
        "what somebody typed behind the command, and the tenants that a form carries"
    ),
    "storage/tenants.py": "blanks in the name of a device",
    "handlers/queries/history.py": ("what somebody typed behind `history`: a mention, or digits of a period"),
    "handlers/queries/export.py": "an instant as ISO 8601 spells it",
    "handlers/commands.py": "payloads of the inbox: protocols are a list there",
    "handlers/calendar/effects.py": "the words of one milestone, made in the line before",
    "handlers/evidence/proof/text_files.py": "a cell of a table that keeps a spreadsheet from running it",
    "handlers/evidence/proof/checker.py": "lines of files, and names of files, of a pack",
    "handlers/evidence/proof/opened_pack.py": "lines of files, and the first bytes of what a zip holds",
    "handlers/evidence/proof/page.py": "an instant as ISO 8601 spells it",
    "handlers/evidence/proof/tables.py": (
        "lines of a request's list of devices, of which each entry that it names has one"
    ),
    "handlers/evidence/proof/cells.py": "cells of tables, and instants as ISO 8601 spells them",
    "handlers/evidence/verifier.py": "lines of the checker's own source",
    "handlers/policy/invisible_characters.py": "Unicode's names of characters",
    "handlers/calendar/milestone.py": "days as the milestones' file spells them",
    "handlers/calendar/calendar.py": "a month as it was just spelled",
    "handlers/policy/tickets.py": "tokens of a regular expression",
    "handlers/policy/rule.py": "Slack's ids: a user group's begins with S",
    "handlers/outgoing/announcement.py": "lists in the facts of a notice",
    "handlers/register/files/columns.py": "headers of an imported table",
    "handlers/register/files/message.py": "headers of an imported message",
    "handlers/register/files/table.py": "lines of an imported table",
    "handlers/register/domains.py": "mail domains below another",
    "handlers/register/named_devices.py": (
        "lines of a list that it has written itself, and blanks in the name of a device"
    ),
    "handlers/register/device_lists.py": "ids of people, as somebody copied them into a table",
    "handlers/slack/client/announcer.py": (
        "Slack's ids: a direct message's begins with D; lines of an answer that is drawn in several sections"
    ),
    "handlers/slack/views/device_choice.py": "the name of a device, which is to stay on one line",
    "handlers/slack/views/home_devices.py": "the name of a device, which is to stay on one line",
    "handlers/slack/views/blocks.py": "words that are to be shortened",
    "handlers/slack/listeners/commands.py": "what somebody typed behind the command",
    "handlers/slack/listeners/evidence.py": "what somebody typed behind the command",
    "handlers/slack/emoji.py": "Slack's names of emoji, and the file that lists them",
    "handlers/slack/views/links.py": "web addresses and quoted lines, when a message is drawn",
    "handlers/slack/command_text.py": "what somebody typed behind the command",
    "handlers/slack/views/plain_text.py": "Slack's mark-up, line by line",
    "handlers/slack/listeners/devices.py": "words of a command",
    "handlers/slack/views/device_forms.py": "blanks in the name of a device",
    "handlers/slack/views/devices.py": "blanks in the name of a device",
    "handlers/slack/views/help_and_history.py": "the name of a file",
    "handlers/context/web_addresses.py": "web addresses",
    "handlers/queries/mailbox_diagnosis.py": "domains of mail addresses",
    "storage/database/address.py": "the database's address",
    "storage/database/connections.py": "the name of a file; SQLite's names of errors",
    "storage/record/spreadsheet_cells.py": "texts that a spreadsheet would run",
    "storage/database/sqlite_files.py": "the name of a file",
    "storage/integrity/first_edition.py": (
        "rows of the first edition, which had no column for it: the one place that reads them"
    ),
    "storage/schema/guards.py": "columns as SQL lists them",
    "storage/integrity/keyring.py": "an authenticator: which key made it",
    "storage/register.py": "blanks in the name of a device",
    "storage/rows.py": "the column of protocols is a list",
    "storage/record/verify.py": "an authenticator, and an instant as SQLite keeps it",
}
"""Who looks into texts where something is judged or kept, and into which: none of them says what was
decided."""

SENTENCES = {"detail", "sentence", "mend", "problem"}
"""What is written for people."""

KEYS = {"key", "series"}
"""What tells one thing from another: compared whole, and never taken apart."""

COMPARES_SENTENCES = {
    ("handlers/outgoing/notices.py: now.detail != before.detail"): (
        "a message is redrawn when its sentence is another one"
    ),
    ("handlers/policy/rule.py: f'#{request_id}' in sentence"): (
        "a number is put before a sentence that does not name it"
    ),
    "storage/integrity/first_edition.py: detail == 'Waiting for approval.'": "rows of the first edition",
    "storage/database/troubles.py: problem != self._problem": "a problem is told when it is another one",
}
"""Where two of them are compared, and why nothing is decided by what they say."""


def _called(node: ast.AST) -> ast.Attribute | None:
    """The method that is called here."""
    return node.func if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None


def _last_name(node: ast.expr) -> str:
    """``detail`` for ``request.detail``, ``asked.detail[0]`` and ``detail`` itself."""
    if isinstance(node, ast.Subscript):
        return _last_name(node.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def test_texts_are_looked_into_where_it_is_said_why() -> None:
    """What code decides by is a column or a type: who needs to look into a text says here which, or keeps it
    typed instead."""
    judging = [
        path
        for path in SOURCES
        if _name(path).startswith(("handlers/", "storage/")) and "migrations" not in path.parts
    ]
    found = {
        _name(path)
        for path in judging
        for called in map(_called, ast.walk(_tree(path)))
        if called is not None and called.attr in LOOKS_INTO
    }
    assert sorted(found - set(READS_TEXTS)) == []
    assert sorted(set(READS_TEXTS) - found) == [], "no reason is needed any more"


def _taken_apart(tree: ast.AST) -> list[str]:
    """The calls that look into a sentence or a key."""
    calls = (
        called for called in map(_called, ast.walk(tree)) if called is not None and called.attr in LOOKS_INTO
    )
    return [ast.unparse(called) for called in calls if _last_name(called.value) in SENTENCES | KEYS]


def _compared(tree: ast.AST) -> set[str]:
    """The comparisons of a sentence with anything but ``None``."""
    return {
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare) and not all(isinstance(how, ast.Is | ast.IsNot) for how in node.ops)
        for side in (node.left, *node.comparators)
        if isinstance(side, ast.Attribute | ast.Name) and _last_name(side).strip("_") in SENTENCES
    }


def test_no_sentence_and_no_key_is_taken_apart() -> None:
    """The sandbox is no part of the judgement: its keys are Exchange's own names of properties."""
    found = {_name(path): _taken_apart(_tree(path)) for path in SOURCES}
    mine = {name: places for name, places in found.items() if places and not name.startswith("bot/sandbox/")}
    assert mine == {"storage/integrity/first_edition.py": ["detail.partition"]}


def test_nothing_is_decided_by_comparing_a_sentence() -> None:
    compared = {f"{_name(path)}: {found}" for path in SOURCES for found in _compared(_tree(path))}
    assert sorted(compared - set(COMPARES_SENTENCES)) == []
    assert sorted(set(COMPARES_SENTENCES) - compared) == [], "no reason is needed any more"


FIRST_EDITION = (
    "request.detail.removeprefix(word)", "notice.key.startswith(_UNPOSTED)",
    "key.split(':again:', maxsplit=1)[0]", "table.key.startswith(prefix, autoescape=True)",
    "request.detail != HELD[estranged.why]", "request.detail == WAITING", "'approved' in request.detail",
)  # fmt: skip


@pytest.mark.parametrize("was", FIRST_EDITION)
def test_what_the_first_edition_did_would_be_found(was: str) -> None:
    assert _taken_apart(ast.parse(was)) or _compared(ast.parse(was))


def test_nothing_is_left_to_be_done_later() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X")
    found = [
        f"{_name(path)}:{number}"
        for path in [
            *SOURCES,
            *(ROOT / "tests").rglob("*.py"),
            *ROOT.glob("*.md"),
            *ROOT.glob("*.yml"),
            *ROOT.glob("*.toml"),
        ]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if any(mark in line for mark in marks)
    ]
    assert found == []


IMPORT_EVERYTHING = """
import importlib, pkgutil, sys, threading
import urllib3  # binds a socket at import to see whether there is IPv6
DEEDS = {"socket.connect", "socket.bind", "subprocess.Popen", "os.mkdir", "os.remove", "os.putenv"}
DEEDS |= {"sqlite3.connect"}
done = []
sys.addaudithook(lambda event, _: done.append(event) if event in DEEDS else None)
for room in map(importlib.import_module, ["bot", "handlers", "storage"]):
    for found in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
print(sorted(set(done)), threading.active_count())
"""


def test_importing_does_nothing(tmp_path: Path) -> None:
    """No file, no connection, no thread, no child process: until somebody calls, nothing happens."""
    run = subprocess.run(
        [sys.executable, "-B", "-c", IMPORT_EVERYTHING],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    assert (run.returncode, run.stdout) == (0, "[] 1\n")
    assert list(tmp_path.iterdir()) == []


def _own_names() -> set[str]:
    """Every name that the product itself defines or sets."""
    nodes = [node for path in SOURCES for node in ast.walk(_tree(path))]
    defined = {
        node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    stored = {
        node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    return (
        defined
        | stored
        | {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    )


def test_private_members_of_libraries_are_listed_with_what_to_look_at() -> None:
    listed = (
        (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Private members of libraries")[2]
    )
    own = _own_names() | {"_exit"}  # os._exit is public in spite of its name
    used = {
        node.attr for path in SOURCES for node in ast.walk(_tree(path)) if isinstance(node, ast.Attribute)
    }
    foreign = {name for name in used - own if name.startswith("_") and not name.startswith("__")}
    assert sorted(name for name in foreign if f".{name}`" not in listed) == []
    for member, where in re.findall(r"^\| .*\.(_\w+)` \| `([^`]+)`", listed, re.MULTILINE):
        assert member in (ROOT / where).read_text(encoding="utf-8"), (member, where)
