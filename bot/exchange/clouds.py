"""Where each of Microsoft's clouds keeps Exchange Online's admin API and its sign-in, and whether it has legacy endpoints.

Facts and the checks of addresses that replace them; no connection is ever made here and nothing heavy is imported.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final
from urllib.parse import SplitResult, urlsplit

from handlers.loopback import is_loopback
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
    """What it takes to call the admin API of one cloud. Addresses are origins: scheme and host, no path, no final slash."""

    cloud: Cloud
    api_url: str
    scope: str
    authority: str

    def at(self, *, api_url: str | None = None, authority_host: str | None = None) -> "Endpoint":
        """The same cloud under other addresses. Raises ``ValueError`` with a sentence.

        The token's scope stays the cloud's own, except between the two hosts that sources give for 21Vianet: there host and
        scope go together.
        """
        api = api_origin(api_url) if api_url else self.api_url
        authority = authority_origin(authority_host) if authority_host else self.authority
        both_chinese = {_host(api), _host(self.api_url)} <= _CHINESE_HOSTS
        return replace(self, api_url=api, authority=authority, scope=f"{api}/.default" if both_chinese else self.scope)


def _cloud(
    name: str, display: str, api_host: str, authority_host: str, *, legacy_domain: str | None = None, powershell: str = ""
) -> Endpoint:
    hosts = tuple(f"{protocol}-legacy.{legacy_domain}" for protocol in ("smtp", "pop", "imap")) if legacy_domain else ()
    api_url = f"https://{api_host}"
    return Endpoint(Cloud(name, display, hosts, powershell), api_url, f"{api_url}/.default", f"https://{authority_host}")


CLOUDS: Final[Mapping[str, Endpoint]] = MappingProxyType(
    {
        endpoint.cloud.name: endpoint
        for endpoint in (
            _cloud("worldwide", "worldwide", "outlook.office365.com", "login.microsoftonline.com", legacy_domain="office365.com"),
            _cloud("gcc", "GCC", "outlook.office365.com", "login.microsoftonline.com"),
            _cloud("gcc-high", "GCC High", "outlook.office365.us", "login.microsoftonline.us", powershell="O365USGovGCCHigh"),
            _cloud("dod", "DoD", "outlook-dod.office365.us", "login.microsoftonline.us", powershell="O365USGovDoD"),
            _cloud(
                "21vianet",
                "21Vianet",
                "partner.outlook.cn",
                "login.partner.microsoftonline.cn",
                legacy_domain="partner.outlook.cn",
                powershell="O365China",
            ),
        )
    }
)
"""By the name used in ``EXCHANGE_CLOUD``.

Hosts and scopes: CISA's ScubaGear and Microsoft's pages on the admin API. The legacy endpoints exist worldwide and at
21Vianet, not in GCC, GCC High and DoD (Microsoft's pages on the legacy TLS endpoint). For 21Vianet the sources disagree
between ``partner.outlook.cn`` and ``outlook.office365.cn``, so its host can be replaced (``Endpoint.at``). Environments of
PowerShell: Microsoft's page on app-only sign-in with its Exchange Online module.
"""


def endpoint(name: str) -> Endpoint:
    """The cloud of that name. Raises ``ValueError`` with a sentence."""
    try:
        return CLOUDS[name.strip().lower()]
    except KeyError:
        raise ValueError(f"There is no cloud named {name!r}; the clouds are {', '.join(CLOUDS)}.") from None


def is_microsoft(authority: str) -> bool:
    """Whether an authority is one of Microsoft's own; for any other, instance discovery has to be off."""
    return _host(authority) in MICROSOFT_AUTHORITIES


def stays_here(origin: str) -> bool:
    """Whether an address stays on this machine."""
    return is_loopback(_host(origin))


def api_origin(address: str) -> str:
    """``scheme://host[:port]`` of an admin API; plain http is for loopback only. Raises ``ValueError`` with a sentence."""
    origin = _origin(address)
    if origin.startswith("http://") and not stays_here(origin):
        raise ValueError("Plain http is accepted for this machine only, because the call carries a token.")
    return origin


def authority_origin(address: str) -> str:
    """``https://host[:port]`` of a sign-in authority; the scheme may be left out. Raises ``ValueError`` with a sentence."""
    origin = _origin(address if "://" in address else f"https://{address}")
    if not origin.startswith("https://"):
        raise ValueError("The sign-in authority has to be reached over https.")
    return origin


def _origin(address: str) -> str:
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        raise ValueError("The address cannot be understood.") from None
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError("The address has to begin with https:// and name a host.")
    if not _is_bare(parts):
        raise ValueError("The address must consist of scheme and host alone, with no path, query or user name.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def _is_bare(parts: SplitResult) -> bool:
    return not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)


def _host(origin: str) -> str:
    return (urlsplit(origin).hostname or "").lower()
