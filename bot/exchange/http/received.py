"""What a call to the admin API brings back, before anybody judges it. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said.

    ``body`` is inflated where it truly was gzip; ``complete`` is false when it broke off.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool = True


class Silence(StrEnum):
    """Why there is no answer, as far as it matters later."""

    NOT_SENT = "not_sent"
    """No connection: nothing can have been processed."""
    UNTRUSTED = "untrusted"
    """No TLS connection with a certificate that verifies: nothing was sent, and trying again does not
    help."""
    LOST = "lost"
    """Sent at least in part, and then a time-out, a reset or gibberish: what happened is unknown."""
