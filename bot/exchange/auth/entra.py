"""MSAL's app for one tenant and one credential, and its failures as ``Unavailable``.

Knows MSAL and nothing of Exchange. MSAL answers most failures with a dict, some with an exception, and logs
answers it cannot read in full, token included: such answers are stopped before they reach it. Not for several
threads; ``Tokens`` is.
"""

import logging
import re
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import msal
import requests

from bot.exchange.auth import entra_refusals, keys
from bot.exchange.auth.app import App
from bot.exchange.auth.credentials import ClientSecret, Credential, FederatedToken, ManagedIdentity
from bot.exchange.auth.entra_session import Elsewhere, EntraWire, Gibberish
from bot.exchange.auth.key_file import key_file_of
from handlers.ports import Unavailable

_CAPABILITIES: Final = ["cp1"]
"""Tells Entra that claims challenges are understood."""

_PRINTABLE: Final = re.compile(r"[!-~]+")

_MSAL_FAILURES: Final = (
    msal.exceptions.MsalError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RuntimeError,
)
"""What MSAL raises over answers that are not Entra's: it takes their shape for granted."""


class Entra:
    """Signs in as one app, at first with ``credential``."""

    def __init__(self, app: App, credential: Credential) -> None:
        together = app.together
        self._renewed = app.renewed
        self._key_file_of = key_file_of if together is None else together.key_file_of
        self._signs_in = app
        self._authority = app.authority
        self._credential = credential
        self._key_file = self._key_file_of(credential)
        self._assertion = self._turned_down = ""
        """The federated token that was sent last, and the one that was refused last."""
        self._app: Any = None
        self._built_with: keys.KeyPair | None = None
        self._cache = msal.TokenCache()
        # A managed identity's endpoint is local and speaks plain http: neither proxy nor CA bundle of the
        # surroundings apply. At DEBUG, MSAL prints what such an endpoint answered when it cannot read it, a
        # token included.
        logging.getLogger("msal.managed_identity").setLevel(logging.INFO)
        connections = together.connections if together is not None else None
        self._wire = EntraWire(
            None if isinstance(credential, ManagedIdentity) else app.authority, connections
        )

    def acquire(self, claims_challenge: str | None, timeout: float) -> tuple[str, float]:
        """Return an access token and its lifetime in seconds; always a new one for a claims challenge.

        A refusal is the moment to look whether there is another credential by now: then that is tried, once.
        Raises ``Unavailable``.
        """
        self._wire.begin(timeout)
        try:
            return self._acquire(claims_challenge)
        except Unavailable as refused:
            self._turned_down = self._assertion
            if refused.retryable or not self._renew():
                raise
        return self._acquire(claims_challenge)

    def _acquire(self, claims_challenge: str | None) -> tuple[str, float]:
        # The key pair is read outside MSAL, so that the file's troubles keep their own words.
        if self.key_pair() is not self._built_with or self._has_another_token():
            self._app, self._turned_down = None, ""
        try:
            result = self._ask(claims_challenge)
        except requests.RequestException as failure:
            raise self._unreached(failure) from None
        except _MSAL_FAILURES:
            raise self._refused({}) from None
        token = result.get("access_token") if isinstance(result, dict) else None
        if not isinstance(token, str) or not _PRINTABLE.fullmatch(token):
            raise self._refused(result if isinstance(result, dict) else {})
        good = result.get("expires_in")
        return token, float(good) if isinstance(good, int) else 0.0

    def forget(self) -> None:
        """Drop cached tokens: a role granted since is only in a new one."""
        for entry in list(self._cache.search(msal.TokenCache.CredentialType.ACCESS_TOKEN)):
            self._cache.remove_at(entry)

    def key_pair(self) -> keys.KeyPair | None:
        """Return the certificate in use, as its file has it now; ``None`` for other credentials.

        Raises ``Unavailable``.
        """
        return self._key_file.pair() if self._key_file else None

    @property
    def credential(self) -> Credential:
        """The credential in use: after a refusal, what the settings have by now."""
        return self._credential

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def _renew(self) -> bool:
        """Tell whether the credential differs from the refused one; then forget what MSAL keeps of that."""
        given = self._renewed()
        if given is not None and given != self._credential and type(given) is type(self._credential):
            self._credential, self._key_file, self._app = given, self._key_file_of(given), None
            return True
        if self._key_file is not None:
            # another tenant with the same file may have read it since
            return self._key_file.reread() or self._key_file.pair() is not self._built_with
        return self._has_another_token()

    def _has_another_token(self) -> bool:
        """Tell whether the file holds another federated token than the refused one, which MSAL remembers."""
        if not self._turned_down or not isinstance(self._credential, FederatedToken):
            return False
        return keys.token_now(self._credential) not in {"", self._turned_down}

    def _ask(self, claims_challenge: str | None) -> Any:
        if self._app is None:
            self._app = self._built()
        if isinstance(self._credential, ManagedIdentity):
            resource = self._signs_in.scope.removesuffix("/.default")
            return self._app.acquire_token_for_client(resource=resource, claims_challenge=claims_challenge)
        return self._app.acquire_token_for_client([self._signs_in.scope], claims_challenge=claims_challenge)

    def _built(self) -> Any:
        """MSAL's app; for all but a managed identity this asks the authority for its endpoints."""
        common = {"http_client": self._wire, "token_cache": self._cache, "client_capabilities": _CAPABILITIES}
        if isinstance(self._credential, ManagedIdentity):
            chosen = self._credential.client_id
            identity = (
                msal.UserAssignedManagedIdentity(client_id=chosen)
                if chosen
                else msal.SystemAssignedManagedIdentity()
            )
            return msal.ManagedIdentityClient(identity, **common)
        return msal.ConfidentialClientApplication(
            self._signs_in.client_id,
            client_credential=self._proof(),
            authority=f"{self._authority}/{self._signs_in.tenant_id}",
            instance_discovery=self._signs_in.instance_discovery,
            **common,
        )

    def _proof(self) -> Any:
        """Return the credential in MSAL's form; without a thumbprint it uses SHA-256 and signs with PS256."""
        match self._credential:
            case ClientSecret(secret):
                return secret.get_secret_value()
            case FederatedToken() as file:
                return {"client_assertion": partial(self._asserted, file)}
        pair = self._built_with = self.key_pair()
        assert pair is not None
        return {"private_key": pair.key, "public_certificate": pair.public_pem()}

    def _asserted(self, file: FederatedToken) -> str:
        self._assertion = keys.read_token(file)
        return self._assertion

    def _unreached(self, failure: requests.RequestException) -> Unavailable:
        if isinstance(failure, requests.exceptions.SSLError):
            return entra_refusals.untrusted(self._authority)
        if isinstance(failure, Elsewhere):
            self._app = None  # built from that answer; the next sign-in asks anew
            return entra_refusals.elsewhere(self._authority)
        if isinstance(failure, Gibberish):
            return entra_refusals.unintelligible(self._authority)
        if isinstance(self._credential, ManagedIdentity):
            return entra_refusals.no_identity(retryable=True)
        return entra_refusals.unreachable(self._authority)

    def _refused(self, result: dict[str, Any]) -> Unavailable:
        """Say why there is no token, by the code of this answer or of the one MSAL kept for a minute."""
        status = self._wire.status
        code = self._wire.code or next(
            (one for one in result.get("error_codes") or [] if isinstance(one, int)), None
        )
        if code is None and (status == 429 or status >= 500):
            return entra_refusals.busy(status, self._wire.retry_after)
        if isinstance(self._credential, ManagedIdentity):
            return entra_refusals.no_identity()
        if code is None and not result:
            return entra_refusals.unintelligible(self._authority)
        return entra_refusals.refused(code, expired=self._expired())

    def _expired(self) -> datetime | None:
        expires = self._built_with.expires if self._built_with else None
        return expires if expires is not None and expires <= datetime.now(UTC) else None
