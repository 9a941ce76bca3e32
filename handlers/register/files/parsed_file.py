"""Describe what a file can be, and what is taken from it. Nothing here is stored yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class FileKind(StrEnum):
    """What a file is, by its content."""

    SMTP_CLIENTS = "smtp-auth-clients"
    """The admin centre's report: shares of TLS versions by sender, no device, no host."""
    SIGN_INS = "entra-sign-ins"
    """Entra's download, CSV or JSON: who signed in and when; it never tells a TLS version."""
    MESSAGE = "message"
    """A saved message or its headers: what its sender spoke."""
    DEVICES = "devices"
    """A list of devices with the columns of ``devices --json``."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One sender as a report tells it; shares in percent, unknown as ``None``."""

    sender: str
    tls10: float | None = None
    tls11: float | None = None
    tls12: float | None = None
    messages: int | None = None
    last_seen: date | None = None
    """The newest day on which it was seen, where the file tells days."""

    @property
    def is_legacy(self) -> bool:
        """Whether anything of it came over TLS 1.0 or 1.1."""
        return bool(self.tls10) or bool(self.tls11)


@dataclass(frozen=True, slots=True)
class Skipped:
    """One row that was not understood, counted from 1 as a spreadsheet does, the header included; and why."""

    row: int
    why: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file holds: a sender once each, or the rows of a list of devices."""

    kind: FileKind
    rows: int
    """Rows below the header, or entries."""
    seen: tuple[Seen, ...] = ()
    listed: tuple[Mapping[str, str], ...] = ()
    skipped: tuple[Skipped, ...] = field(default=())
