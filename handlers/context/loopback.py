"""Which hosts are this machine: plain http and ws are for them alone, and no proxy is asked for them."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Tell whether a host, as ``urlsplit(...).hostname`` gives it, is ``localhost`` or loopback."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
