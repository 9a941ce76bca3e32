"""Read from a saved message or its headers with which TLS version its sender handed it to Exchange Online.

``Received: from … by ….prod.outlook.com … with Microsoft SMTP Server (version=TLS1_0, cipher=…)`` is how such
headers were written in 2020 and 2021; that smtp-legacy writes them alike is inferred (facts of 30 November
2026).
"""

import re
from datetime import UTC, date
from email.message import EmailMessage, Message
from email.parser import Parser
from email.utils import parseaddr, parsedate_to_datetime

from handlers.register.files.decoding import NotRead
from handlers.register.files.parsed_file import FileKind, Parsed, Seen
from handlers.register.files.smtp_clients import ADDRESS

_HEADER = re.compile(r"[!-9;-~]{1,80}:\s?[^\r\n]*")
_RECEIVED = re.compile(r"^received:", re.IGNORECASE | re.MULTILINE)
_BY_EXCHANGE = re.compile(
    r"\bby\s+\S+\.(?:outlook\.com|office365\.com|office365\.us|partner\.outlook\.cn)\b", re.IGNORECASE
)
_VERSION = re.compile(r"version=TLS\s*v?1[._]([0-3])", re.IGNORECASE)
_HEADERS_END = re.compile(r"\r?\n\r?\n")
LONGEST_HEADERS = 256 * 1024


def is_message(text: str) -> bool:
    """Tell whether a text begins with the headers of a mail."""
    head = _headers(text)
    return _HEADER.match(head) is not None and _RECEIVED.search(head) is not None


def parse(text: str) -> Parsed:
    """Read one message. Raises ``NotRead`` where it does not say what its sender spoke, or who that was."""
    message: EmailMessage = Parser(EmailMessage).parsestr(_headers(text), headersonly=True)
    received = [" ".join(str(value).split()) for value in message.get_all("Received") or []]
    by_exchange = (_VERSION.search(value) for value in reversed(received) if _BY_EXCHANGE.search(value))
    spoken = next((version[1] for version in by_exchange if version), None)
    if spoken is None:
        raise NotRead(
            "No Received header of this message says with which TLS version Exchange Online received it."
        )
    sender = next(filter(None, (_address(message, name) for name in ("Sender", "From", "Return-Path"))), "")
    if not sender:
        raise NotRead("This message does not say who sent it.")
    shares = {version: 100.0 if version == spoken else 0.0 for version in "0123"}
    seen = Seen(sender.lower(), shares["0"], shares["1"], shares["2"], messages=1, last_seen=_day(message))
    return Parsed(FileKind.MESSAGE, 1, seen=(seen,))


def _headers(text: str) -> str:
    """The headers alone, as far as any message has them."""
    begun = text.lstrip()[:LONGEST_HEADERS]
    return _HEADERS_END.split(begun, maxsplit=1)[0]


def _address(message: Message, name: str) -> str:
    address = parseaddr(str(message.get(name, "")))[1]
    return address if ADDRESS.fullmatch(address) else ""


def _day(message: Message) -> date | None:
    try:
        at = parsedate_to_datetime(str(message.get("Date", "")))
    except ValueError:
        return None
    return (at.astimezone(UTC) if at.tzinfo else at).date()
