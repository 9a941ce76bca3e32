"""Describe what a probe of an endpoint finds, and declare the port that asks for one. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class TlsVersion(StrEnum):
    """A version of TLS, as people and ``probe --json`` write it."""

    TLS10 = "1.0"
    TLS11 = "1.1"
    TLS12 = "1.2"
    TLS13 = "1.3"


class ProbeOutcome(StrEnum):
    """What one endpoint does with one TLS version, as far as this machine can tell."""

    ACCEPTED = "accepted"
    """The handshake was completed in this version."""
    REFUSED = "refused"
    """The endpoint answered that it does not take this version."""
    NOT_TESTABLE = "not testable here"
    """This machine's OpenSSL cannot speak the version: nothing is known of the endpoint."""
    UNREACHABLE = "unreachable"
    """No connection came about: the name, the network or a firewall is in the way."""
    UNKNOWN = "unknown"
    """It was reached, and what it did proves neither."""


@dataclass(frozen=True, slots=True, order=True)
class ProbeTarget:
    """Where something listens: a host name or an address (IPv6 without brackets), and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        """As people write it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """Hold what an endpoint does with one TLS version; ``detail`` never quotes the endpoint."""

    target: ProbeTarget
    tls: TlsVersion
    outcome: ProbeOutcome
    detail: str


Probe = Callable[[], list[ProbeRow]]
"""Probes the endpoints that the operator's settings name, every version of each; takes up to half a minute
and raises nothing."""
