"""The command line with several tenants: which is meant, and all of them at once where a verb reads."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cli import main
from storage.engine import Database
from storage.ledger import Ledger
from storage.migrate import upgrade
from tests.bot.settings.test_tenants import ALL, TWO
from tests.sentences import says

CONTOSO, FABRIKAM = "aaaaaaaa-2222-3333-4444-555555555555", "bbbbbbbb-2222-3333-4444-555555555555"
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)

Said = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which one tenant has something on record."""
    file = tmp_path_factory.mktemp("several") / "bot.db"
    upgrade(f"sqlite:///{file}")
    database = Database(f"sqlite:///{file}")
    with Ledger(database, CONTOSO).recording(NOW) as entry:
        entry.record("refused", "U0DAVE", {"what": "export"})
    database.close()
    return file


@pytest.fixture
def said(
    recorded: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> Said:
    """Run a verb with two tenants, of which one has something on record; returns its code and what it
    printed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tenants.yaml").write_text(TWO)
    shutil.copy(recorded, tmp_path / "bot.db")
    for name, value in (
        ALL | {"LEGACYTLS_TENANTS": "tenants.yaml", "DATABASE_URL": "sqlite:///bot.db"}
    ).items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        printed = capfd.readouterr()
        return code, printed.out, printed.err

    return run


READING = ("history", "devices", "verify", "export", "calendar")


@pytest.mark.parametrize("verb", [*READING, "status", "check", "evidence"])
def test_without_a_tenant_the_aliases_are_named(said: Said, verb: str) -> None:
    more = ("--from", "2026-11-01", "--to", "2026-11-02", "--output", "x.zip") if verb == "evidence" else ()
    code, out, err = said(verb, *more)
    assert (code, out) == (2, "")
    assert says("contoso_fabrikam") in err


@pytest.mark.parametrize("verb", READING)
def test_a_tenant_is_named_before_or_after_the_verb_and_only_that_is_shown(said: Said, verb: str) -> None:
    before, after = said("--tenant", "contoso", verb), said(verb, "--tenant", "CONTOSO")
    assert before == after
    assert before[0] == 0
    assert "fabrikam" not in before[1]
    assert FABRIKAM not in before[1]


def test_a_name_that_is_none_is_answered_with_the_nearest(said: Said) -> None:
    code, out, err = said("history", "--tenant", "contso")
    assert (code, out) == (2, "")
    assert says("the_nearest_is_contoso") in err


@pytest.mark.parametrize("verb", ["history", "devices", "calendar"])
def test_all_of_them_are_a_mapping_by_alias_for_machines(said: Said, verb: str) -> None:
    code, out, err = said(verb, "--tenant", "all", "--json")
    found = json.loads(out)
    assert code == 0
    assert list(found) == ["contoso", "fabrikam"]
    assert found["fabrikam"] == json.loads(said(verb, "--tenant", "fabrikam", "--json")[1])
    assert says("2_of_2") in err


def test_one_that_fails_stops_no_other_and_is_told_with_its_name(said: Said) -> None:
    code, out, _ = said("verify", "--tenant", "all", "--json")
    found = json.loads(out)
    assert code == 1
    assert found["contoso"]["ok"] is True
    assert says("nothing_is_on_record") in found["fabrikam"]["error"]
    text = said("verify", "--tenant", "all")[1]
    assert text.index("== contoso ==") < text.index("The record is sound") < text.index("== fabrikam ==")


def test_the_records_of_all_follow_each_other_and_each_event_names_its_tenant(said: Said) -> None:
    code, out, err = said("--tenant", "all", "export")
    assert code == 1
    assert [json.loads(line)["tenant"] for line in out.splitlines()] == [CONTOSO]
    assert says("nothing_is_on_record_of_tenant_fabrikam", fabrikam=FABRIKAM) in err


def test_the_evidence_of_all_is_a_file_each_and_what_is_there_is_not_written_again(
    said: Said, tmp_path: Path
) -> None:
    call = (
        "evidence",
        "--tenant",
        "all",
        "--from",
        "2026-11-01",
        "--to",
        "2026-11-02",
        "--output",
        "packs",
        "--no-names",
    )
    said(*call)
    assert [path.name for path in (tmp_path / "packs").iterdir()] == ["contoso.zip"]
    assert says("contoso_zip_is_there_already") in said(*call)[1]
    (tmp_path / "file").write_text("")
    code, _, err = said(*call[:-2], "file")
    assert code == 2
    assert says("is_a_file") in err


def test_a_period_that_is_none_is_told_once_and_makes_no_folder(said: Said, tmp_path: Path) -> None:
    days = ("--from", "2026-11-02", "--to", "2026-11-01")
    code, out, err = said("evidence", "--tenant", "all", *days, "--output", "packs", "--no-names")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "packs").exists()


def test_a_folder_that_cannot_be_written_to_is_told_once(
    said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write everywhere, so the system's answer is played."""
    (tmp_path / "packs").mkdir()
    monkeypatch.setattr("os.access", lambda *_: False)
    days = ("--from", "2026-11-01", "--to", "2026-11-02")
    code, out, err = said("evidence", "--tenant", "all", *days, "--output", "packs", "--no-names")
    assert (code, out) == (2, "")
    assert err.count("permission denied") == len(err.splitlines()) == 1


def test_what_one_of_them_says_to_standard_error_stands_in_its_section(said: Said, tmp_path: Path) -> None:
    """A folder stands where the pack of one is to be written."""
    (tmp_path / "packs" / "contoso.zip").mkdir(parents=True)
    days = ("--from", "2026-11-01", "--to", "2026-11-02")
    call = ("evidence", "--tenant", "all", *days, "--output", "packs", "--no-names", "--force")
    code, out, err = said(*call)
    assert code == 2
    assert says("is_a_folder_name_a_file_in_it") in out[: out.index("== fabrikam ==")]
    assert says("2_of_2") in err
    assert says("is_a_folder_name_a_file_in_it") not in err


def test_what_is_of_one_tenant_says_so_and_a_mistake_names_the_first_aliases(
    said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = said("onboard", "all")
    assert (code, out) == (2, "")
    assert says("of_one_tenant_at_a_time") in err
    many = "".join(
        f"  t{number}:\n    tenant_id: {number:08}-2222-3333-4444-555555555555\n"
        f"    organization: t{number}.onmicrosoft.com\n    channel: C{number:08}\n"
        for number in range(100)
    )
    Path("tenants.yaml").write_text(f"tenants:\n{many}")
    code, _, err = said("onboard", "contoso")
    assert code == 2
    assert says("t19_and_80_more") in err
    Path("tenants.yaml").write_text("tenants: {}\n")
    assert says("name_at_least_one_tenant") in said("onboard", "contoso")[2]
    monkeypatch.delenv("LEGACYTLS_TENANTS")
    monkeypatch.setenv("AZURE_TENANT_ID", CONTOSO)
    code, _, err = said("onboard", "contoso")
    assert code == 2
    assert says("set_it_to_the_path_of_the_file") in err


@pytest.mark.parametrize(
    "call",
    [
        ("devices", "import", "report.csv"),
        ("devices", "--csv"),
        ("verify", "--accept-restore"),
        ("verify", "--witness", f"1:{'a' * 64}"),
        ("calendar", "--ics"),
        ("export", "--format", "csv"),
    ],
)
def test_what_is_of_one_tenant_is_not_done_for_all(said: Said, call: tuple[str, ...]) -> None:
    code, out, err = said(*call, "--tenant", "all")
    assert (code, out) == (2, "")
    assert says("of_one_tenant_name_one_with_tenant") in err


def test_a_tenant_is_refused_where_there_is_one_or_the_verb_is_of_none(
    said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit) as ended:
        said("--tenant", "contoso", "migrate")
    assert ended.value.code == 2
    monkeypatch.delenv("LEGACYTLS_TENANTS")
    monkeypatch.setenv("AZURE_TENANT_ID", CONTOSO)
    code, _, err = said("history", "--tenant", "contoso")
    assert code == 2
    assert says("leave_tenant_out") in err
    assert said("history")[0] == 0


def test_what_an_administrator_has_to_do_has_the_ids_filled_in(said: Said) -> None:
    code, out, _ = said("onboard", "contoso")
    assert code == 0
    assert f"https://login.microsoftonline.com/{CONTOSO}/adminconsent?client_id=app-of-contoso\n" in out
    assert says("connect_exchangeonline_organization_contoso_onmicrosoft_com_showbanner") in out
    assert says("new_serviceprincipal_appid_app_of_contoso_objectid") in out
    assert "canary" not in out
    assert said("onboard", "nobody")[0] == 2
