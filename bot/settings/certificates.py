"""Open a certificate's file as the sign-in will: a wrong password is a wrong setting."""

from collections.abc import Iterator

from bot.exchange.auth.credentials import Certificate
from bot.settings.findings import Finding
from bot.settings.model import CredentialKind


def unusable_certificate(credential: Certificate) -> Iterator[Finding]:
    """Say why a certificate cannot be used, if so.

    Whether the key's numbers are right the sign-in tests, a moment later: to do it twice would hold up
    every start.
    """
    from bot.exchange.auth import keys  # noqa: PLC0415 - without a certificate cryptography is not needed

    try:
        keys.load(credential, proven=False)
    except keys.Unusable as unusable:
        found = f"the file {unusable.why}. {unusable.mend.rstrip('.')}"
    else:
        return
    yield (CredentialKind.CERTIFICATE, "AZURE_CLIENT_CERTIFICATE_PASSWORD"), found
