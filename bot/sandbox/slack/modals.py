"""Hold the modals and App Homes that people have open, and answer ``views.*`` and ``blocks.validate``.

Slack's rules: a trigger id lives 3 seconds and opens one view; at most 3 views lie on each other
(docs.slack.dev/surfaces/modals).
"""

import copy
import time
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.slack.api import Arguments, Method
from bot.sandbox.slack.blockkit import identified, message_problems, view_problems
from bot.sandbox.slack.cast import APP_ID, BOT_ID, TEAM_ID
from bot.sandbox.slack.inputs import initial_values
from bot.sandbox.slack.messages import JSON, SlackError, copied
from bot.sandbox.slack.workspace import Workspace

DEEPEST, KEPT = 3, 5


@dataclass(slots=True)
class View:
    """One open modal of one person."""

    id: str
    user: str
    definition: JSON
    root: str
    previous: str | None
    version: int = 1
    values: JSON = field(default_factory=dict)
    """``state.values``: what is filled in, as far as Slack was told."""
    errors: dict[str, str] | None = None
    earlier: tuple[list[JSON], ...] = ()
    """The blocks of an App Home as it was before, the latest first: a person's screen may be behind."""

    @property
    def hash(self) -> str:
        """Changes with every update."""
        return f"{self.id[1:]}.{self.version}"

    def as_slack(self) -> JSON:
        """Return the ``view`` object of answers and payloads."""
        defaults: JSON = {
            "private_metadata": "", "callback_id": "", "external_id": "", "close": None, "submit": None,
            "clear_on_close": False, "notify_on_close": False,
        }  # fmt: skip
        identity: JSON = {
            "id": self.id, "team_id": TEAM_ID, "app_id": APP_ID, "bot_id": BOT_ID,
            "app_installed_team_id": TEAM_ID, "hash": self.hash, "root_view_id": self.root,
            "previous_view_id": self.previous, "state": {"values": self.values},
        }  # fmt: skip
        view: JSON = copied({**defaults, **self.definition, **identity})
        return view


@dataclass(slots=True)
class Trigger:
    """One interaction's right to open a view."""

    user: str
    born: float
    spent: bool = False


class Modals:
    """Who has which views open. ``trigger_lifetime`` is in seconds of real time."""

    def __init__(self, workspace: Workspace, *, trigger_lifetime: float = 3.0) -> None:
        self._workspace = workspace
        self._lifetime = trigger_lifetime
        self._stacks: dict[str, list[View]] = {}
        self._triggers: dict[str, Trigger] = {}
        self._homes: dict[str, View] = {}

    def trigger(self, user: str) -> str:
        """Return a new trigger id for something that ``user`` just did."""
        number = self._workspace.number()
        trigger = f"{number}.{TEAM_ID}.{number:032x}"
        self._triggers[trigger] = Trigger(user, time.monotonic())
        return trigger

    def spend(self, trigger_id: str) -> str:
        """Return whose trigger it is.

        Raises ``invalid_trigger_id``, ``exchanged_trigger_id`` or ``expired_trigger_id``.
        """
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.spent:
            raise SlackError("exchanged_trigger_id")
        if time.monotonic() - trigger.born > self._lifetime:
            raise SlackError("expired_trigger_id")
        trigger.spent = True
        return trigger.user

    def stack(self, user: str) -> list[View]:
        """Open views of this person, topmost last."""
        return list(self._stacks.get(user, []))

    def view(self, view_id: str, *, user: str | None = None) -> View:
        """Return an open view by its id, of ``user`` if given. Raises ``not_found``."""
        for stack in [*self._stacks.values(), list(self._homes.values())]:
            for view in stack:
                if view_id == view.id and user in {None, view.user}:
                    return view
        raise SlackError("not_found")

    def home(self, user: str) -> View | None:
        """Return the App Home that was published for this person; ``None`` before."""
        return self._homes.get(user)

    def publish(self, user: str, definition: Any, *, over: str) -> View:
        """Publish a person's App Home, ``over`` the one with this hash if given.

        Raises ``hash_conflict``, ``invalid_arguments`` or ``user_not_found``.
        """
        checked, known = self._checked(definition), self._homes.get(self._workspace.member(user).id)
        if over and (known is None or over != known.hash):
            raise SlackError("hash_conflict")
        with self._workspace.changing():
            identity = known.id if known else f"V{self._workspace.number():08X}"
            view = View(identity, user, checked, identity, None, version=known.version + 1 if known else 1)
            view.earlier = (known.definition["blocks"], *known.earlier)[:KEPT] if known else ()
            self._homes[user] = view
        return view

    def open(self, user: str, definition: Any, *, upon: View | None = None) -> View:
        """Show a view, ``upon`` another one if given.

        Raises ``invalid_arguments`` or ``push_limit_reached``.
        """
        checked = self._checked(definition)
        with self._workspace.changing():
            stack = self._stacks.setdefault(user, [])
            if len(stack) >= DEEPEST:
                raise SlackError("push_limit_reached")
            identity = f"V{self._workspace.number():08X}"
            view = View(identity, user, checked, upon.root if upon else identity, upon.id if upon else None)
            view.values = initial_values(checked["blocks"])
            stack.append(view)
        return view

    def update(self, view: View, definition: Any) -> View:
        """Replace what a view shows; what was filled in under ids that stay is kept.

        Raises ``invalid_arguments``.
        """
        checked = self._checked(definition)
        with self._workspace.changing():
            kept = view.values
            view.definition, view.errors, view.version = checked, None, view.version + 1
            view.values = initial_values(checked["blocks"])
            for block, actions in view.values.items():
                actions |= {name: state for name, state in kept.get(block, {}).items() if name in actions}
        return view

    def fill(self, view: View, values: JSON, errors: dict[str, str] | None) -> None:
        """Remember what is filled in and what was found wrong with it."""
        with self._workspace.changing():
            view.values, view.errors = values, errors

    def close(self, view: View) -> None:
        """Take a view away, with all that lie upon it."""
        with self._workspace.changing():
            stack = self._stacks.get(view.user, [])
            if view in stack:
                del stack[stack.index(view) :]

    def clear(self, user: str) -> None:
        """Take all views of this person away."""
        with self._workspace.changing():
            self._stacks.pop(user, None)

    def _checked(self, definition: Any) -> JSON:
        if problems := view_problems(definition):
            raise SlackError("invalid_arguments", messages=problems)
        checked: JSON = copy.deepcopy(
            {name: value for name, value in definition.items() if value is not None}
        )
        identified(checked["blocks"], self._workspace.number)
        return checked


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
