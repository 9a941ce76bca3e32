"""Where each cloud lives, and what follows when another address takes its place."""

import json
import subprocess
import sys
from pathlib import Path

import msal.authority
import pytest

from bot.exchange.clouds import CLOUDS, MICROSOFT_AUTHORITIES, is_microsoft, stays_here
from handlers.slack.listeners.commands import SUBCOMMANDS
from handlers.slack.views.help_and_history import help_text


@pytest.mark.parametrize(
    ("name", "api", "authority"),
    [
        ("worldwide", "https://outlook.office365.com", "https://login.microsoftonline.com"),
        ("gcc", "https://outlook.office365.com", "https://login.microsoftonline.com"),
        ("gcc-high", "https://outlook.office365.us", "https://login.microsoftonline.us"),
        ("dod", "https://outlook-dod.office365.us", "https://login.microsoftonline.us"),
        ("21vianet", "https://partner.outlook.cn", "https://login.partner.microsoftonline.cn"),
    ],
)
def test_each_cloud_has_its_host_scope_and_authority(name: str, api: str, authority: str) -> None:
    place = CLOUDS[name]
    assert (place.api_url, place.scope, place.authority) == (api, f"{api}/.default", authority)
    assert place.cloud.name == name
    assert is_microsoft(place.authority)


def test_only_worldwide_and_21vianet_offer_legacy_endpoints() -> None:
    offers = {name: place.cloud.legacy_hosts for name, place in CLOUDS.items() if place.cloud.offers_legacy}
    assert offers == {
        "worldwide": ("smtp-legacy.office365.com", "pop-legacy.office365.com", "imap-legacy.office365.com"),
        "21vianet": (
            "smtp-legacy.partner.outlook.cn",
            "pop-legacy.partner.outlook.cn",
            "imap-legacy.partner.outlook.cn",
        ),
    }


@pytest.mark.parametrize(
    ("name", "connect"),
    [
        ("worldwide", "Connect-ExchangeOnline\n"),
        ("gcc", "Connect-ExchangeOnline\n"),
        ("gcc-high", "Connect-ExchangeOnline -ExchangeEnvironmentName O365USGovGCCHigh\n"),
        ("dod", "Connect-ExchangeOnline -ExchangeEnvironmentName O365USGovDoD\n"),
        ("21vianet", "Connect-ExchangeOnline -ExchangeEnvironmentName O365China\n"),
    ],
)
def test_opting_out_by_hand_begins_in_the_cloud_s_own_environment(name: str, connect: str) -> None:
    """Without its name the module signs in to the worldwide cloud, and nobody gets in."""
    told = json.dumps(
        help_text(CLOUDS[name].cloud, SUBCOMMANDS).arguments()["blocks"],
        default=lambda block: block.to_dict(),
    )
    assert f"```{connect}Set-TransportConfig -AllowLegacyTLSClients $false".replace("\n", "\\n") in told


def test_the_way_by_hand_names_every_environment() -> None:
    operate = (Path(__file__).parents[3] / "docs" / "operate.md").read_text(encoding="utf-8")
    by_hand = operate.split("opt out by hand")[1].split("## ")[0]
    assert [place.cloud.name for place in CLOUDS.values() if place.cloud.powershell not in by_hand] == []


def test_the_host_of_21vianet_can_be_replaced_and_the_scope_follows() -> None:
    place = CLOUDS["21vianet"].at(api_url="https://outlook.office365.cn")
    assert (place.api_url, place.scope) == (
        "https://outlook.office365.cn",
        "https://outlook.office365.cn/.default",
    )


def test_a_stand_in_on_loopback_keeps_the_scope_of_its_cloud() -> None:
    place = CLOUDS["worldwide"].at(api_url="http://127.0.0.1:8642", authority_host="https://localhost:9443")
    assert place.scope == "https://outlook.office365.com/.default"
    assert (place.api_url, place.authority) == ("http://127.0.0.1:8642", "https://localhost:9443")
    assert not is_microsoft(place.authority)


@pytest.mark.parametrize(
    ("origin", "loopback"), [("http://127.0.0.1.example.com", False), ("http://localhost", True)]
)
def test_a_name_that_merely_looks_like_loopback_is_none(origin: str, *, loopback: bool) -> None:
    assert stays_here(origin) is loopback


def test_msal_knows_every_authority_that_counts_as_microsofts() -> None:
    assert MICROSOFT_AUTHORITIES <= msal.authority.WELL_KNOWN_AUTHORITY_HOSTS


def test_naming_a_cloud_or_a_credential_imports_nothing_heavy() -> None:
    code = (
        "import sys, bot.exchange.clouds, bot.exchange.auth.credentials, bot.exchange.auth.tokens; "
        "print(sorted({'msal', 'requests', 'cryptography', 'urllib3'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
