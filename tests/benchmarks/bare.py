"""What the bot is measured beside, each a process of its own: Bolt without anything on it, and no Bolt at
all.

``python -m tests.benchmarks.bare inline|default|floor socket|http``; the port of HTTP is printed.
"""

import asyncio
import hashlib
import hmac
import json
import os
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs


def bolt(*, inline: bool, socket_mode: bool) -> None:
    """One command that only acknowledges, in Bolt's default way or inline."""
    from slack_bolt import Ack, App
    from slack_sdk import WebClient

    client = WebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
    app = App(
        client=client, signing_secret=os.environ["SLACK_SIGNING_SECRET"], process_before_response=inline
    )

    @app.command("/legacytls")
    def acknowledge(ack: Ack) -> None:
        ack()

    if socket_mode:
        from slack_bolt.adapter.socket_mode import SocketModeHandler

        SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).connect()  # type: ignore[no-untyped-call]
        threading.Event().wait()
    else:
        from slack_bolt.adapter.wsgi import SlackRequestHandler

        serve(SlackRequestHandler(app))


def serve(application: Callable[..., Iterable[bytes]]) -> None:
    import logging

    from waitress.server import create_server

    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = create_server(application, host="127.0.0.1", port=0, threads=16)
    print(server.effective_port, flush=True)
    server.run()


def _checked(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """The least an HTTP endpoint of Slack's has to do: check the signature, read the form."""
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    stamped = b"v0:" + environ["HTTP_X_SLACK_REQUEST_TIMESTAMP"].encode() + b":" + body
    digest = hmac.new(os.environ["SLACK_SIGNING_SECRET"].encode(), stamped, hashlib.sha256).hexdigest()
    good = hmac.compare_digest(f"v0={digest}", environ["HTTP_X_SLACK_SIGNATURE"]) and "command" in parse_qs(
        body.decode()
    )
    start("200 OK" if good else "401 Unauthorized", [("Content-Length", "0")])
    return []


async def _echo() -> None:
    """The least a Socket Mode client has to do: read an envelope, send its id back."""
    import aiohttp

    token, base = os.environ["SLACK_APP_TOKEN"], os.environ["SLACK_API_URL"]
    async with aiohttp.ClientSession() as session:
        opened = await session.post(
            f"{base}apps.connections.open", headers={"Authorization": f"Bearer {token}"}
        )
        async with session.ws_connect((await opened.json())["url"]) as socket:
            async for message in socket:
                envelope = json.loads(message.data)
                if "envelope_id" in envelope:
                    await socket.send_str(json.dumps({"envelope_id": envelope["envelope_id"]}))


def main(kind: str, mode: str) -> None:
    """Serve until ended."""
    if kind != "floor":
        bolt(inline=kind == "inline", socket_mode=mode == "socket")
    elif mode == "socket":
        asyncio.run(_echo())
    else:
        serve(_checked)


if __name__ == "__main__":
    main(*sys.argv[1:])
