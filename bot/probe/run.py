"""Probe endpoints, one connection a version in turn for each, several at a time; show the outcomes."""

import asyncio
import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

from bot.probe.connection import Addresses, NoTls, OutOfReach, connect, look_up, open_with
from bot.probe.handshake import Seen, client, shake_hands, why_not
from bot.probe.targets import opening_of
from bot.probe.verdicts import judge
from bot.terminal import is_terminal, line, progress, table
from handlers.probe_ports import ProbeOutcome, ProbeRow, ProbeTarget, TlsVersion

SECONDS: Final = 5.0
"""What one connection may take, from its first packet to the end of its handshake; and the look-up of a
name."""

AT_ONCE: Final = 8
"""Endpoints probed at the same time."""

RESET: Final = (
    "the connection was reset before TLS could begin (by the endpoint, or by a firewall on the way)"
)


def probe(targets: Iterable[ProbeTarget], *, seconds: float = SECONDS) -> list[ProbeRow]:
    """Return what each endpoint does with each TLS version, in the order given: four rows an endpoint.

    Raises nothing of the network's. At most ``seconds`` for each version, and for the name before them. No
    credential and no mail is sent.
    """
    here = {version: why_not(version) for version in TlsVersion}
    return asyncio.run(_all(list(targets), here, seconds))


async def _all(targets: Sequence[ProbeTarget], here: dict[TlsVersion, str], seconds: float) -> list[ProbeRow]:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(target: ProbeTarget) -> list[ProbeRow]:
        async with room:
            return await _Probing(target, here, seconds).rows()

    return [row for rows in await asyncio.gather(*map(one, targets)) for row in rows]


class _Probing:
    """One endpoint being probed. ``here``: why this machine cannot speak a version; empty where it can."""

    def __init__(self, target: ProbeTarget, here: dict[TlsVersion, str], seconds: float) -> None:
        self._target = target
        self._here = here
        self._seconds = seconds
        self._opening = opening_of(target)

    async def rows(self) -> list[ProbeRow]:
        """One row a version.

        What fails before TLS begins has nothing to do with the version, and is not tried again.
        """
        seen: dict[TlsVersion, Seen] = {}
        verdicts = {
            version: (ProbeOutcome.NOT_TESTABLE, _cannot(why)) for version, why in self._here.items() if why
        }
        tested = [version for version, why in self._here.items() if not why]
        try:
            addresses = await self._look_up()
            for version in tested:
                seen[version] = await self._try(version, addresses)
        except OutOfReach as away:
            verdicts |= dict.fromkeys(tested, (ProbeOutcome.UNREACHABLE, str(away)))
        except NoTls as without:
            verdicts |= dict.fromkeys(tested, (ProbeOutcome.UNKNOWN, str(without)))
        verdicts |= judge(seen)
        return [ProbeRow(self._target, version, *verdicts[version]) for version in TlsVersion]

    async def _look_up(self) -> Addresses:
        try:
            async with asyncio.timeout(self._seconds):
                return await look_up(self._target)
        except TimeoutError:
            raise OutOfReach("the name was not looked up in time: check this machine's DNS") from None

    async def _try(self, version: TlsVersion, addresses: Addresses) -> Seen:
        """One connection and one handshake. Raises ``OutOfReach`` and ``NoTls``."""
        deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(deadline):
                reader, writer = await connect(addresses)
        except TimeoutError:
            raise OutOfReach(
                "no connection came about in time (a firewall on the way, or no such host)"
            ) from None
        except OSError:
            raise NoTls(RESET) from None
        try:
            await self._open(reader, writer, deadline)
            return await shake_hands(reader, writer, client(version), self._target.host, deadline=deadline)
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await writer.wait_closed()

    async def _open(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, deadline: float
    ) -> None:
        """Get to where TLS begins; remember what a port of unknown use speaks for the next version."""
        try:
            async with asyncio.timeout_at(deadline):
                self._opening = await open_with(self._opening, reader, writer)
        except TimeoutError:
            raise NoTls(
                "it was reached and did not say in time what TLS begins with (it greets late, or not at all)"
            ) from None
        except OSError:
            raise NoTls(RESET) from None


def _cannot(why: str) -> str:
    return f"this machine's OpenSSL cannot speak this version ({why})"


COLUMNS = ("Endpoint", "TLS", "Outcome", "Detail")
PROVES = (
    "This is what the endpoints do towards this machine, never whether the tenant is opted in: `legacytls "
    "status` tells that."
)

TOLD = frozenset({ProbeOutcome.ACCEPTED, ProbeOutcome.REFUSED})
"""Outcomes that say something of the endpoint."""


def probe_and_show(targets: Sequence[ProbeTarget], *, as_json: bool) -> int:
    """Probe each endpoint once and write the result; returns 1 where a version could not be told, else 0."""
    targets = tuple(dict.fromkeys(targets))
    with progress(
        f"Probing {', '.join(map(str, targets))}: one connection a TLS version, 5 seconds each at most…"
    ):
        rows = probe(targets)
    if as_json:
        sys.stdout.write(json.dumps([_data(row) for row in rows], indent=2) + "\n")
    else:
        _show(rows)
    return 0 if all(row.outcome in TOLD for row in rows) else 1


def _show(rows: Sequence[ProbeRow]) -> None:
    if is_terminal():
        table(COLUMNS, [(str(row.target), row.tls.value, row.outcome.value, row.detail) for row in rows])
    else:
        for row in rows:
            line(f"{row.target}  TLS {row.tls}  {row.outcome}: {row.detail}")
    line(PROVES)


def _data(row: ProbeRow) -> dict[str, str | int]:
    return {
        "host": row.target.host,
        "port": row.target.port,
        "tls": row.tls.value,
        "outcome": row.outcome.value,
        "detail": row.detail,
    }
