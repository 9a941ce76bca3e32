"""Offer files for forms: twelve devices of two people, and a report of their senders.

Made for the sandbox's present day, so that due days lie ahead. Nothing in them belongs to anybody.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from bot.sandbox.slack.messages import JSON

OWNERS = ("U0DAVE", "U0CAROL")
DEVICES = (
    *(
        "Scanner, reception",
        "Scanner, hall 3",
        "Scanner, archive",
        "Printer, accounting",
        "Printer, board room",
    ),
    *(
        "Fax gateway",
        "Franking machine",
        "Door controller",
        "Freezer alarm",
        "UPS of the plant",
        "Till system",
        "ERP reports",
    ),
)
UNLISTED = ("old-nas@contoso.com", "label-printer@contoso.com")
"""Senders of the report that are on nobody's list."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Hold one file: how a person chooses it, its name, and what makes it for a day."""

    label: str
    name: str
    made: Callable[[date], str]


def _sender(number: int) -> str:
    return f"device{number + 1}@contoso.com"


def _devices(today: date) -> str:
    lines = ["device,sender,site,owner,protocol,reason,plan,due"]
    for number, device in enumerate(DEVICES):
        due = today + timedelta(days=10 + number)
        about = f'"{device}",{_sender(number)},Berlin,{OWNERS[number % 2]},smtp-auth'
        lines.append(f'{about},"Its firmware ends at TLS 1.0","Replaced by a newer model",{due}')
    return "\n".join(lines) + "\n"


def _report(_today: date) -> str:
    head = (
        "Sender address,Domain,TLS 1.0 (percentage),TLS 1.1 (percentage),TLS 1.2 (percentage),Messages sent"
    )
    old = [*map(_sender, range(len(DEVICES))), *UNLISTED]
    rows = [f"{sender},contoso.com,100,0,0,{7 * (place + 3)}" for place, sender in enumerate(old)]
    return "\n".join([head, *rows, "erp@contoso.com,contoso.com,0,0,100,900"]) + "\n"


SAMPLES = {
    "devices": Sample("Twelve devices", "twelve-devices.csv", _devices),
    "report": Sample("The admin centre's report", "smtp-auth-clients.csv", _report),
}


def offered() -> list[JSON]:
    """Return what the page offers beside the person's own files."""
    return [{"id": key, "label": sample.label, "name": sample.name} for key, sample in SAMPLES.items()]


def content(key: str, today: date) -> tuple[str, bytes]:
    """Return the name and the bytes of an offered file. Raises ``KeyError``."""
    sample = SAMPLES[key]
    return sample.name, sample.made(today).encode()
