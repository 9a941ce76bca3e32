"""The set-up script is PowerShell, makes what the step-by-step way makes, and takes away what it made. It is
run on no tenant."""

import re
from pathlib import Path

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

ROOT = Path(__file__).parent.parent
SCRIPT = (ROOT / "docs" / "setup.ps1").read_text(encoding="utf-8")
BY_HAND = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
POWERSHELL = Parser(Language(tree_sitter_powershell.language()))


def nodes(node: Node) -> list[Node]:
    return [node, *(found for child in node.children for found in nodes(child))]


def test_it_is_powershell() -> None:
    wrong = [
        node.start_point
        for node in nodes(POWERSHELL.parse(SCRIPT.encode()).root_node)
        if node.is_error or node.is_missing
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "broken", [SCRIPT.replace("function Get-App {", "function Get-App {{", 1), SCRIPT + "if ($x {"]
)
def test_the_grammar_finds_a_mistake(broken: str) -> None:
    assert POWERSHELL.parse(broken.encode()).root_node.has_error


def granted(text: str) -> set[str]:
    return set(
        re.findall(
            r"(?:Get|Set|Search)-(?:TransportConfig|AcceptedDomain|CASMailbox|User|\w*Audit\w+)\b", text
        )
    )


def test_it_grants_the_cmdlets_of_the_step_by_step_way_and_no_other() -> None:
    recipe = BY_HAND.split("```powershell\n   New-ManagementRole")[1].split("```")[0]
    assert granted(SCRIPT.split("#>")[1]) == granted(recipe)
    parameters = re.search(r"-Parameters (\S+)", recipe)
    assert parameters
    assert re.findall(r"'(\w+)'", SCRIPT.split("$Parameters = ")[1].split("\n")[0]) == parameters[1].split(
        ","
    )


def test_whatever_changes_something_can_be_shown_first() -> None:
    """``-WhatIf`` makes nothing: each cmdlet that changes something stands behind ``ShouldProcess`` in its
    own function."""
    changing = re.compile(
        r"^\s+(?:\$\w+ = )?(?:\$null = )?((?:New|Set|Add|Remove|Update)-(?!App\b|Object|Mg\w+Context)\w+)",
        re.MULTILINE,
    )
    functions = re.split(r"^function ", SCRIPT, flags=re.MULTILINE)[1:]
    bare = [
        (function.split("{")[0].split("(")[0].strip(), changing.findall(function))
        for function in functions
        if changing.search(function.split("\n}\n")[0]) and "ShouldProcess" not in function.split("\n}\n")[0]
    ]
    # called behind ShouldProcess, at the end of the script
    assert bare == [("New-App", ["New-MgApplication"])]
    assert SCRIPT.index("ShouldProcess($Name, 'register the app") < SCRIPT.rindex("New-App")


def test_what_it_makes_it_can_take_away() -> None:
    made = set(re.findall(r"New-(MgApplication|ServicePrincipal|RoleGroup|ManagementRole)\b", SCRIPT))
    assert (
        set(re.findall(r"Remove-(MgApplication|ServicePrincipal|RoleGroup|ManagementRole)\b", SCRIPT)) == made
    )
    assert len(made) == 4
