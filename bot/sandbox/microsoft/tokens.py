"""The access tokens of the simulated Entra: signed by it, and judged by the simulated Exchange.

Token times are real time, whatever clock the sandbox shows: clients and libraries compare them with the
machine's.
"""

import secrets
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.sandbox.microsoft.audit import SERVICE_PRINCIPAL, Actor
from bot.sandbox.microsoft.tenant import MANAGE_AS_APP, Grants

AUDIENCES = frozenset(
    {
        "https://outlook.office365.com",
        "https://outlook.office365.us",
        "https://outlook-dod.office365.us",
        "https://outlook.office365.cn",
        "https://partner.outlook.cn",
    }
)
"""Exchange Online in its clouds; the sandbox answers for all of them."""
LIFE_SECONDS = 3599


class TokenRefused(Exception):
    """The bearer token does not let anybody in; ``renew`` asks for a newer one by a claims challenge."""

    def __init__(self, reason: str, *, renew: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.renew = renew


@dataclass(frozen=True, slots=True)
class Caller:
    """The app a valid token speaks for."""

    app_id: str
    object_id: str
    directory_roles: tuple[str, ...]
    token_id: str

    def actor(self) -> Actor:
        """Return the caller in the audit log's words."""
        return Actor(f"ServicePrincipal_{self.object_id}", self.app_id, self.object_id, SERVICE_PRINCIPAL)


class Tokens:
    """Issues RS256 tokens for one tenant and verifies them."""

    def __init__(self, tenant_id: str, grants: Grants) -> None:
        self._tenant_id = tenant_id
        self._grants = grants
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._revoked: set[str] = set()
        self._lock = threading.Lock()
        self.issued = 0
        """Tokens issued so far: tells whether a client caches."""
        self.key_id = secrets.token_urlsafe(20)

    @property
    def issuer(self) -> str:
        """``iss`` of version 1 tokens, which Exchange Online gets."""
        return f"https://sts.windows.net/{self._tenant_id}/"

    def public_jwk(self) -> dict[str, object]:
        """Return the verification key as the key endpoint shows it."""
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {**jwk, "use": "sig", "kid": self.key_id, "key_ops": ["verify"]}

    def issue(self, audience: str, *, app_id: str, object_id: str, method: str) -> str:
        """Make a token for ``audience`` with the present roles; ``method`` 1 is a secret, 2 a certificate."""
        now = int(time.time())
        claims = {
            "aud": audience,
            "iss": self.issuer,
            "iat": now,
            "nbf": now,
            "exp": now + LIFE_SECONDS,
            "app_displayname": "legacytls",
            "appid": app_id,
            "appidacr": method,
            "idp": self.issuer,
            "idtyp": "app",
            "oid": object_id,
            "sub": object_id,
            "tid": self._tenant_id,
            "uti": secrets.token_urlsafe(16),
            "ver": "1.0",
            "wids": list(self._grants.directory_roles),
        }
        if audience in AUDIENCES and self._grants.app_roles:
            claims["roles"] = list(self._grants.app_roles)
        with self._lock:
            self.issued += 1
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self.key_id})

    def verify(self, token: str) -> Caller:
        """Return who calls.

        Raises ``TokenRefused`` for a bad signature, another audience, an expired token or a missing app role.
        """
        try:
            claims = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=["RS256"],
                audience=AUDIENCES,
                issuer=self.issuer,
                options={"require": ["exp", "nbf", "aud", "iss", "tid", "appid", "oid", "uti"]},
            )
        except jwt.InvalidTokenError as error:
            raise TokenRefused(f"The token is invalid: {error}") from None
        return self._admitted(claims)

    def revoke(self, token_id: str) -> None:
        """Answer this token with a claims challenge from now on, as continuous access evaluation does."""
        with self._lock:
            self._revoked.add(token_id)

    def _admitted(self, claims: Mapping[str, object]) -> Caller:
        roles, directory_roles = claims.get("roles", []), claims.get("wids", [])
        if (
            not isinstance(roles, list)
            or not isinstance(directory_roles, list)
            or claims["tid"] != self._tenant_id
        ):
            raise TokenRefused("The token is of another tenant.")
        if MANAGE_AS_APP not in roles:
            raise TokenRefused("The token does not contain the app role Exchange.ManageAsApp.")
        caller = Caller(str(claims["appid"]), str(claims["oid"]), tuple(directory_roles), str(claims["uti"]))
        with self._lock:
            if caller.token_id in self._revoked:
                raise TokenRefused("The token has been revoked.", renew=True)
        return caller


def new_trace_id() -> str:
    """Return an id such as Microsoft's services put on each answer."""
    return str(uuid.uuid4())
