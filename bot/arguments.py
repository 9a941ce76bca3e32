"""How single arguments of the command line are spelled: text in, value out, or a sentence that says what to write instead."""

import argparse
import re
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handlers.ports import ProbeTarget


def number(text: str) -> int:
    """A count, or the number of a change."""
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) < 1_000_000_000:
        raise argparse.ArgumentTypeError("write a whole number, 1 or more")
    return int(text)


def port(text: str) -> int:
    """A TCP port; 0 lets the system choose. What is larger the system would take all the same, without its upper bits."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65535:
        raise argparse.ArgumentTypeError("write a port number between 0 and 65535; 0 takes a free one")
    return int(text)


def day(text: str) -> date:
    """A day as ISO 8601 writes it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("write a day, such as 2026-11-23") from None


def target(text: str) -> "ProbeTarget":
    """An endpoint to probe."""
    from bot.probe import targets  # noqa: PLC0415 - only who probes waits for it

    try:
        return targets.target(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from None


def witness(text: str) -> tuple[int, str]:
    """A head of the record: its sequence number and hash."""
    sequence, _, digest = text.strip().partition(":")
    if not re.fullmatch(r"[0-9]{1,18}", sequence) or not re.fullmatch(r"[0-9A-Fa-f]{64}", digest):
        raise argparse.ArgumentTypeError("write it as SEQUENCE:HASH, both as posted in the channel")
    return int(sequence), digest.lower()
