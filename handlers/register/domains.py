"""Warn of senders whose domain is none of the tenant's: their address may be mistyped.

It is a warning and nothing else: the role may lack the look-up, and a domain may have been added a moment
ago.
"""

import time
from collections.abc import Iterable

from handlers.policy.mail_addresses import as_ascii, ascii_domain
from handlers.ports import AcceptedDomains, Lookups, Unavailable

REMEMBERED = 3600.0
"""Seconds for which the tenant's domains, or that they cannot be told, are not asked for again."""

NAMED = 5


class Domains:
    """Remember the tenant's domains for a while; thread-safe. Without ``lookups`` none is known."""

    def __init__(self, lookups: Lookups | None) -> None:
        self._lookups = lookups
        self._known: tuple[float, AcceptedDomains | None] | None = None

    def warning(self, senders: Iterable[str]) -> str:
        """Return a sentence about domains that are none of the tenant's; empty where none is."""
        known = self._accepted()
        if known is None or not known.complete:
            return ""
        names = {as_ascii(name) for name in known.names}
        found = dict.fromkeys(ascii_domain(sender) for sender in senders)
        foreign = [
            domain
            for domain in found
            if not any(domain == name or domain.endswith(f".{name}") for name in names)
        ]
        if not foreign:
            return ""
        more = f" and {len(foreign) - NAMED} more" if len(foreign) > NAMED else ""
        listed = f"{', '.join(foreign[:NAMED])}{more} {'is' if len(foreign) == 1 else 'are'}"
        return f"Mind: {listed} not among the tenant's domains, so check the sender's address."

    def _accepted(self) -> AcceptedDomains | None:
        known = self._known
        if known is None or time.monotonic() - known[0] >= REMEMBERED:
            known = self._known = time.monotonic(), self._asked()
        return known[1]

    def _asked(self) -> AcceptedDomains | None:
        try:
            return self._lookups.accepted_domains() if self._lookups is not None else None
        except Unavailable:
            return None
