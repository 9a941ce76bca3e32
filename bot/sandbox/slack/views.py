"""Web API methods about modals: ``views.open``, ``views.push`` and ``views.update``."""

from bot.sandbox.slack.api import Arguments, Method
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.messages import JSON
from bot.sandbox.slack.modals import Modals


class Views:
    """What is wrong with a view is answered as ``invalid_arguments``, as Slack does (``invalid_blocks`` is for messages)."""

    def __init__(self, modals: Modals) -> None:
        self._modals = modals

    def methods(self) -> dict[str, Method]:
        """What this module answers; no scope beyond the token's own."""
        return {"views.open": Method(self._open), "views.push": Method(self._push), "views.update": Method(self._update)}

    def _open(self, arguments: Arguments) -> JSON:
        user = self._modals.spend(arguments.need("trigger_id"))
        return {"view": self._modals.open(user, arguments.decoded("view")).as_slack()}

    def _push(self, arguments: Arguments) -> JSON:
        user = self._modals.spend(arguments.need("trigger_id"))
        stack = self._modals.stack(user)
        return {"view": self._modals.open(user, arguments.decoded("view"), upon=stack[-1] if stack else None).as_slack()}

    def _update(self, arguments: Arguments) -> JSON:
        view = self._modals.view(arguments.text("view_id") or arguments.need("external_id"))
        if arguments.text("hash") not in {"", view.hash}:
            raise SlackError("hash_conflict")
        return {"view": self._modals.update(view, arguments.decoded("view")).as_slack()}
