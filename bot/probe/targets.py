"""Which endpoints are probed, and in which protocol each of them is spoken to first.

Nothing is connected here.
"""

import re
from enum import Enum, auto
from functools import cache
from ipaddress import ip_address
from typing import Final

from bot.exchange.clouds import CLOUDS
from handlers.policy.mail_addresses import as_ascii
from handlers.probe_ports import ProbeTarget

HOW = "write HOST:PORT, such as relay.contoso.com:587 or [2001:db8::25]:465"

MOST: Final = 20
"""Endpoints in the setting: an answer in Slack shows them all."""

_WRITTEN: Final = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:/@\[\]%]+)):(?P<port>[0-9]{1,5})"
)
_NAME: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")


class Opening(Enum):
    """What is said before TLS begins."""

    TLS = auto()
    """Nothing: implicit TLS (RFC 8314)."""
    SMTP = auto()
    """STARTTLS after EHLO (RFC 3207)."""
    POP3 = auto()
    """STLS (RFC 2595)."""
    IMAP = auto()
    """STARTTLS (RFC 9051)."""
    FOUND_OUT = auto()
    """Whatever the greeting is of; implicit TLS where none comes."""


_USUAL: Final = {
    25: Opening.SMTP, 587: Opening.SMTP, 2525: Opening.SMTP, 465: Opening.TLS,
    110: Opening.POP3, 995: Opening.TLS, 143: Opening.IMAP, 993: Opening.TLS,
}  # fmt: skip
"""Ports of the IANA registry (2525: what providers offer beside 587)."""


def opening_of(target: ProbeTarget) -> Opening:
    """Return the protocol that a port is known for; on any other it has to be found out."""
    return _USUAL.get(target.port, Opening.FOUND_OUT)


def target(text: str) -> ProbeTarget:
    """Return one endpoint as people write it: ``HOST:PORT``, an IPv6 address in brackets.

    Raises ``ValueError`` with what to write.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None or not 1 <= int(found["port"]) <= 65535:
        raise ValueError(HOW)
    if found["ipv6"]:
        return ProbeTarget(_ipv6(found["ipv6"]), int(found["port"]))
    host = as_ascii(found["host"].rstrip("."))
    if not _NAME.fullmatch(host):
        raise ValueError(HOW)
    return ProbeTarget(host, int(found["port"]))


def _ipv6(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        raise ValueError(HOW) from None
    return str(address)


def targets(text: str) -> tuple[ProbeTarget, ...]:
    """Several of them, separated by commas, each once. Raises ``ValueError``."""
    found = tuple(dict.fromkeys(target(part) for part in text.split(",") if part.strip()))
    if len(found) > MOST:
        raise ValueError(f"at most {MOST} endpoints")
    return found


@cache
def of_cloud(name: str) -> tuple[ProbeTarget, ...]:
    """List a cloud's legacy hosts on the ports Microsoft names, and the standard SMTP host."""
    found = CLOUDS[name]
    legacy = [
        ProbeTarget(host, port) for host, port in zip(found.cloud.legacy_hosts, (587, 995, 993), strict=False)
    ]
    return (*legacy, ProbeTarget(found.smtp_host, 587))
