"""Order faults for the next calls of the simulated Slack, and answer so: late, wrongly, with a reset."""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from bot.sandbox.shared.fault_queue import Ordered
from bot.sandbox.shared.wire import reset
from bot.sandbox.slack.messages import SlackError

FAULTS: dict[str, str] = {
    "ratelimited": "429 with Retry-After (default 1 s), nothing done",
    "server_error": "500 with an empty body, nothing done",
    "bad_gateway": "502 with an HTML page, nothing done",
    "slow": "Answers late (default 2 s)",
    "timeout": "Nothing done and no answer until the caller gives up (at most 60 s)",
    "reset": "Connection reset, nothing done",
    "lost_answer": "Done, then the connection is reset",
    **dict.fromkeys(("not_in_channel", "channel_not_found", "is_archived"), "Refused because of the channel"),
    **dict.fromkeys(("token_revoked", "invalid_auth", "account_inactive"), "Refused because of the token"),
    **dict.fromkeys(
        ("user_not_found", "message_not_found", "fatal_error", "internal_error"), "Refused with this error"
    ),
}
"""Name and label of every fault; the last ones are Slack's own error codes."""

ANY = "*"
RESPONSE_URL = "response_url"
"""Stands in the place of a method for posts to a response_url."""


@dataclass(frozen=True, slots=True)
class Fault(Ordered):
    """A fault ordered for the next calls of ``method``, of ``channel`` if one is named.

    Raises ``ValueError`` for an unknown name.
    """

    method: str
    name: str
    channel: str | None = None

    def __post_init__(self) -> None:
        if self.name not in FAULTS:
            raise ValueError(f"There is no fault {self.name!r}; there are {', '.join(FAULTS)}.")

    def meets(self, call: str, detail: str = "") -> bool:
        """Tell whether this fault was ordered for a call of ``call`` about the channel ``detail``."""
        return self.method in {call, ANY} and self.channel in {None, detail}


LONGEST_SILENCE = 60.0


async def faulty_answer(request: web.Request, fault: Fault) -> web.StreamResponse | None:
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
