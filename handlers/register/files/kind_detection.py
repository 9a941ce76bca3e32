"""Detect by its content what somebody exported: the report, sign-ins, a message, a list of devices.

The one door.
"""

from collections.abc import Mapping
from types import MappingProxyType

from handlers.register.files import message, sign_ins, smtp_clients
from handlers.register.files.columns import OF_LIST, SENDER, columns_of_list, seen
from handlers.register.files.decoding import NotRead, decoded
from handlers.register.files.parsed_file import FileKind, Parsed
from handlers.register.files.table import Table, table

NO_NAMES: Mapping[str, str] = MappingProxyType({})

NOTHING_KNOWN = (
    "This file is neither the SMTP AUTH clients report, nor a download of sign-ins, nor a saved message, "
    "nor a list of devices."
)


def read(data: bytes, named: Mapping[str, str] = NO_NAMES) -> Parsed:
    """Read a file; ``named`` says of a field which column it is.

    Raises ``NotRead``: then nothing was understood, or too much.
    """
    text = decoded(data)
    if text.lstrip()[:1] in ("[", "{"):
        return sign_ins.parse_json(text)
    if message.is_message(text):
        return message.parse(text)
    found = table(text)
    if _is_list(found, named):
        return _listed(found, named)
    if sign_ins.is_sign_ins(found):
        return sign_ins.parse_table(found)
    if smtp_clients.is_report(found, named):
        return smtp_clients.parse(found, named)
    raise NotRead(f"{NOTHING_KNOWN} {seen(found.header)} {smtp_clients.HOW_TO_MAP}")


def _is_list(found: Table, named: Mapping[str, str]) -> bool:
    """A list names devices, and whose they are or until when; no export of Microsoft's does."""
    if any(field not in OF_LIST for field in named):
        return False
    places = columns_of_list(found.header, named)
    return {"device", SENDER} <= set(places) and bool({"owner", "due"} & set(places))


def _listed(found: Table, named: Mapping[str, str]) -> Parsed:
    places = columns_of_list(found.header, named)
    rows = tuple(
        {field: row[place].strip() for field, place in places.items() if place < len(row)}
        | {"row": str(number)}
        for number, row in found.numbered()
    )
    return Parsed(FileKind.DEVICES, len(rows), listed=rows)
