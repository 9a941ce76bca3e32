"""A sign-in authority on loopback: discovery and token endpoint, and the assertion's signature is really
checked."""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tests.bot.exchange.stage import Act, Request, Stage, answer

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
SECRET = "canary-the-client-secret"


def token(number: int = 1, **claims: object) -> str:
    """A token that can be decoded; its last part is a canary that must show up nowhere."""
    body = {
        "tid": TENANT,
        "appid": CLIENT,
        "oid": "oid-1",
        "roles": ["Exchange.ManageAsApp"],
        "wids": ["w"],
        "n": number,
    } | claims
    parts = ({"alg": "RS256", "typ": "JWT"}, body)
    packed = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*packed, f"canarysignature{number}"])


def refusal(code: int, error: str = "invalid_client") -> Act:
    """Entra's error body."""
    description = f"AADSTS{code}: Words that nobody in a channel understands. Trace ID: 1 Correlation ID: 2"
    body = {"error": error, "error_description": description, "error_codes": [code]}
    return answer(401 if error == "invalid_client" else 400, body)


@dataclass
class Entra:
    """Registers one app with a secret, a certificate and a federated token; hands out a new token each time
    it is asked."""

    stage: Stage
    certificate: x509.Certificate
    federated: str = "canary-federated-1"
    instead: list[Act] = field(default_factory=list)
    """Played at the token endpoint before anything else."""
    forms: list[Mapping[str, str]] = field(default_factory=list)
    claims: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stage.always(lambda connection, request: self._act(request)(connection, request))

    @property
    def url(self) -> str:
        return self.stage.url

    def _act(self, request: Request) -> Act:
        path = request.path.partition("?")[0]
        if path == f"/{TENANT}/v2.0/.well-known/openid-configuration":
            return answer(200, self._discovery())
        if path == f"/{TENANT}/oauth2/v2.0/token":
            return self._token(request)
        return refusal(90002, "invalid_tenant")

    def _discovery(self) -> dict[str, str]:
        base = f"{self.url}/{TENANT}"
        return {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
        }

    def _token(self, request: Request) -> Act:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        self.forms.append(form)
        if self.instead:
            return self.instead.pop(0)
        if form["client_id"] != CLIENT:
            return refusal(700016, "unauthorized_client")
        refused = self._checked(form)
        return refused or answer(200, self.granted())

    def granted(self) -> dict[str, object]:
        return {
            "token_type": "Bearer",
            "expires_in": 3599,
            "access_token": token(len(self.forms), **self.claims),
        }

    def _checked(self, form: Mapping[str, str]) -> Act | None:
        if "client_secret" in form:
            return None if form["client_secret"] == SECRET else refusal(7000215)
        assertion = form["client_assertion"]
        if assertion.startswith("canary-federated"):
            return None if assertion == self.federated else refusal(700213)
        try:
            self._verify(assertion)
        except (jwt.InvalidTokenError, AssertionError):
            return refusal(700027)
        return None

    def _verify(self, assertion: str) -> None:
        header = jwt.get_unverified_header(assertion)
        thumbprint = (
            base64.urlsafe_b64encode(self.certificate.fingerprint(hashes.SHA256())).decode().rstrip("=")
        )
        assert (header["alg"], header["x5t#S256"].rstrip("=")) == ("PS256", thumbprint)
        key = self.certificate.public_key()
        assert isinstance(key, RSAPublicKey)
        claims = jwt.decode(
            assertion, key, algorithms=["PS256"], audience=f"{self.url}/{TENANT}/oauth2/v2.0/token"
        )
        assert claims["iss"] == claims["sub"] == CLIENT
        assert claims["exp"] - time.time() <= 601
