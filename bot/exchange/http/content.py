"""Read the body of an answer to a limit, and unpack it where it truly is packed."""

import zlib
from typing import Final

import requests
from urllib3.exceptions import HTTPError

SIZE_LIMIT: Final = 2 * 1024 * 1024
"""Bytes of an answer, after it was unpacked: 199 KiB of gzip can be 1 GiB of text."""

_GZIP: Final = b"\x1f\x8b"


def content_of(response: requests.Response) -> tuple[bytes, bool]:
    """Read a streamed body and tell whether it is whole; more than ``SIZE_LIMIT`` bytes is broken off.

    The time limit stands in the connection itself. Gzip is undone where the bytes, not the header, say so.
    """
    content = bytearray()
    try:
        while len(content) <= SIZE_LIMIT:
            piece = response.raw.read(SIZE_LIMIT + 1 - len(content), decode_content=False)
            if not piece:
                return _inflated(bytes(content))
            content += piece
    except (HTTPError, OSError):
        return bytes(content), False
    return bytes(content[:SIZE_LIMIT]), False


def _inflated(content: bytes) -> tuple[bytes, bool]:
    if not content.startswith(_GZIP):
        return content, True
    inflater = zlib.decompressobj(wbits=31)
    try:
        plain = inflater.decompress(content, SIZE_LIMIT)
    except zlib.error:
        return content, False
    return plain, inflater.eof
