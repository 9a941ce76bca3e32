"""Do what a person can do on the page, from one JSON object each: in Slack, or to the surroundings."""

import base64
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

from bot.sandbox.console import samples
from bot.sandbox.console.controls import BOT_ACTIONS, Controls
from bot.sandbox.shared.fault_queue import FaultQueue
from bot.sandbox.slack.cast import Member
from bot.sandbox.slack.faults import Fault
from bot.sandbox.slack.inputs import Wanted
from bot.sandbox.slack.interactions import Interactions
from bot.sandbox.slack.messages import JSON

Act = Callable[[JSON], JSON]
"""Takes the request's object, returns what is added to ``{"ok": true}``. A missing field is a
``KeyError``."""

C = TypeVar("C", bound=Callable[..., Any])


class Refused(Exception):
    """The sandbox cannot do this; the text is a sentence for the person."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class PersonActs:
    """What people do in Slack; ``give`` leaves a file with Slack, ``today`` is the sandbox's present day."""

    def __init__(
        self, people: Interactions, give: Callable[[str, bytes], JSON], today: Callable[[], date]
    ) -> None:
        self._people = people
        self._give = give
        self._today = today

    def acts(self) -> dict[str, Act]:
        """By the last word of the path."""
        return {
            "command": self._command, "say": self._say, "press": self._press,
            "submit": self._submit, "close": self._close, "react": self._react,
            "open_home": self._open_home, "shortcut": self._shortcut,
        }  # fmt: skip

    def _command(self, given: JSON) -> JSON:
        self._people.command(given["as"], given["text"], given["channel"])
        return {}

    def _say(self, given: JSON) -> JSON:
        self._people.say(given["as"], given["text"], given["channel"])
        return {}

    def _press(self, given: JSON) -> JSON:
        wanted = Wanted(given["action_id"], given.get("block_id"), given.get("value"), given.get("selected"))
        self._people.press(given["as"], given.get("channel"), given.get("view_id") or given["ts"], wanted)
        return {}

    def _open_home(self, given: JSON) -> JSON:
        self._people.open_home(given["as"])
        return {}

    def _shortcut(self, given: JSON) -> JSON:
        self._people.shortcut(given["as"], given["callback_id"])
        return {}

    def _submit(self, given: JSON) -> JSON:
        values = {field: self._given(value) for field, value in given["values"].items()}
        errors = self._people.submit(given["as"], given["view_id"], values, whole=True)
        return {"ok": False, "errors": errors} if errors else {}

    def _given(self, value: Any) -> Any:
        """What was filled in; a chosen file is left with Slack first, as Slack's client does."""
        return (
            [self._file(each) if isinstance(each, dict) else each for each in value]
            if isinstance(value, list)
            else value
        )

    def _file(self, chosen: JSON) -> JSON:
        if "sample" in chosen:
            return self._give(*samples.content(chosen["sample"], self._today()))
        try:
            return self._give(str(chosen["name"]), base64.b64decode(chosen["content"], validate=True))
        except ValueError:
            raise Refused(400, "The file did not arrive whole.") from None

    def _close(self, given: JSON) -> JSON:
        self._people.close_view(given["as"], given["view_id"])
        return {}

    def _react(self, given: JSON) -> JSON:
        self._people.react(
            given["as"], given["channel"], given["ts"], given["name"], remove=bool(given.get("remove"))
        )
        return {}


class WorldActs:
    """What happens around the bot; ``controls`` is asked each time, since it may be filled in later.

    ``member`` finds the person who changes the setting; who does not say who they are is Carol.
    """

    def __init__(
        self, controls: Callable[[], Controls], faults: FaultQueue[Fault], member: Callable[[str], Member]
    ) -> None:
        self._controls = controls
        self._faults = faults
        self._member = member

    def acts(self) -> dict[str, Act]:
        """By the last word of the path."""
        return {
            "tenant": self._tenant, "smtp_auth": self._smtp_auth, "fault": self._fault,
            "clear_faults": self._clear_faults, "slack_fault": self._slack_fault, "clock": self._clock,
            "bot": self._bot,
        }  # fmt: skip

    def _tenant(self, given: JSON) -> JSON:
        if given["value"] not in (True, False, None):
            raise Refused(400, "The setting is true, false or null.")
        actor = self._member(given.get("as", "U0CAROL")).email
        _there(self._controls().set_value, "no tenant")(given["value"], actor)
        return {}

    def _smtp_auth(self, given: JSON) -> JSON:
        _there(self._controls().disable_smtp_auth, "no tenant")(bool(given["disabled"]))
        return {}

    def _fault(self, given: JSON) -> JSON:
        _there(self._controls().queue_fault, "no tenant")(
            given["name"], int(given.get("count", 1)), given.get("cmdlet")
        )
        return {}

    def _clear_faults(self, _given: JSON) -> JSON:
        self._faults.clear()
        if (clear := self._controls().clear_faults) is not None:
            clear()
        return {}

    def _slack_fault(self, given: JSON) -> JSON:
        self._faults.add(
            Fault(
                given["method"],
                given["name"],
                remaining=int(given.get("count", 1)),
                seconds=given.get("seconds"),
            )
        )
        return {}

    def _clock(self, given: JSON) -> JSON:
        seconds = float(given["advance_seconds"])
        if seconds < 0:
            raise Refused(400, "The clock only moves forward.")
        _there(self._controls().advance_clock, "no clock that can be moved")(seconds)
        return {}

    def _bot(self, given: JSON) -> JSON:
        if given["action"] not in BOT_ACTIONS:
            raise Refused(400, f"The bot can be told to {', '.join(BOT_ACTIONS)}.")
        _there(self._controls().bot_action, "no bot of its own")(given["action"])
        return {}


def _there(control: C | None, lack: str) -> C:
    if control is None:
        raise Refused(409, f"This sandbox has {lack}.")
    return control
