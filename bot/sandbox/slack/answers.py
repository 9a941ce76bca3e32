"""How the simulated Slack answers over HTTP when a fault was ordered: late, wrongly, or with a reset."""

import asyncio

from aiohttp import web

from bot.sandbox.shared.wire import reset
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.faults import Fault

LONGEST_SILENCE = 60.0


async def instead(request: web.Request, fault: Fault) -> web.StreamResponse | None:
    """What ``fault`` puts in the place of the work; ``None`` when the work is still to be done."""
    match fault.name:
        case "slow":
            await asyncio.sleep(fault.patience(2.0))
            return None
        case "lost_answer":
            return None
        case "timeout":
            await asyncio.sleep(fault.patience(LONGEST_SILENCE))
            return reset(request)
        case "reset":
            return reset(request)
        case "ratelimited":
            retry_after = {"Retry-After": f"{fault.patience(1):g}"}
            return web.json_response(SlackError("ratelimited").as_answer(), status=429, headers=retry_after)
        case "server_error":
            return web.Response(status=500)
        case "bad_gateway":
            return web.Response(
                status=502, text="<html><body>Bad Gateway</body></html>", content_type="text/html"
            )
        case code:
            return web.json_response(SlackError(code).as_answer())
