"""The file of several tenants: what it says of each, and every mistake in it with its line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.exchange.auth.credentials import ClientSecret, ManagedIdentity
from bot.from_settings import CredentialsNow
from bot.settings.load import WrongSettings, credential_now, fleet_now, load
from bot.settings.tenants import Fleet, fleet_of

ALL = {
    "SLACK_BOT_TOKEN": "xoxb-1-canary",
    "SLACK_APP_TOKEN": "xapp-1-canary",
    "LEGACYTLS_APPROVERS": "U0ALICE",
    "AZURE_CLIENT_ID": "app-of-the-environment",
    "AZURE_CLIENT_SECRET": "environment-canary",
    "CONTOSO_SECRET": "contoso-canary",
}

TWO = """\
fleet_operators: [U0ALICE, S0FLEET]
defaults:
  approvals_required: 2
  timezone: Europe/Berlin
tenants:
  contoso:
    tenant_id: AAAAAAAA-2222-3333-4444-555555555555
    organization: Contoso.onmicrosoft.com
    channel: C0CONTOSO
    client_id: app-of-contoso
    credential:
      client_secret_env: CONTOSO_SECRET
    approvers: [U0ALICE, U0BOB]
    operators: U0CAROL, S0OPS
    warning: Production
  fabrikam:
    tenant_id: bbbbbbbb-2222-3333-4444-555555555555
    organization: fabrikam.onmicrosoft.com
    channel: C0FABRIKAM
    cloud: gcc
    approvals_required: 1
    timezone: UTC
