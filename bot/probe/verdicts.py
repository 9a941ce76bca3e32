"""Judge the handshakes with one endpoint: outcomes and words from numbers on the wire. Pure.

An end that does not say that the version was the matter proves nothing by itself: it is a refusal only where
the endpoint completes a handshake in another version in the same run.
"""

from collections.abc import Mapping
from typing import Final

from bot.probe.handshake import NUMBERS, SSL3, End, Seen
from handlers.probe_ports import ProbeOutcome, TlsVersion

Verdict = tuple[ProbeOutcome, str]

PROTOCOL_VERSION: Final = 70
ALERTS: Final = {
    40: "handshake_failure", 47: "illegal_parameter", 50: "decode_error",
    PROTOCOL_VERSION: "protocol_version", 71: "insufficient_security", 80: "internal_error",
    112: "unrecognized_name", 116: "certificate_required",
}  # fmt: skip
"""RFC 8446, 6; any other is told by its number."""

MODERN: Final = frozenset({TlsVersion.TLS12, TlsVersion.TLS13})

OURS: Final = frozenset(
    {
        "BAD_VALUE", "CA_MD_TOO_WEAK", "DH_KEY_TOO_SMALL", "EE_KEY_TOO_SMALL",
        "LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED", "NO_CIPHERS_AVAILABLE", "NO_PROTOCOLS_AVAILABLE",
        "NO_SUITABLE_SIGNATURE_ALGORITHM", "UNSUPPORTED_PROTOCOL", "UNSAFE_LEGACY_RENEGOTIATION_DISABLED",
    }
)  # fmt: skip
"""Reasons of OpenSSL's (``sslerr.h``) that tell of this machine's own limits, not of the endpoint."""


def judge(seen: Mapping[TlsVersion, Seen]) -> dict[TlsVersion, Verdict]:
    """Return the outcome of each handshake, in the light of the others with the same endpoint."""
    taken = frozenset(version for version, one in seen.items() if one.end is End.COMPLETE)
    return {version: _one(version, one, taken) for version, one in seen.items()}


def _one(version: TlsVersion, seen: Seen, taken: frozenset[TlsVersion]) -> Verdict:
    if seen.end is End.COMPLETE:
        return ProbeOutcome.ACCEPTED, seen.cipher
    chosen = NUMBERS.get(seen.choice or 0)
    if seen.choice is not None and chosen is not version:
        spoken = f"TLS {chosen}" if chosen else "SSL 3.0" if seen.choice == SSL3 else "another version"
        return ProbeOutcome.REFUSED, f"it answers with {spoken}"
    if chosen is version:
        return _half_way(version, seen)
    return _unanswered(seen, taken)


def _half_way(version: TlsVersion, seen: Seen) -> Verdict:
    """It chose the version, and the handshake was not completed all the same."""
    if seen.end is End.GIVEN_UP and seen.reason in OURS:
        return (
            ProbeOutcome.NOT_TESTABLE,
            f"it chose TLS {version}, and this machine's OpenSSL gave up ({seen.reason})",
        )
    ended = {
        End.ALERT: (
            f"and ended the handshake (alert {_alert(seen)}); it may want a certificate of its clients"
        ),
        End.CLOSED: "and closed the connection; it may want a certificate of its clients",
        End.RESET: "and reset the connection",
        End.TIMED_OUT: "and the handshake was not over in time",
    }
    return (
        ProbeOutcome.UNKNOWN,
        f"it chose TLS {version}, {ended.get(seen.end, f'and what followed was no TLS ({seen.reason})')}",
    )


def _unanswered(seen: Seen, taken: frozenset[TlsVersion]) -> Verdict:
    """No version was chosen."""
    if seen.end is End.ALERT and seen.alert == PROTOCOL_VERSION:
        return ProbeOutcome.REFUSED, f"alert {_alert(seen)}"
    if seen.end is End.ALERT:
        return _by_the_others(f"alert {_alert(seen)}", taken)
    if seen.end is End.CLOSED:
        return _by_the_others("the connection was closed without an alert", taken & MODERN)
    if seen.end is End.GIVEN_UP and not seen.answered:
        return ProbeOutcome.NOT_TESTABLE, f"this machine's OpenSSL gave up ({seen.reason})"
    return ProbeOutcome.UNKNOWN, {
        End.RESET: "the connection was reset (by the endpoint, or by a firewall on the way)",
        End.TIMED_OUT: "it did not answer in time (the endpoint, or a firewall on the way)",
        End.FOREIGN: "it answered, and not in TLS: something else listens there",
    }.get(seen.end, f"its answer could not be read ({seen.reason})")


def _by_the_others(what: str, taken: frozenset[TlsVersion]) -> Verdict:
    """A refusal where the endpoint takes another version; else it may have been anything."""
    if taken:
        return ProbeOutcome.REFUSED, f"{what}, while TLS {max(taken)} is accepted"
    return ProbeOutcome.UNKNOWN, f"{what}, and no other version succeeds to compare with"


def _alert(seen: Seen) -> str:
    return ALERTS.get(seen.alert or 0, str(seen.alert))
