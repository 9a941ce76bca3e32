"""What proves to Entra that the caller is the registered app: a certificate, a secret, a federated token, a managed identity.

Names and files only, so that settings can hold a credential at no cost; ``keys`` opens them. No secret outside ``SecretStr``.
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Certificate:
    """A file with the private key and its certificate: PEM (chain allowed) or PFX. ``password`` opens the key."""

    path: Path
    password: SecretStr | None = None


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A secret of the app registration."""

    secret: SecretStr


@dataclass(frozen=True, slots=True)
class FederatedToken:
    """A file that somebody else keeps fresh, such as Kubernetes' workload identity; it is read anew for every sign-in."""

    path: Path


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """The identity of the Azure resource this runs on; ``client_id`` names a user-assigned one, else the system's own."""

    client_id: str | None = None


def unchanged() -> None:
    """There is no newer credential than the one that was given."""


Credential = Certificate | ClientSecret | FederatedToken | ManagedIdentity
