"""Read tokens, secrets, keys and addresses of the stream: text in, value out, or what to write instead.

Every function raises ``ValueError`` with a sentence, which never repeats what was written.
"""

import base64
import re
from pathlib import Path

from pydantic import SecretStr

from handlers.context.web_addresses import taken_apart
from storage.integrity.keyring import SHORTEST_KEY

QUOTES = "\"'`\u2018\u2019\u201c\u201d\u201e"
"""Quotation marks: no secret that Slack or Entra make holds one, and what stands in them was quoted for a
shell."""


def quoted(text: str) -> bool:
    """Tell whether a value stands in quotation marks that its reader kept, as ``docker --env-file`` does."""
    return text[:1] in QUOTES and bool(text)


def token(text: str, *, prefix: str, what: str) -> str:
    """Return a Slack token that begins with ``prefix``."""
    if not re.fullmatch(re.escape(prefix) + _SECRET, text):
        raise ValueError(
            f"this is not {what}, which begins with {prefix} and holds neither blanks nor quotes"
        )
    return text


def signing_secret(text: str) -> str:
    """Return the signing secret of a Slack app: it is no token, and holds neither blanks nor quotes."""
    if not re.fullmatch(_SECRET, text) or text.startswith(("xox", "xapp-")):
        where = "copy the signing secret from the Slack app's page Basic Information"
        raise ValueError(
            f"this is not a signing secret, which is no token and holds neither blanks nor quotes; {where}"
        )
    return text


def client_secret(text: str) -> str:
    """Return a client secret of Entra's: it holds neither blanks nor quotes."""
    if not re.fullmatch(_SECRET, text):
        raise ValueError(
            "this is not a client secret, which holds neither blanks nor quotes; copy its value from Entra"
        )
    return text


_SECRET = "[!#-&(-_a-~]+"  # noqa: S105 - printable ASCII without blanks and quotation marks


def record_keys(text: str) -> tuple[SecretStr, ...]:
    """Keys of at least 32 bytes each, hex or base64, separated by commas, newest first; each once."""
    written = [entry.strip() for entry in re.split(r"[,\r\n]", text)]
    keys = [entry for entry in written if entry]
    wrong = [str(place) for place, entry in enumerate(keys, start=1) if len(_bytes(entry)) < SHORTEST_KEY]
    if wrong or not keys:
        which = f"; key {', '.join(wrong)} of {len(keys)} is none" if len(keys) > 1 else ""
        raise ValueError(
            f"write a key of at least {SHORTEST_KEY} bytes in hex or base64, such as `openssl rand -hex 32` "
            f"prints; several are separated by commas, newest first{which}"
        )
    return tuple(SecretStr(entry) for entry in dict.fromkeys(keys))


def record_keys_in(path: str) -> tuple[SecretStr, ...]:
    """The keys in a file, spelled as in ``record_keys`` or a line each; nothing else may stand there."""
    try:
        return record_keys(Path(path).read_text(encoding="ascii"))
    except (OSError, UnicodeError):
        raise ValueError(
            "names no file of text that this account may read; write the path of the file with the key"
        ) from None


def key_bytes(key: SecretStr) -> bytes:
    """Return the key that ``record_keys`` took."""
    return _bytes(key.get_secret_value())


def _bytes(text: str) -> bytes:
    """Decode hex or base64 (either alphabet, padded or not); empty where it is neither."""
    if re.fullmatch(r"[0-9A-Fa-f]+", text):
        return bytes.fromhex(text) if len(text) % 2 == 0 else b""
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError:
        return b""


def calendar_token(text: str) -> SecretStr:
    """Read the calendar's token, made of what may stand in an address (RFC 3986, unreserved)."""
    if not re.fullmatch(r"[A-Za-z0-9._~-]{16,200}", text):
        raise ValueError("write 16 to 200 letters, digits and - . _ ~, such as `openssl rand -hex 24` prints")
    return SecretStr(text)


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
