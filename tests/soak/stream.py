"""Whether a receiver got the whole record of every tenant, in order. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from storage.chain import GENESIS

Event = Mapping[str, Any]


def flaws(arrived: Iterable[Event], recorded: Mapping[str, int]) -> Iterator[str]:
    """What was wrong with the events that were taken, given each tenant's last number.

    Each has to come once at least, and first behind the one before it, by ``seq`` and by ``prev``; again it
    has to be the same.
    """
    seen: dict[str, list[str]] = {}
    for event in arrived:
        tenant, seq = str(event["tenant"]), int(event["seq"])
        hashes = seen.setdefault(tenant, [GENESIS])
        if seq < len(hashes):
            if event["hash"] != hashes[seq]:
                yield f"event {seq} of {tenant} came again and was another"
        elif seq > len(hashes):
            yield f"event {seq} of {tenant} came behind {len(hashes) - 1}"
            hashes += ["?"] * (seq - len(hashes)) + [event["hash"]]
        else:
            if event["prev"] != hashes[-1]:
                yield f"event {seq} of {tenant} does not follow the one before it"
            hashes.append(event["hash"])
    for tenant, last in recorded.items():
        if (got := len(seen.get(tenant, [GENESIS])) - 1) < last:
            yield f"{got} events of {tenant} came, and {last} are on record"
