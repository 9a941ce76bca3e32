"""The sandbox's Microsoft in a process of its own, so that it does not compete with who measures.

``python -m tests.benchmarks.tenant FOLDER`` prints its settings as JSON. Each line of its input orders one
slow read, in seconds; the answer to each is how many reads there were so far.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from bot.sandbox.microsoft.certificates import server_context
from bot.sandbox.microsoft.simulation import Microsoft
from bot.sandbox.shared.server import Server


def main(folder: str) -> None:
    """Serve until the input ends."""
    microsoft = Microsoft(Path(folder), clock=lambda: datetime.now(UTC))
    microsoft.start()
    slack = Server(_agreeing(), tls=server_context(Path(folder) / "server.pem"))
    slack.start()
    print(json.dumps(microsoft.environment | {"SLACK_API_URL": f"{slack.url}/api/"}), flush=True)
    for line in sys.stdin:
        if float(line):
            microsoft.tenant.queue_fault("slow", cmdlet="Get-TransportConfig", count=100, seconds=float(line))
        else:
            microsoft.tenant.clear_faults()
        print(sum(call.cmdlet == "Get-TransportConfig" for call in microsoft.tenant.calls), flush=True)
    slack.stop()
    microsoft.stop()


def _agreeing() -> web.Application:
    """A Web API over TLS that agrees with everything."""

    async def agree(_: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    app = web.Application()
    app.router.add_post("/api/{method}", agree)
    return app


if __name__ == "__main__":
    main(sys.argv[1])
