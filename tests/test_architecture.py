"""The house keeps its shape: imports go down only, rules are pure, files and functions stay small."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("bot", "handlers", "storage")
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))

PURE = (
    "handlers.commands", "handlers.days", "handlers.decided", "handlers.forms", "handlers.identity", "handlers.interaction",
    "handlers.milestones", "handlers.notices", "handlers.policy",
    "handlers.ports", "handlers.slots", "handlers.snoozing", "handlers.votes",
    "storage.canonical", "storage.lifecycle", "storage.records",
)  # fmt: skip
IMPURE = {
    "sqlalchemy", "alembic", "psycopg", "sqlite3", "requests", "urllib3", "urllib", "http", "socket", "ssl", "aiohttp", "msal",
    "slack_bolt", "slack_sdk", "time", "os", "random", "secrets", "threading", "asyncio", "subprocess", "logging", "structlog",
}  # fmt: skip

LONGEST_FILE = 300
LONGEST_FUNCTION = 40

BROAD_EXCEPTS = {
    "bot/cli.py": "the command line's last words are a sentence, not a traceback",
    "bot/worker.py": "one failing duty must not end the others",
    "handlers/delivery.py": "one undeliverable notice must not hold up the rest",
    "handlers/slack/register.py": "whatever a listener runs into, the person is answered",
}
"""The four places where everything is caught, once each: there a failure is recorded and told, everywhere else it is a defect."""


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=_name(path))


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*ROOMS, include_external_packages=True, cache_dir=None)


def test_the_contracts_in_pyproject_are_kept() -> None:
    """Asked in a process of its own: in this one it would switch off every logger there is, for the tests that come after."""
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


def _is_broad(handler: ast.ExceptHandler) -> bool:
    """Tell whether everything is caught and kept; tidying up and raising the same again catches nothing."""
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(one is None or (isinstance(one, ast.Name) and one.id in {"Exception", "BaseException"}) for one in caught)


def test_everything_is_caught_in_four_places_only() -> None:
    broad = [
        _name(path)
        for path in SOURCES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ExceptHandler) and _is_broad(node)
    ]
    assert len(BROAD_EXCEPTS) == 4
    assert len(broad) == len(set(broad)), broad
    assert set(broad) == set(BROAD_EXCEPTS)


def _reads_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
        return node.attr in {"environ", "environb", "getenv", "putenv"}
    return isinstance(node, ast.ImportFrom) and node.module == "os" and any("env" in alias.name for alias in node.names)


def test_the_environment_is_read_in_one_place() -> None:
    """The sandbox builds the environment of the bot that it starts, which is not reading its own."""
    readers = {_name(path) for path in SOURCES for node in ast.walk(_tree(path)) if _reads_environment(node)}
    assert {name for name in readers if not name.startswith("bot/sandbox/")} == {"bot/settings.py", "bot/settings_home.py"}


def test_nothing_is_left_to_be_done_later() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X")
    found = [
        f"{_name(path)}:{number}"
        for path in [*SOURCES, *(ROOT / "tests").rglob("*.py"), *ROOT.glob("*.md"), *ROOT.glob("*.yml"), *ROOT.glob("*.toml")]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if any(mark in line for mark in marks)
    ]
    assert found == []


IMPORT_EVERYTHING = """
import importlib, pkgutil, sys, threading
import urllib3  # binds a socket at import to see whether there is IPv6
DEEDS = {"socket.connect", "socket.bind", "subprocess.Popen", "os.mkdir", "os.remove", "os.putenv", "sqlite3.connect"}
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
