"""Tell public addresses from those of somebody's own network and of this machine."""

import ipaddress
from typing import Final

from handlers.context.loopback import is_loopback

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
