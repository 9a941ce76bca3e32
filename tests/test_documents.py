"""The documents' claims that a test can hold: chart, settings, commands, script, unit, links, lengths."""

import ast
import re
from configparser import ConfigParser
from pathlib import Path

import pytest

from bot.process import END_WITHIN
from bot.settings.model import NAMES
from handlers.slack.listeners.commands import SUBCOMMANDS
from storage.lifecycle import BIRTHS, MOVES

ROOT = Path(__file__).parent.parent


def document(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


README = document("README.md")
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
WIDEST = 160
CMDLET = re.compile(r'"((?:Get|Set|Search)-[A-Z][A-Za-z]+)"')
ARROW = re.compile(r"^  (\S+) --> (\w+): (.+)$", re.MULTILINE)


def test_the_chart_shows_every_move_of_the_lifecycle_and_no_other() -> None:
    drawn = {(before, after): why for before, after, why in ARROW.findall(README) if before != "[*]"}
    assert drawn == {(before.value, after.value): why for (before, after), why in MOVES.items()}


def test_the_chart_shows_every_birth() -> None:
    births = {after for before, after, _ in ARROW.findall(README) if before == "[*]"}
    assert births == {state.value for state in BIRTHS.values()}


def test_every_setting_is_in_the_table_and_no_other() -> None:
    names = {name for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", document("docs/settings.md")) if "_" in name}
    assert names - {"REQUESTS_CA_BUNDLE"} == set(NAMES)


def test_every_subcommand_is_named() -> None:
    commands = README.split("## Commands")[1].split("## The life")[0]
    assert [
        name
        for name in SUBCOMMANDS
        if name != "help" and f"`{name}" not in commands and f"/legacytls {name}" not in commands
    ] == []


def test_the_printed_verifier_is_the_tested_one() -> None:
    printed = next(
        block
        for block in re.findall(r"```python\n(.*?)```", document("docs/audit.md"), re.DOTALL)
        if "hashlib" in block
    )
    tested = (ROOT / "tests" / "offline_verify.py").read_text(encoding="utf-8")
    assert printed.split("seq, head", 1)[1].strip() == tested.split("seq, head", 1)[1].strip()


def test_the_recipe_of_least_privilege_grants_what_the_bot_runs_and_no_entra_role() -> None:
    recipe = document("docs/install.md").split("```powershell\n   New-ManagementRole")[1].split("```")[0]
    granted = {cmdlet for line in re.findall(r"-EnabledCmdlets (\S+)", recipe) for cmdlet in line.split(",")}
    spoken = {
        found
        for file in (ROOT / "bot" / "exchange").glob("*.py")
        for found in CMDLET.findall(file.read_text("utf-8"))
    }
    checked = set(CMDLET.findall((ROOT / "bot" / "checks" / "microsoft.py").read_text("utf-8")))
    assert granted == spoken | checked
    assert "Exchange Administrator" not in recipe


def test_the_shipped_unit_hands_the_certificate_to_its_passing_user_and_waits_for_the_end() -> None:
    """A file that only root may read is closed to ``DynamicUser``: the setting has to name the copy that
    systemd makes."""
    unit = ConfigParser(interpolation=None, delimiters="=", strict=False)
    unit.optionxform = str
    assert "(legacytls@.service)" in document("docs/operate.md")
    unit.read_string(document("docs/legacytls@.service"))
    service = unit["Service"]
    copy, original = service["LoadCredential"].split(":")
    assert service["Environment"] == f"AZURE_CLIENT_CERTIFICATE_PATH=%d/{copy}"
    assert original == f"/etc/{copy}"
    assert service["DynamicUser"] == "yes"
    assert service["WorkingDirectory"] == f"/var/lib/{service['StateDirectory']}"
    assert float(service["TimeoutStopSec"]) > END_WITHIN
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_the_container_is_told_where_its_certificate_is_mounted() -> None:
    run = (ROOT / "Dockerfile").read_text(encoding="utf-8").split("FROM ")[0]
    mounted = re.search(r"-v \S+:(\S+):ro", run)
    assert mounted
    assert f"AZURE_CLIENT_CERTIFICATE_PATH={mounted[1]}" in run


def test_the_readme_is_one_page() -> None:
    assert len(README.splitlines()) <= 110
    assert len(README.encode()) <= 8_192


def test_no_line_is_wider_than_a_screen_outside_a_table() -> None:
    wide = [
        f"{path.name}:{number}"
        for path in DOCUMENTS
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > WIDEST and not line.startswith("|")
    ]
    assert wide == []


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = [
        f"{path.name}: {target}"
        for path in DOCUMENTS
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
        if "://" not in target and not (path.parent / target).exists()
    ]
    assert broken == []


def test_every_test_that_they_name_exists() -> None:
    existing = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    named = {
        found
        for path in DOCUMENTS
        for found in re.findall(r"`(?:tests/)?([\w/]*test_\w+\.py)`", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 20
    assert [name for name in sorted(named) if Path(name).name not in existing] == []


def walked() -> list[tuple[str, str]]:
    """File and function of every hop in the walk of ``enable``: a function belongs to the file named before
    it in its row."""
    found, file = [], ""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    walk = text.split("## `enable` walked, file by file\n")[1].split("\n## ")[0]
    for row in walk.splitlines():
        for name in re.findall(r"`([\w./]+)`", row if row.startswith("|") else ""):
            file = name if name.endswith(".py") else file
            found += [] if name.endswith(".py") else [(file, name)]
    return found


@pytest.mark.parametrize(("file", "name"), walked(), ids=lambda one: one)
def test_each_step_of_the_walk_is_there(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    here = {
        f"{one.name}.{method.name}"
        for one in tree.body
        if isinstance(one, ast.ClassDef)
        for method in _functions(one)
    }
    assert name in here | {function.name for function in _functions(tree)}


def _functions(node: ast.Module | ast.ClassDef) -> list[ast.FunctionDef]:
    return [one for one in node.body if isinstance(one, ast.FunctionDef)]


def test_the_walk_is_counted_and_stays_short() -> None:
    hops, files = len(walked()), len({file for file, _ in walked()})
    assert f"These are {hops} hops in {files} files." in (ROOT / "docs/architecture.md").read_text(
        encoding="utf-8"
    )
    assert hops <= 49
    assert files <= 32
