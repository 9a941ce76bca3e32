"""Entra's refusals in words: what went wrong with a sign-in, and the next step to take.

Pure. Entra's own descriptions are never passed on: they name codes and ids that help nobody in a channel, and
may echo input.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from handlers.ports import Unavailable

_LOOK_UP: Final = "https://login.microsoftonline.com/error?code="


@dataclass(frozen=True, slots=True)
class Refusal:
    """One of Entra's codes (``AADSTS…``) in words."""

    sentence: str
    mend: str
    retryable: bool = False


_SECRET: Final = Refusal(
    "Entra refused the sign-in: the client secret is wrong.",
    "Set AZURE_CLIENT_SECRET to the secret's value (not its id) from the app registration.",
)
_SIGNATURE: Final = Refusal(
    "Entra refused the sign-in: it does not know the certificate that signed it, or the certificate is not "
    "valid now.",
    "Upload the certificate to the app registration, or configure the one that is registered there.",
)
_ASSERTION: Final = Refusal(
    "Entra refused the sign-in: the signed assertion is not acceptable.",
    "Check this machine's clock, AZURE_CLIENT_ID and AZURE_TENANT_ID.",
)
_FEDERATION: Final = Refusal(
    "Entra refused the sign-in: no federated credential of the app fits the token in the file.",
    "Compare issuer, subject and audience of the app's federated credential with the token's.",
)
_NO_APP: Final = Refusal(
    "Entra refused the sign-in: the app is not known in this tenant.",
    "Check AZURE_CLIENT_ID and AZURE_TENANT_ID, and that the app has been consented to in the tenant.",
)
_NO_TENANT: Final = Refusal(
    "Entra does not know this tenant.", "Check AZURE_TENANT_ID and the cloud in EXCHANGE_CLOUD."
)
_POLICY: Final = Refusal(
    "Entra refused the sign-in: a Conditional Access policy blocks the app.",
    "Let the policy for workload identities admit this app from the network it runs in.",
)
_BUSY: Final = Refusal("Entra is not able to answer at the moment.", "", retryable=True)

_REFUSALS: Final[dict[int, Refusal]] = {
    7000215: _SECRET,
    7000222: Refusal(
        "Entra refused the sign-in: the client secret has expired.",
        "Add a new client secret to the app registration and set AZURE_CLIENT_SECRET.",
    ),
    700027: _SIGNATURE,
    50027: _ASSERTION,
    700021: _ASSERTION,
    700023: _ASSERTION,
    700024: _ASSERTION,
    70021: _FEDERATION,
    700211: _FEDERATION,
    700212: _FEDERATION,
    700213: _FEDERATION,
    700016: _NO_APP,
    7000229: _NO_APP,
    7000112: Refusal(
        "Entra refused the sign-in: the app is disabled.", "Enable the enterprise application in the tenant."
    ),
    90002: _NO_TENANT,
    900021: _NO_TENANT,
    900023: _NO_TENANT,
    50059: _NO_TENANT,
    53003: _POLICY,
    530034: _POLICY,
    500011: Refusal(
        "Entra refused the sign-in: Exchange Online is not known in this tenant.",
        "Check that the tenant has Exchange Online and that EXCHANGE_CLOUD names its cloud.",
    ),
    90033: _BUSY,
    50196: _BUSY,
}
"""By the number behind ``AADSTS``:
https://learn.microsoft.com/entra/identity-platform/reference-error-codes."""


def code_in(text: str) -> int | None:
    """Return the first ``AADSTS`` number in an answer of Entra's."""
    found = re.search(r"AADSTS(\d{4,9})", text)
    return int(found[1]) if found else None


def refused(code: int | None, *, expired: datetime | None = None) -> Unavailable:
    """Return the failure behind an ``AADSTS`` number; ``expired`` is the certificate's end, if it has."""
    if code == 700027 and expired is not None:
        sentence = f"Entra refused the sign-in: the certificate expired on {expired:%Y-%m-%d}."
        return Unavailable(sentence, mend="Register a new certificate and configure it.", retryable=False)
    known = _REFUSALS.get(code) if code else None
    if known is not None:
        return Unavailable(
            f"{known.sentence.rstrip('.')} (AADSTS{code}).", mend=known.mend, retryable=known.retryable
        )
    if code:
        return Unavailable(
            f"Entra refused the sign-in with AADSTS{code}.", mend=f"See {_LOOK_UP}{code}.", retryable=False
        )
    return Unavailable(
        "Entra refused the sign-in without saying why.",
        mend="Look at the app's sign-in logs in Entra.",
        retryable=False,
    )


def unreachable(authority: str) -> Unavailable:
    """No connection, or none in time."""
    return Unavailable(
        f"The sign-in authority {authority} could not be reached.",
        mend="If this lasts, check the network, proxy and firewall.",
    )


def untrusted(authority: str) -> Unavailable:
    """TLS failed: the certificate could not be verified, or no handshake was possible."""
    return Unavailable(
        f"The TLS certificate of the sign-in authority {authority} could not be verified.",
        mend="If a proxy inspects TLS here, name its certificate authority in REQUESTS_CA_BUNDLE.",
        retryable=False,
    )


def busy(status: int, retry_after: float | None) -> Unavailable:
    """Return a 429 or a 5xx."""
    how = "is throttling this app" if status == 429 else f"has trouble of its own (status {status})"
    return Unavailable(f"The sign-in authority {how}.", retry_after=retry_after)


def unintelligible(authority: str) -> Unavailable:
    """Return an answer that is not Entra's."""
    return Unavailable(
        f"The answer of {authority} is not one that a sign-in authority gives.",
        mend="Check AZURE_AUTHORITY_HOST, and whether a proxy answers in its place.",
        retryable=False,
    )


def elsewhere(authority: str) -> Unavailable:
    """Return an answer that would send the credential to a host that is not the authority's."""
    return Unavailable(
        f"The answer of {authority} names another host to sign in at, so the credential was not sent.",
        mend="Check AZURE_AUTHORITY_HOST, and whether a proxy answers in its place.",
        retryable=False,
    )


def no_identity(*, retryable: bool = False) -> Unavailable:
    """Return the refusal where the machine hands out no managed identity, or not that one."""
    return Unavailable(
        "This machine did not hand out a token for its managed identity.",
        mend="Check that the managed identity is assigned to this resource, and AZURE_CLIENT_ID if it is a "
        "user-assigned one.",
        retryable=retryable,
    )