"""

Written = Callable[..., Path]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Written:
    """Put a file of tenants, and an environment that has everything else, in place."""
    monkeypatch.chdir(tmp_path)

    def put(text: str = TWO, **settings: str) -> Path:
        path = tmp_path / "tenants.yaml"
        path.write_text(text, encoding="utf-8")
        for name, value in (ALL | {"LEGACYTLS_TENANTS": str(path)} | settings).items():
            monkeypatch.setenv(name, value)
        return path

    return put


def _fleet() -> Fleet:
    fleet = fleet_of(load())
    assert fleet is not None
    return fleet


def _refused(*need: str) -> list[str]:
    with pytest.raises(WrongSettings) as refused:
        load(*([set(need)] if need else []))
    return refused.value.lines


def test_each_tenant_has_the_settings_that_it_would_have_alone(written: Written) -> None:
    written()
    fleet = _fleet()
    assert fleet.operators == ("U0ALICE", "S0FLEET")
    assert fleet.aliases == ("contoso", "fabrikam")
    contoso, fabrikam = fleet.tenants
    own, other = contoso.settings, fabrikam.settings
    assert (contoso.tenant_id, own.exchange_organization) == (
        "aaaaaaaa-2222-3333-4444-555555555555",
        "contoso.onmicrosoft.com",
    )
    assert (own.channel, own.azure_client_id, contoso.warning) == (
        "C0CONTOSO",
        "app-of-contoso",
        "Production",
    )
    assert (own.approvers, own.operators, own.approvals_required) == (
        ("U0ALICE", "U0BOB"),
        ("U0CAROL", "S0OPS"),
        2,
    )
    secret = own.credential()
    assert isinstance(secret, ClientSecret)
    assert secret.secret.get_secret_value() == "contoso-canary"
    assert (other.approvers, other.operators) == (("U0ALICE",), ("U0ALICE",))
    assert (other.azure_client_id, other.exchange_cloud, other.approvals_required) == (
        "app-of-the-environment",
        "gcc",
        1,
    )
    assert (other.timezone.key, own.timezone.key, fabrikam.warning) == ("UTC", "Europe/Berlin", "")
    assert (fleet_of(own), own.tenants) == (None, None)


def test_what_is_everybodys_is_held_once_and_who_was_not_changed_is_the_same_when_read_anew(
    written: Written,
) -> None:
    path, settings = written(), load()
    before = fleet_of(settings)
    assert before is not None
    contoso, fabrikam = before.tenants
    assert contoso.common is fabrikam.common
    assert {*fabrikam.own} <= {*contoso.own, "exchange_cloud"}, "only what differs"
    path.write_text(TWO.replace("warning: Production", "warning: Careful"), encoding="utf-8")
    again, unchanged = fleet_now(settings).tenants
    assert (unchanged == fabrikam, again == contoso) == (True, False)


def test_the_secrets_of_every_tenant_are_withheld_and_shown_nowhere(written: Written) -> None:
    written()
    settings = load()
    assert "canary" not in repr(settings) + repr(fleet_of(settings))
    assert {"contoso-canary", "environment-canary"} <= {
        secret.get_secret_value() for secret in settings.secrets()
    }


def test_a_credential_that_was_renewed_is_the_tenants_own(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    written()
    monkeypatch.setenv("CONTOSO_SECRET", "newer-canary")
    for one, expected in zip(_fleet().tenants, ("newer-canary", "environment-canary"), strict=True):
        renewed = credential_now(one.tenant_id)
        assert isinstance(renewed, ClientSecret)
        assert renewed.secret.get_secret_value() == expected


def test_a_credential_of_the_file_takes_the_place_of_the_environments(written: Written) -> None:
    written(TWO.replace("client_secret_env: CONTOSO_SECRET", "managed_identity: true"))
    assert isinstance(_fleet().tenants[0].settings.credential(), ManagedIdentity)


@pytest.mark.parametrize("name", ["AZURE_TENANT_ID", "EXCHANGE_ORGANIZATION", "LEGACYTLS_CHANNEL"])
def test_what_each_tenant_has_of_its_own_may_not_stand_beside_the_file(written: Written, name: str) -> None:
    value = {"LEGACYTLS_CHANNEL": "C0OTHER"}.get(name, "other.onmicrosoft.com")
    written(**{name: value})
    assert _refused() == [
        f"{name}: is set, and so is LEGACYTLS_TENANTS; remove it: each tenant has its own in the file"
    ]


WRONG = [
    ("channel: C0FABRIKAM", "channel: C0CONTOSO", "line 19: channel: the same as that of contoso"),
    ("bbbbbbbb-", "aaaaaaaa-", "line 17: tenant_id: the same as that of contoso"),
    ("fabrikam.onm", "CONTOSO.onm", "line 18: organization: the same as that of contoso"),
    ("  fabrikam:\n", "  contoso:\n", "line 16: contoso is given twice"),
    ("  fabrikam:\n", "  Contoso:\n", "line 16: the alias Contoso differs from contoso by its case alone"),
    ("  fabrikam:\n", "  all:\n", "line 16: all is no alias: it stands for every tenant at the command line"),
    ("  fabrikam:\n", "  fabri kam:\n", "line 16: an alias has letters, digits and . _ -"),
    ("    cloud: gcc\n", "    colour: red\n", "line 20: unknown field colour"),
    ("    channel: C0FABRIKAM\n", "", "line 16: missing: channel"),
    ("    cloud: gcc\n", "    approvers:\n", "line 20: approvers: must not be null"),
    ("cloud: gcc", "approvers: [U1, bob]", "line 20: approvers: write Slack ids of people (U…, W…)"),
    ("cloud: gcc", "cloud: mars", "line 20: cloud: expected one of worldwide"),
    ("channel: C0FABRIKAM", "channel: '#legacy'", "line 19: channel: write the channel's id"),
    ("timezone: Europe/Berlin", "timezone: Mars/Olympus", "line 4: timezone: write an IANA time zone"),
    ("timezone: Europe/Berlin", "channel: C0ALL", "line 4: unknown field channel"),
    ("approvals_required: 2", "approvals_required: none", "line 3: approvals_required: write a whole number"),
    (
        "client_secret_env: CONTOSO_SECRET",
        "client_secret_env: a b",
        "line 12: client_secret_env: write the name of",
    ),
    (
        "client_secret_env: CONTOSO_SECRET",
        "client_secret_env: NOWHERE",
        "line 12: client_secret_env: the environment var",
    ),
    (
        "client_secret_env: CONTOSO_SECRET",
        "certificate_path: no.pem",
        "line 12: certificate_path: names no file",
    ),
    (
        "      client_secret_env: CONTOSO_SECRET\n",
        "      {}\n",
        "line 11: credential: write one of certificate_path",
    ),
    (
        "warning: Production",
        f"warning: {'x' * 101}",
        "line 15: warning: write one line of at most 100 characters",
    ),
    (TWO[TWO.index("tenants:") :], "tenants: {}\n", "line 5: tenants: "),
    (TWO, "tenants: [\n", "line 2: not readable as YAML: "),
]


@pytest.mark.parametrize(("right", "wrong", "told"), WRONG)
def test_a_mistake_is_told_with_its_line(written: Written, right: str, wrong: str, told: str) -> None:
    assert right in TWO
    written(TWO.replace(right, wrong, 1))
    lines = _refused()
    assert any(line.startswith(f"LEGACYTLS_TENANTS: {told}") for line in lines), lines


def test_every_mistake_is_told_at_once_and_no_value_is_repeated(written: Written) -> None:
    text = (
        TWO.replace("C0FABRIKAM", "C0CONTOSO")
        .replace("cloud: gcc", "colour: canary")
        .replace("Europe/Berlin", "canary")
    )
    written(text.replace("CONTOSO_SECRET", "NOWHERE"), LEGACYTLS_OBSERVE_EVERY="often")
    lines = _refused()
    assert [line.split(":")[1].strip() for line in lines if line.startswith("LEGACYTLS_TENANTS")] == [
        "line 4",
        "line 12",
        "line 19",
        "line 20",
    ]
    assert any(line.startswith("LEGACYTLS_OBSERVE_EVERY") for line in lines)
    assert "canary" not in "".join(lines)


def test_a_verb_that_signs_in_nowhere_needs_no_credential(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(TWO.replace("CONTOSO_SECRET", "NOWHERE"))
    monkeypatch.delenv("AZURE_CLIENT_SECRET")
    monkeypatch.delenv("LEGACYTLS_APPROVERS")
    assert load({"database"}).fleet is not None
    assert _refused() == [
        "LEGACYTLS_TENANTS: line 12: client_secret_env: the environment variable that it names is not set",
        (
            "LEGACYTLS_TENANTS: line 16: fabrikam has no approvers (or LEGACYTLS_APPROVERS), no credential "
            "(or one set)"
        ),
    ]


def test_a_file_that_cannot_be_read_is_one_line(written: Written, tmp_path: Path) -> None:
    written(LEGACYTLS_TENANTS=str(tmp_path / "nowhere.yaml"))
    assert _refused() == [
        "LEGACYTLS_TENANTS: cannot be read; write the path of a text file in UTF-8 that this account may read"
    ]


def test_a_variable_that_the_file_names_is_no_unknown_setting(written: Written) -> None:
    written(TWO.replace("CONTOSO_SECRET", "LEGACYTLS_CONTOSO"), LEGACYTLS_CONTOSO="canary")
    assert load().warnings == []


def test_settings_are_read_once_for_all_tenants_that_ask_within_half_a_minute(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    written()
    tenants, now = _fleet().tenants, [0.0]
    monkeypatch.setattr("bot.from_settings.monotonic", lambda: now[0])
    credentials = CredentialsNow()
    assert all(credentials.of(one.tenant_id) is not None for one in tenants)
    monkeypatch.setenv("CONTOSO_SECRET", "newer-canary")
    assert credentials.of(tenants[0].tenant_id) != credential_now(tenants[0].tenant_id)
    now[0] += 31
    assert credentials.of(tenants[0].tenant_id) == credential_now(tenants[0].tenant_id)
