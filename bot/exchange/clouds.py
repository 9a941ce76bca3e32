"""List where each of Microsoft's clouds has its admin API and sign-in, and whether legacy endpoints.

Facts; no connection is ever made here and nothing heavy is imported. ``bot.settings.value_parsers`` judges
which addresses may replace them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from handlers.context.web_addresses import taken_apart
from handlers.ports import Cloud

MICROSOFT_AUTHORITIES: Final = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoft.com",
        "login.windows.net",
        "sts.windows.net",
        "login.microsoftonline.us",
        "login-us.microsoftonline.com",
        "login.usgovcloudapi.net",
        "login.partner.microsoftonline.cn",
        "login.chinacloudapi.cn",
    }
)
"""Hosts that MSAL knows as Microsoft's (``msal.authority.WELL_KNOWN_AUTHORITY_HOSTS``)."""

_CHINESE_HOSTS: Final = frozenset({"partner.outlook.cn", "outlook.office365.cn"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What it takes to call the admin API of one cloud.

    Addresses are origins: scheme and host, no path, no final slash.
    """

    cloud: Cloud
    api_url: str
    scope: str
    authority: str
    smtp_host: str
    """The standard host for SMTP AUTH, beside the legacy one."""

    def at(self, *, api_url: str | None = None, authority_host: str | None = None) -> "Endpoint":
        """Return the same cloud under other addresses.

        The token's scope stays the cloud's own, except between the two hosts that sources give for 21Vianet:
        there host and scope go together.
        """
        api, authority = api_url or self.api_url, authority_host or self.authority
        both_chinese = {_host(api), _host(self.api_url)} <= _CHINESE_HOSTS
        return replace(
            self, api_url=api, authority=authority, scope=f"{api}/.default" if both_chinese else self.scope
        )


def _cloud(
    name: str,
    display: str,
    api_host: str,
    authority_host: str,
    smtp_host: str,
    *,
    legacy_domain: str | None = None,
    powershell: str = "",
) -> Endpoint:
    hosts = (
        tuple(f"{protocol}-legacy.{legacy_domain}" for protocol in ("smtp", "pop", "imap"))
        if legacy_domain
        else ()
    )
    api_url = f"https://{api_host}"
    cloud = Cloud(name, display, hosts, powershell)
    return Endpoint(cloud, api_url, f"{api_url}/.default", f"https://{authority_host}", smtp_host)


CLOUDS: Final[Mapping[str, Endpoint]] = MappingProxyType(
    {
        endpoint.cloud.name: endpoint
        for endpoint in (
            _cloud(
                "worldwide",
                "worldwide",
                "outlook.office365.com",
                "login.microsoftonline.com",
                "smtp.office365.com",
                legacy_domain="office365.com",
            ),
            _cloud("gcc", "GCC", "outlook.office365.com", "login.microsoftonline.com", "smtp.office365.com"),
            _cloud(
                "gcc-high",
                "GCC High",
                "outlook.office365.us",
                "login.microsoftonline.us",
                "smtp.office365.us",
                powershell="O365USGovGCCHigh",
            ),
            _cloud(
                "dod",
                "DoD",
                "outlook-dod.office365.us",
                "login.microsoftonline.us",
                "outlook-dod.office365.us",
                powershell="O365USGovDoD",
            ),
            _cloud(
                "21vianet",
                "21Vianet",
                "partner.outlook.cn",
                "login.partner.microsoftonline.cn",
                "smtp.partner.outlook.cn",
                legacy_domain="partner.outlook.cn",
                powershell="O365China",
            ),
        )
    }
)
"""By the name used in ``EXCHANGE_CLOUD``.

Hosts and scopes: CISA's ScubaGear and Microsoft's pages on the admin API. The legacy endpoints exist
worldwide and at 21Vianet, not in GCC, GCC High and DoD (Microsoft's pages on the legacy TLS endpoint). For
21Vianet the sources disagree between ``partner.outlook.cn`` and ``outlook.office365.cn``, so its host can be
replaced (``Endpoint.at``). Environments of PowerShell: Microsoft's page on app-only sign-in with its Exchange
Online module.
"""


def is_microsoft(authority: str) -> bool:
    """Whether an authority is one of Microsoft's own; for any other, instance discovery has to be off."""
    return _host(authority) in MICROSOFT_AUTHORITIES


def stays_here(url: str) -> bool:
    """Tell whether an address stays on this machine; one that cannot be taken apart does not."""
    try:
        return taken_apart(url).stays_here
    except ValueError:
        return False


def _host(origin: str) -> str:
    return taken_apart(origin).host
