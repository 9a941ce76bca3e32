"""Describe what proves to Entra that the caller is the registered app: one of four kinds.

Names and files only, so that settings can hold a credential at no cost; ``keys`` opens them. No secret
outside ``SecretStr``.
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Certificate:
    """A file with the private key and its certificate: PEM (chain allowed) or PFX.

    ``password`` opens the key.
    """

    path: Path
    password: SecretStr | None = None


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A secret of the app registration."""

    secret: SecretStr


@dataclass(frozen=True, slots=True)
class FederatedToken:
    """Name a token file that somebody else renews, as Kubernetes does; it is read for every sign-in."""

    path: Path


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """Stand for the identity of the Azure resource; ``client_id`` names a user-assigned one."""

    client_id: str | None = None


def unchanged() -> None:
    """There is no newer credential than the one that was given."""


Credential = Certificate | ClientSecret | FederatedToken | ManagedIdentity


def mark_of(path: Path) -> tuple[int, ...] | None:
    """Return what changes when a file is written or replaced, links followed; ``None`` without a file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
