"""Answer ``views.open``, ``push``, ``publish`` and ``blocks.validate``."""

from bot.sandbox.slack.api import Arguments, Method
from bot.sandbox.slack.blockkit import message_problems, view_problems
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.messages import JSON
from bot.sandbox.slack.modals import Modals


class Views:
    """Answer a wrong view with ``invalid_arguments``, as Slack does (messages: ``invalid_blocks``)."""

    def __init__(self, modals: Modals) -> None:
        self._modals = modals

    def methods(self) -> dict[str, Method]:
        """Return what this module answers; no scope beyond the token's own."""
        return {
            "views.open": Method(self._open), "views.push": Method(self._push),
            "views.publish": Method(self._publish), "blocks.validate": Method(_validate),
        }  # fmt: skip

    def _open(self, arguments: Arguments) -> JSON:
        user = self._modals.spend(arguments.need("trigger_id"))
        return {"view": self._modals.open(user, arguments.decoded("view")).as_slack()}

    def _push(self, arguments: Arguments) -> JSON:
        user = self._modals.spend(arguments.need("trigger_id"))
        stack = self._modals.stack(user)
        return {
            "view": self._modals.open(
                user, arguments.decoded("view"), upon=stack[-1] if stack else None
            ).as_slack()
        }

    def _publish(self, arguments: Arguments) -> JSON:
        view = self._modals.publish(
            arguments.need("user_id"), arguments.decoded("view"), over=arguments.text("hash")
        )
        return {"view": view.as_slack()}


def _validate(arguments: Arguments) -> JSON:
    """Judge a layout as ``blocks.validate`` does, without posting it (docs.slack.dev)."""
    if (view := arguments.decoded("view")) is not None:
        _refuse("invalid_view", view_problems(view))
    elif (message := arguments.decoded("message")) is not None:
        _refuse(
            "invalid_message",
            message_problems(message.get("blocks", [])) if isinstance(message, dict) else [NO_OBJECT],
        )
    else:
        _refuse("invalid_blocks", message_problems(arguments.decoded("blocks")))
    return {}


NO_OBJECT = "must be an object [json-pointer:/message]"


def _refuse(code: str, problems: list[str]) -> None:
    if problems:
        raise SlackError(code, errors=[_error(found) for found in problems])


def _error(found: str) -> JSON:
    """One problem as Slack words it: what, and where."""
    message, _, pointer = found.removesuffix("]").partition(" [json-pointer:")
    return {"pointer": pointer, "code": "invalid", "message": message.removeprefix("[ERROR] ")}
