"""Decode a file's bytes from any coding of portals, Excel and mail, or say what the file is.

A coding that is neither Unicode nor told by a mark is taken for Windows-1252: a guess by statistics
(charset-normalizer 3.4, tried on German and French headers) says cp1250 there, and letters turn into others.
"""

import codecs

LARGEST = 25 * 1024 * 1024
"""Bytes of the largest file that is read."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_KINDS = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook: unpack it, or save the sheet as CSV"),
    (b"\x1f\x8b", "compressed: unpack it"),
    (b"%PDF", "a PDF: export the report as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Outlook file: save it as CSV, or the message as .eml"),
)
_LOOKED_AT = 4096
"""Bytes by which a coding without a mark is told."""

_ODD = frozenset(range(32)) - {9, 10, 12, 13}
"""Control characters that no text file holds."""


class NotRead(Exception):
    """Refuse a file as not understood; the sentence says what was seen and what to do."""


def decoded(data: bytes) -> str:
    """Return the text of a file. Raises ``NotRead``."""
    if len(data) > LARGEST:
        raise NotRead(
            f"This file has {len(data) / 2**20:.0f} MB; at most {LARGEST // 2**20} are read. Export a "
            "shorter period."
        )
    kind = next((what for begin, what in _KINDS if data[: len(begin)] == begin), "")
    if kind:
        raise NotRead(f"This file is {kind}.")
    text = _text(data)
    if any(ord(sign) in _ODD for sign in text[:_LOOKED_AT]) or "\0" in text:
        raise NotRead("This file is not text: export the report as CSV or JSON, or save the message as .eml.")
    if not text.strip():
        raise NotRead("This file is empty.")
    return text


def _text(data: bytes) -> str:
    coding = next((name for mark, name in _MARKS if data[: len(mark)] == mark), "") or _unmarked(
        data[:_LOOKED_AT]
    )
    if coding:
        return data.decode(coding, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _unmarked(begin: bytes) -> str:
    """UTF-16 without a mark: every other byte of a header in Latin letters is zero."""
    even, odd = begin[::2].count(0), begin[1::2].count(0)
    half = len(begin) // 2
    if half and odd > half * 0.6 and not even:
        return "utf-16-le"
    return "utf-16-be" if half and even > half * 0.6 and not odd else ""
