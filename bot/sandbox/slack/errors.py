"""Refuse in the simulated Slack's one way: Slack's error code and what it tells the developer."""

from collections.abc import Sequence


class SlackError(Exception):
    """Refuse by Slack's code (``channel_not_found``); ``details`` are further fields of the answer.

    ``messages`` end up in ``response_metadata.messages``. People acting in the sandbox get the same refusal
    as an exception.
    """

    def __init__(self, code: str, *, messages: Sequence[str] = (), **details: object) -> None:
        super().__init__(": ".join([code, *messages]))
        self.code = code
        self.messages = tuple(messages)
        self.details = details

    def as_answer(self) -> dict[str, object]:
        """Return the body of the Web API's answer, always sent with HTTP status 200."""
        answer: dict[str, object] = {"ok": False, "error": self.code, **self.details}
        if self.messages:
            answer["response_metadata"] = {"messages": list(self.messages)}
        return answer
