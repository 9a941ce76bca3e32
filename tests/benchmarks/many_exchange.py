"""Answer for thousands of tenants as cheaply as an honest server can: sign-in and readings over TLS.

``python -m tests.benchmarks.many_exchange FOLDER`` prints its settings as JSON; each line of its input is
answered by one of JSON: ``delay SECONDS`` (how long a reading takes), ``forget`` (the readings so far) or
``report``. It stands in a process of its own: on two processors the simulation's own work would be most of
what is measured.
"""

import asyncio
import json
import re
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from bot.sandbox.microsoft.certificates import Root, client_certificate, server_context, write_private

CLIENT_ID = "cccccccc-2222-3333-4444-555555555555"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
READING = b"Get-TransportConfig"
TOKEN = json.dumps({"token_type": "Bearer", "expires_in": 86399, "access_token": "t" * 1500}).encode()
PADDING = {f"Setting{number}": "as in every tenant" for number in range(80)}
"""An answer of the real service has some three kilobytes."""


def tenant_id(number: int) -> str:
    """The id of the simulated tenant with this number."""
    return f"{number:08x}-2222-4333-8444-555555555555"


def organization(tenant: str) -> str:
    """The initial domain of a tenant."""
    return f"tenant{tenant[:8]}.onmicrosoft.com"


@dataclass
class Readings:
    """What was asked of each tenant, by the wall clock."""

    delay: float = 0.0
    times: dict[str, list[float]] = field(default_factory=dict)
    in_flight: dict[str, int] = field(default_factory=dict)
    most_of_one: int = 0
    most: int = 0
    connections: int = 0

    def begin(self, tenant: str) -> None:
        """One reading arrived."""
        self.times.setdefault(tenant, []).append(time.time())
        self.in_flight[tenant] = self.in_flight.get(tenant, 0) + 1
        self.most_of_one = max(self.most_of_one, self.in_flight[tenant])
        self.most = max(self.most, len(self.in_flight))

    def end(self, tenant: str) -> None:
        """One was answered."""
        self.in_flight[tenant] -= 1
        if not self.in_flight[tenant]:
            del self.in_flight[tenant]

    def forget(self) -> None:
        """Begin to count anew."""
        self.times, self.most_of_one, self.most, self.connections = {}, 0, 0, 0

    def report(self) -> dict[str, object]:
        """Everything, for JSON."""
        counts = {"most_of_one": self.most_of_one, "most": self.most, "connections": self.connections}
        return {**counts, "times": self.times}


class Conversation(asyncio.Protocol):
    """One kept-alive connection."""

    def __init__(self, readings: Readings, origin: str) -> None:
        self._readings = readings
        self._origin = origin
        self._taken = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody connected."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._readings.connections += 1

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._taken += data
        while (end := self._taken.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._taken[:end])
            length = int(found[1]) if (found := LENGTH.search(head)) else 0
            if len(self._taken) < end + 4 + length:
                return
            del self._taken[: end + 4 + length]
            self._answer(head.split(b" ", 2)[1].decode(), is_reading=READING in head)

    def _answer(self, path: str, *, is_reading: bool) -> None:
        if is_reading:
            tenant = path.split("/")[3]
            self._readings.begin(tenant)
            asyncio.get_running_loop().call_later(self._readings.delay, self._told, tenant)
        elif path.endswith("/oauth2/v2.0/token"):
            self._send(TOKEN)
        elif path.endswith("/InvokeCommand"):
            self._send(b'{"value": []}')
        else:
            self._send(json.dumps(self._discovered(path.split("/")[1])).encode())

    def _told(self, tenant: str) -> None:
        self._readings.end(tenant)
        row = {"OrganizationalUnitRoot": organization(tenant), "AllowLegacyTLSClients": None, **PADDING}
        self._send(json.dumps({"value": [row]}).encode())

    def _discovered(self, tenant: str) -> dict[str, str]:
        base = f"{self._origin}/{tenant}"
        ends = {f"{name}_endpoint": f"{base}/oauth2/v2.0/{name.removesuffix('ization')}" for name in ENDS}
        return {"issuer": f"{base}/v2.0", "jwks_uri": f"{base}/discovery/v2.0/keys", **ends}

    def _send(self, body: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


ENDS = ("token", "authorization")


async def serve(folder: Path) -> None:
    """Serve until the input ends."""
    root, readings = Root(), Readings()
    write_private(folder / "ca.pem", root.pem())
    write_private(folder / "client.pem", client_certificate("legacytls").pem())
    write_private(folder / "server.pem", root.server().pem())
    loop = asyncio.get_running_loop()
    origin = ""
    server = await loop.create_server(
        lambda: Conversation(readings, origin),
        "127.0.0.1",
        0,
        ssl=server_context(folder / "server.pem"),
        backlog=512,
    )
    origin = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    environment = {
        "AZURE_CLIENT_ID": CLIENT_ID,
        "AZURE_CLIENT_CERTIFICATE_PATH": str(folder / "client.pem"),
        "AZURE_AUTHORITY_HOST": origin,
        "EXCHANGE_API_URL": origin,
        "REQUESTS_CA_BUNDLE": str(folder / "ca.pem"),
    }
    print(json.dumps(environment), flush=True)
    done = asyncio.Event()
    threading.Thread(target=_listen, args=(loop, readings, done), daemon=True).start()
    await done.wait()
    server.close()


def _listen(loop: asyncio.AbstractEventLoop, readings: Readings, done: asyncio.Event) -> None:
    def answer(line: str) -> None:
        what, _, value = line.strip().partition(" ")
        if what == "delay":
            readings.delay = float(value)
        elif what == "forget":
            readings.forget()
        print(json.dumps(readings.report() if what == "report" else {}), flush=True)

    for line in sys.stdin:
        loop.call_soon_threadsafe(answer, line)
    loop.call_soon_threadsafe(done.set)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
