"""Judges time-stamp tokens (RFC 3161): whether one is of these very bytes, when it was made, and by whom.

Its signature is checked up to a certificate that signs itself, in the token or among those this machine
trusts. Where neither has one, the authority is not known here, and said not to be; whoever reads the token
names it (``openssl ts -verify -CAfile``).
"""

import hashlib
import ssl
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from rfc3161_client import TimeStampResponse, VerificationError, VerifierBuilder, decode_timestamp_response

LONGEST_CHAIN = 8


class WrongToken(Exception):
    """The token proves nothing; the text says why, without anything that the service wrote."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a sound token says."""

    at: datetime
    authority: str
    """Who signed it, as its certificate names itself."""
    verified: bool
    """Whether its signature was checked: ``False`` where the authority's certificate is not known on this
    machine."""


def read_token(token: bytes, data: bytes, *, nonce: int | None = None) -> Token:
    """Read a whole answer and check it against the bytes that were to be stamped. Raises ``WrongToken``."""
    answer = _decoded(token)
    certificates = [x509.load_der_x509_certificate(each) for each in answer.signed_data.certificates]
    if answer.tst_info.message_imprint.message != hashlib.sha256(data).digest():
        raise WrongToken("it is the time stamp of something else")
    if nonce is not None and answer.tst_info.nonce != nonce:
        raise WrongToken("it answers another question")
    signer = next(iter(answer.signed_data.signer_infos), None)
    own = [
        one
        for one in certificates
        if signer and (one.issuer, one.serial_number) == (signer.issuer, signer.serial_number)
    ]
    if not own:
        raise WrongToken("it does not hold the certificate of whoever signed it")
    root = _root_of(own[0], certificates)
    at, authority = answer.tst_info.gen_time.astimezone(UTC), own[0].subject.rfc4514_string()
    if root is None:
        return Token(at, authority, verified=False)
    builder = VerifierBuilder().add_root_certificate(root)
    try:
        builder.build().verify(answer, hashlib.sha256(data).digest())
    except (VerificationError, ValueError) as wrong:
        raise WrongToken("its signature does not hold") from wrong
    return Token(at, authority, verified=True)


def _decoded(token: bytes) -> TimeStampResponse:
    try:
        return decode_timestamp_response(_in_order(token))
    except (ValueError, IndexError, TypeError):
        raise WrongToken("it is no time stamp") from None


def _root_of(signer: x509.Certificate, certificates: Sequence[x509.Certificate]) -> x509.Certificate | None:
    """The certificate that signs itself at the end of the signer's chain; ``None`` where nobody has it."""
    known = {one.subject: one for one in (*_trusted(), *certificates)}
    found, steps = signer, 0
    while found.issuer != found.subject and steps < LONGEST_CHAIN:
        following = known.get(found.issuer)
        if following is None:
            return None
        found, steps = following, steps + 1
    return found if found.issuer == found.subject else None


def _trusted() -> list[x509.Certificate]:
    """Return the authorities ``requests`` trusts, without those that have an odd serial number."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("error", CryptographyDeprecationWarning)
        for each in context.get_ca_certs(binary_form=True):
            with suppress(ValueError, CryptographyDeprecationWarning):
                found.append(x509.load_der_x509_certificate(each))
    return found


def _in_order(token: bytes) -> bytes:
    """Return the answer with its certificates in DER's order, which openssl's authorities ignore.

    They are a SET that no signature covers (RFC 5652, 5.1), so their order says nothing; the reader takes no
    other.
    """
    _, start, end = _header(token, 0)
    content = _children(token, *_children(token, start, end)[1][1:])[1]
    signed = _children(token, *content[1:])[0]
    for tag, start, end in _children(token, *signed[1:]):
        if tag == 0xA0:
            parts, at = [], start
            for _, _, last in _children(token, start, end):
                parts.append(token[at:last])
                at = last
            return token[:start] + b"".join(sorted(parts)) + token[end:]
    return token


def _children(data: bytes, start: int, end: int) -> list[tuple[int, int, int]]:
    """Tag, beginning and end of the content of each element between two places."""
    found = []
    while start < end:
        found.append(_header(data, start))
        start = found[-1][2]
    return found


def _header(data: bytes, at: int) -> tuple[int, int, int]:
    length, start = data[at + 1], at + 2
    if length & 0x80:
        more = length & 0x7F
        length, start = int.from_bytes(data[start : start + more], "big"), start + more
    if start + length > len(data):
        raise ValueError("it ends too early")
    return data[at], start, start + length
