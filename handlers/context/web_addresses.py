"""Take web addresses apart in one way, for who judges where something goes and who connects.

Parsers disagree about backslashes, percent signs and at signs in a host, so the one here is that of
``urllib3``, which also connects; what no host name holds is refused; and what is dialled is put together
again from the parts that were judged. Also tells which hosts are this machine, where plain http and ws are
allowed and no proxy is asked, and which addresses are public.
"""

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin


def is_loopback(host: str) -> bool:
    """Tell whether a host, as ``urlsplit(...).hostname`` gives it, is ``localhost`` or loopback."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_TEXT: Final = re.compile(r"[!-\[\]-~]+")
"""Printable ASCII without the backslash, which some parsers take for a slash (url.spec.whatwg.org) and others
for a character."""

_MORE_THAN_A_HOST: Final = re.compile(r"[a-z0-9+.-]*:?//[^/?#]*[%@]", re.IGNORECASE)
"""A name or password, empty ones too; and a percent sign, behind which ``urllib3`` decodes and others do
not."""

_LABEL: Final = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
"""A host name (RFC 1123), and the underscore that some internal names hold."""

_USUAL_PORTS: Final = {"http": 80, "ws": 80, "https": 443, "wss": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """A web address in its parts; ``str`` puts them together again.

    Only the origin is shown: a path may be a secret.
    """

    scheme: str
    host: str
    """In small letters; an IPv6 address without its brackets."""
    port: int
    target: str = field(repr=False)
    """Path and query, as they are sent."""

    @property
    def origin(self) -> str:
        """Scheme, host and port, where that is not the scheme's usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (
            f"{self.scheme}://{host}"
            if self.port == _USUAL_PORTS[self.scheme]
            else f"{self.scheme}://{host}:{self.port}"
        )

    @property
    def stays_here(self) -> bool:
        """Whether it leads to this machine."""
        return is_loopback(self.host)

    @property
    def encrypted(self) -> bool:
        """Whether TLS guards what is sent."""
        return self.scheme in {"https", "wss"}

    def below(self, domains: Collection[str]) -> bool:
        """Tell whether the host is one of these names or a name below one of them."""
        return any(self.host == domain or self.host.endswith(f".{domain}") for domain in domains)

    def __str__(self) -> str:
        return self.origin + self.target


def taken_apart(text: str) -> Address:
    """Take an http, https, ws or wss address apart. Raises ``ValueError``, which never repeats the text.

    A name or a password in it is refused, and so is every character that has no place in a host name; a
    fragment is dropped.
    """
    from urllib3.util import parse_url  # noqa: PLC0415 - a tenth of a second, which checking settings without addresses saves

    refused = ValueError("this is no plain web address")
    if not _TEXT.fullmatch(text) or _MORE_THAN_A_HOST.match(text):
        raise refused
    try:
        url = parse_url(text)
    except ValueError:  # urllib3's LocationParseError
        raise refused from None
    scheme, host = (url.scheme or "").lower(), (url.host or "").lower()
    if scheme not in _USUAL_PORTS or url.auth is not None:
        raise refused
    if host.startswith("["):
        host = host[1:-1]
    if not (_is_ipv6(host) or _NAME.fullmatch(host)):
        raise refused
    query = f"?{url.query}" if url.query is not None else ""
    return Address(
        scheme, host, _USUAL_PORTS[scheme] if url.port is None else url.port, (url.path or "/") + query
    )


def onward(here: Address, location: str) -> Address:
    """Return where a ``Location`` that ``here`` answered points, relative or not. Raises ``ValueError``."""
    if not _TEXT.fullmatch(location):
        raise ValueError("this is no plain web address")
    return taken_apart(urljoin(str(here), location))


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return "%" not in host


_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All that is assigned for the public internet (IANA, IPv6 address space); every other range serves something
else."""

_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""What NAT64 sends on to the IPv4 address in the last 32 bits (RFC 6052)."""


def is_public(text: str) -> bool:
    """Tell whether an IP address, as a resolver spells it, is of the public internet; what is none is not.

    Private, link-local, shared, multicast and unspecified addresses are not (IANA's special-purpose
    registries). An IPv4 address within an IPv6 one is judged by itself.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = _ipv4_within(address)
        if inner is None:
            return address.is_global and address in _GLOBAL_UNICAST
        address = inner
    return address.is_global and not address.is_multicast


def may_be_dialled(host: str, address: str) -> bool:
    """Tell whether an address that ``host`` leads to is public, or loopback that was named as such."""
    return is_public(address) or (is_loopback(host) and is_loopback(address))


def _ipv4_within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
