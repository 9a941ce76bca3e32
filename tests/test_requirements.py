"""The pinned requirements install the same files for everybody and say nothing of where they were made."""

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = ["requirements.txt", "requirements-dev.txt"]
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>[0-9][0-9a-z.]*)( ; [^#]+?)?( --hash=sha256:[0-9a-f]{64})+$")


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
    assert re.findall(r"(?im)^.*(?:index|find-links|trusted-host|https?:|file:|git\+|(?:^|\s)\.{0,2}/).*$", text) == []


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
