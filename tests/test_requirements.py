"""The pinned requirements install the same files for everybody and say nothing of where they were made."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = ["requirements.txt", "requirements-dev.txt"]
PIN = re.compile(
    r"^(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>[0-9][0-9a-z.]*)( ; [^#]+?)?( --hash=sha256:[0-9a-f]{64})+$"
)


def _requirements(file: str) -> list[str]:
    """Return logical lines: continued lines joined, comments and blank lines left out."""
    text = (ROOT / file).read_text(encoding="utf-8")
    lines = re.sub(r"\s*\\\n\s*", " ", text).splitlines()
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _pins(file: str) -> dict[str, str]:
    return {found["name"]: found["version"] for line in _requirements(file) if (found := PIN.match(line))}


def _canonical(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name
    return re.sub(r"[-_.]+", "-", name[0]).lower()


@pytest.mark.parametrize("file", FILES)
def test_every_requirement_is_one_exact_version_with_hashes(file: str) -> None:
    lines = _requirements(file)
    assert lines
    assert [line[:80] for line in lines if not PIN.match(line)] == []


@pytest.mark.parametrize("file", FILES)
def test_no_address_index_or_path_is_written_down(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert (
        re.findall(r"(?im)^.*(?:index|find-links|trusted-host|https?:|file:|git\+|(?:^|\s)\.{0,2}/).*$", text)
        == []
    )


def test_the_order_is_the_alphabets_so_that_changes_read_well() -> None:
    for file in FILES:
        assert [pair for pair in pairwise(_pins(file)) if pair[0] >= pair[1]] == []


def test_testing_uses_the_versions_that_run() -> None:
    run, test = (_pins(file) for file in FILES)
    assert {name: version for name, version in run.items() if test.get(name) != version} == {}


def test_every_direct_dependency_is_pinned_the_build_backend_included() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*declared["project"]["dependencies"], *declared["build-system"]["requires"]]
    run, test = (_pins(file) for file in FILES)
    assert [name for name in map(_canonical, wanted) if name not in run] == []
    assert [name for name in map(_canonical, declared["dependency-groups"]["dev"]) if name not in test] == []


ROOMS = ("bot", "handlers", "storage")
UNSPOKEN = {
    "psycopg": "SQLAlchemy loads the driver that the database's address names",
    "tzdata": "zoneinfo reads it where the system has no time zones",
}
"""What is needed without being imported by name, and by whom."""


def _imported(*folders: str) -> set[str]:
    """The top-level names of everything that the sources in these folders import from others."""
    trees = [
        ast.parse(path.read_text(encoding="utf-8"))
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    parts = [
        node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level
    ]
    return {name.partition(".")[0] for name in plain + parts} - sys.stdlib_module_names - {*ROOMS, "tests"}


def _distributions(names: set[str]) -> set[str]:
    known = packages_distributions()
    return {_canonical(known[name][0]) for name in names}


def test_what_the_product_imports_is_declared_and_what_is_declared_is_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {_canonical(requirement) for requirement in project["dependencies"]}
    imported = _distributions(_imported(*ROOMS))
    assert imported - declared == set()
    assert declared - imported <= set(UNSPOKEN)


def test_what_the_tests_import_is_declared_too() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*declared["project"]["dependencies"], *declared["dependency-groups"]["dev"]]
    assert _distributions(_imported("tests")) - {_canonical(requirement) for requirement in wanted} == set()
