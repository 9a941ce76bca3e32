"""Name the encoding or format of a certificate file that is neither PEM nor PFX as it stands.

Pure. Only names: a file is taken as it is or not at all, so that everybody reads the same thing in it.
"""

import base64
import binascii
import codecs
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key


@dataclass(frozen=True, slots=True)
class Encoding:
    """``name`` goes on after "the file is"; ``mend`` is the next step."""

    name: str
    mend: str


_SAVE: Final = "Save it as plain ASCII or UTF-8 (in PowerShell: Set-Content -Encoding ascii)."
_DECODE: Final = "Decode it first (base64 -d), and configure the result."
_CONVERT: Final = (
    "Convert key and certificate to one PEM or PFX file (openssl pkcs12 -export, or openssl pkey and "
    "openssl x509)."
)
_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
"""The longer ones first: a UTF-32 mark begins like one of UTF-16."""
_WIDE: Final = (
    ("UTF-32", "utf-32-le"),
    ("UTF-32", "utf-32-be"),
    ("UTF-16", "utf-16-le"),
    ("UTF-16", "utf-16-be"),
)
_JAVA: Final = b"\xfe\xed\xfe\xed"
_SEQUENCE: Final = 0x30
"""The first byte of anything in DER, a PFX file among it."""


def encoding_of(content: bytes) -> Encoding | None:
    """Name what the bytes of a certificate file are; ``None`` where they may be PEM or PFX."""
    if content.startswith(_JAVA):
        return Encoding("a Java key store", _CONVERT)
    wide = _wide(content)
    if wide is not None:
        return Encoding(f"text in {wide}, not in ASCII", _SAVE)
    if b"-----BEGIN OPENSSH PRIVATE KEY-----" in content or content.startswith(b"PuTTY-User-Key-File"):
        return Encoding("a key for SSH", _CONVERT)
    inner = _decoded(content)
    if inner is not None:
        what = "PEM" if b"-----BEGIN" in inner else "a PFX file" if inner[0] == _SEQUENCE else ""
        return Encoding(f"{what} in base64", _DECODE) if what else None
    return _bare(content)


def _wide(content: bytes) -> str | None:
    """The encoding of text with more than one byte a character; PowerShell 5 redirects into UTF-16."""
    marked = next((name for mark, name in _BOMS if content.startswith(mark)), None)
    return marked or next((name for name, codec in _WIDE if "-----BEGIN".encode(codec) in content), None)


def _decoded(content: bytes) -> bytes | None:
    """What base64 text stands for; ``None`` when this is none, or nothing."""
    text = b"".join(content.removeprefix(codecs.BOM_UTF8).split())
    try:
        return base64.b64decode(text, validate=True) or None
    except (ValueError, binascii.Error):
        return None


def _bare(content: bytes) -> Encoding | None:
    """A certificate or a key alone, in DER: what a ``.cer`` or ``.key`` file often is."""
    if content[:1] != bytes([_SEQUENCE]):
        return None
    for load, what in (
        (x509.load_der_x509_certificate, "a certificate alone, in DER"),
        (_key, "a private key alone, in DER"),
    ):
        try:
            load(content)
        except (ValueError, TypeError):
            continue
        return Encoding(what, _CONVERT)
    return None


def _key(content: bytes) -> object:
    return load_der_private_key(content, None, unsafe_skip_rsa_key_validation=True)
