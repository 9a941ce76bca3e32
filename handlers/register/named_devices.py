"""Judge the entries a request names: whether they can be named now, and how they read."""

from collections.abc import Collection, Sequence

from storage.devices.records import Device
from storage.ledger import Entry


def naming_problem(entry: Entry, numbers: Collection[int]) -> str:
    """Return why these entries cannot be named by a request, as a sentence; empty where they can."""
    there = {device.id: device for device in entry.reader.devices.named(numbers)}
    gone = [number for number in sorted(numbers) if number not in there or there[number].has_ended]
    if gone:
        names = ", ".join(f"D{number}" for number in gone)
        return (
            f"No request was opened: {names} {'is' if len(gone) == 1 else 'are'} not on the register any "
            "more. Choose again."
        )
    altered = next((device.name for device in there.values() if not entry.reader.devices.agrees(device)), "")
    return (
        f"No request was opened: {altered} does not agree with the record (`legacytls verify`)."
        if altered
        else ""
    )


def as_listed(entry: Entry, typed: str, numbers: Sequence[int]) -> str:
    """Return what a request lists: typed devices, then named entries, one a line."""
    return "\n".join(
        [
            *([typed] if typed.strip() else []),
            *(_line(device) for device in entry.reader.devices.named(numbers)),
        ]
    )


def typed_beside(listed: str, entries: int) -> str:
    """Return what was typed in a list of so many entries: all but its last lines, one each."""
    lines = listed.split("\n")
    return "\n".join(lines[: max(0, len(lines) - entries)])


SHOWN = 80
"""Characters of a name or a site in that list: a hundred entries fit into one message; the register has the
whole."""


def _line(device: Device) -> str:
    site = f", {_flat(device.site)}" if device.site else ""
    return (
        f"{device.name} {_flat(device.device)}{site}, "
        f"{f'@{device.owner_id}' if device.owner_id else 'no owner'}"
    )


def _flat(text: str) -> str:
    return " ".join(text.split())[:SHOWN]
