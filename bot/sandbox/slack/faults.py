"""Faults that a person or a test orders for the next calls of a Web API method."""

from dataclasses import dataclass

from bot.sandbox.shared.fault_queue import Ordered

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
