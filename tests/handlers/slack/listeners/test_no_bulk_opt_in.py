"""Nothing opts in several tenants at once: whatever sees more than one can only ask to opt out."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from handlers.commands import AskExtension, AskOptIn, Command

ROOT = Path(__file__).parents[4]
SEE_SEVERAL = {"ListenersByTenant", "TenantListeners", "Tenants", "for_tenants", "fleet_of", "FleetRecord"}
"""What hands out more than one tenant: to listeners, to the process, to verbs of the command line."""


def _modules() -> Iterator[tuple[str, set[str]]]:
    """Every module of the product, with the names that stand in it."""
    for room in ("bot", "handlers"):
        for file in sorted((ROOT / room).rglob("*.py")):
            nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
            names = {node.id for node in nodes if isinstance(node, ast.Name)}
            names |= {one.name for node in nodes if isinstance(node, ast.ImportFrom) for one in node.names}
            yield str(file.relative_to(ROOT)), names


def test_whatever_sees_several_tenants_asks_for_nothing_but_opting_out() -> None:
    asked = {command.__name__ for command in get_args(Command)}
    several = {module: names & asked for module, names in _modules() if names & SEE_SEVERAL}
    assert len(several) > 8
    assert {module: names for module, names in several.items() if names} == {
        "handlers/slack/listeners/fleet.py": {"OptOut"}
    }


def test_an_opt_in_is_asked_for_by_one_tenants_form_alone() -> None:
    asks = {AskOptIn.__name__, AskExtension.__name__}
    assert {module for module, names in _modules() if names & asks} == {
        "handlers/commands.py",  # what they are
        "handlers/dispatch.py",  # one tenant's use cases
        "handlers/slack/listeners/clicks_and_submissions.py",  # one tenant's form
    }
