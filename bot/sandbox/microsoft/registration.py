"""Simulate the registered app and what proves a caller to be it: its secret or a signed assertion.

Verifies for real, against the registered certificate and the machine's own time; it never believes an
unsigned claim. Codes are Entra's (``AADSTS…``), as MSAL hands them on in ``error_codes``.
"""

import base64
import hmac
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_ASSERTION_SECONDS = 24 * 3600
BY_SECRET, BY_CERTIFICATE = "1", "2"
"""``appidacr`` of a token: how the app proved itself."""


class EntraRefused(Exception):
    """Refuse a request as Entra does: ``code`` is the ``AADSTS`` number, ``error`` OAuth's word."""

    def __init__(self, code: int, error: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.error = error
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Registration:
    """Hold one app registration: its service principal's id, a certificate and a secret."""

    client_id: str
    object_id: str
    certificate: x509.Certificate
    secret: SecretStr

    def authenticate(self, form: Mapping[str, str], audiences: Collection[str]) -> str:
        """``BY_SECRET`` or ``BY_CERTIFICATE``.

        Raises ``EntraRefused``; ``audiences`` are the names the endpoint answers to.
        """
        if "client_assertion" in form:
            if form.get("client_assertion_type") != ASSERTION_TYPE:
                raise EntraRefused(
                    900144, "invalid_request", "The request body must contain 'client_assertion_type'."
                )
            self._check_assertion(form["client_assertion"], audiences)
            return BY_CERTIFICATE
        if "client_secret" not in form:
            text = (
                "The request body must contain the following parameter: 'client_assertion' or "
                "'client_secret'."
            )
            raise EntraRefused(7000218, "invalid_client", text)
        if not hmac.compare_digest(form["client_secret"].encode(), self.secret.get_secret_value().encode()):
            text = (
                "Invalid client secret provided. Ensure the secret being sent in the request is the client "
                "secret value."
            )
            raise EntraRefused(7000215, "invalid_client", text)
        return BY_SECRET

    def thumbprints(self) -> dict[str, str]:
        """Return the certificate's thumbprints, unpadded, under the JWT header names that carry them."""
        return {
            "x5t#S256": _unpadded(self.certificate.fingerprint(hashes.SHA256())),
            "x5t": _unpadded(self.certificate.fingerprint(hashes.SHA1())),  # noqa: S303 - names a key, protects nothing
        }

    def _check_assertion(self, assertion: str, audiences: Collection[str]) -> None:
        key = self.certificate.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        try:
            self._check_thumbprint(jwt.get_unverified_header(assertion))
            required = ["exp", "aud", "iss", "sub"]
            claims = jwt.decode(
                assertion,
                key,
                algorithms=["PS256", "RS256"],
                options={"verify_aud": False, "require": required},
            )
        except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
            raise _untimely() from None
        except jwt.InvalidSignatureError:
            raise _bad_signature(
                "The provided signature value did not match the expected signature value."
            ) from None
        except jwt.InvalidTokenError as error:
            raise EntraRefused(
                50027, "invalid_client", f"JWT token is invalid or malformed: {error}."
            ) from None
        self._check_claims(claims, audiences)

    def _check_thumbprint(self, header: Mapping[str, object]) -> None:
        """MSAL pads the thumbprint with ``=``, others follow the RFC and do not; both name the same key."""
        if not any(
            str(header.get(name, "")).rstrip("=") == value for name, value in self.thumbprints().items()
        ):
            raise _bad_signature("The key was not found.")

    def _check_claims(self, claims: Mapping[str, object], audiences: Collection[str]) -> None:
        if claims["iss"] != self.client_id or claims["sub"] != self.client_id:
            text = "Client assertion application identifier doesn't match 'client_id' parameter."
            raise EntraRefused(700021, "invalid_client", text)
        if str(claims["aud"]) not in audiences:
            raise EntraRefused(
                700023, "invalid_client", "Client assertion audience claim does not match Realm issuer."
            )
        if not isinstance(claims["exp"], int | float) or claims["exp"] - time.time() > MAX_ASSERTION_SECONDS:
            raise _untimely()


def _untimely() -> EntraRefused:
    return EntraRefused(700024, "invalid_client", "Client assertion is not within its valid time range.")


def _bad_signature(reason: str) -> EntraRefused:
    return EntraRefused(
        700027, "invalid_client", f"Client assertion contains an invalid signature. [Reason - {reason}]"
    )


def _unpadded(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
