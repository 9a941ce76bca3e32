"""How the settings of the stream are spelled.

Raises ``ValueError`` with what to write instead, never with what was written.
"""

import base64

from pydantic import SecretStr

from handlers.context.web_addresses import taken_apart

PREFIX = "whsec_"
SHORTEST_SECRET, LONGEST_SECRET = 24, 64
"""Bytes (standardwebhooks.com, specification, symmetric secrets)."""


def receiver(text: str) -> SecretStr:
    """Read an address for events: https, or http on this machine; path and query may be secret."""
    try:
        address = taken_apart(text)
    except ValueError:
        address = None
    if (
        address is None
        or not (address.scheme == "https" or (address.scheme == "http" and address.stays_here))
        or "#" in text
    ):
        raise ValueError(
            "write an address that begins with https://, or http:// for this machine only; no name, password "
            "or fragment in it"
        )
    return SecretStr(str(address))


def service(text: str) -> SecretStr:
    """Read a time-stamping service's address: http too, as answers are signed and only a hash is sent."""
    try:
        address = taken_apart(text)
    except ValueError:
        address = None
    if address is None or address.scheme not in {"http", "https"} or "#" in text:
        raise ValueError(
            "write an address that begins with https:// or http://; no name, password or fragment in it"
        )
    return SecretStr(str(address))


def secret(text: str) -> SecretStr:
    """Return a secret of Standard Webhooks: ``whsec_`` and base64 of 24 to 64 bytes."""
    coded = text.removeprefix(PREFIX)
    try:
        length = len(base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True))
    except ValueError:
        length = 0
    if not text.startswith(PREFIX) or not SHORTEST_SECRET <= length <= LONGEST_SECRET:
        raise ValueError(
            f"write {PREFIX} and {SHORTEST_SECRET} to {LONGEST_SECRET} bytes in base64, such as "
            f'`echo "{PREFIX}$(openssl rand -base64 32)"` prints'
        )
    return SecretStr(text)
