"""What the page shows: the whole sandbox as one person sees it, as one JSON document."""

from bot.sandbox.console import samples
from bot.sandbox.console.controls import Controls
from bot.sandbox.slack.cast import BOT_USER, Channel, Member
from bot.sandbox.slack.messages import JSON
from bot.sandbox.slack.modals import Modals
from bot.sandbox.slack.workspace import Workspace
from handlers.slack.listeners.commands import SUBCOMMANDS
from handlers.slack.scopes import SHORTCUT, SHORTCUT_NAME
from handlers.suggested import without_alias


def state(
    workspace: Workspace, modals: Modals, controls: Controls, *, as_: str, command: str, connected: bool
) -> JSON:
    """Return everything that ``as_`` sees. Raises ``user_not_found``."""
    person = workspace.member(as_)
    revision = workspace.revision
    channels = [channel for channel in workspace.channels() if _is_listed(channel, person)]
    return {
        "revision": revision,
        "now": workspace.clock().isoformat(),
        "bot_user": BOT_USER,
        "people": [_person(member) for member in workspace.members()],
        "groups": [{"id": group.id, "handle": group.handle} for group in workspace.groups()],
        "channels": [_channel(channel, as_) for channel in channels],
        "messages": {
            channel.id: workspace.messages(channel.id, as_) for channel in channels if as_ in channel.members
        },
        "views": [
            {"id": view.id, "view": view.as_slack(), "errors": view.errors} for view in modals.stack(as_)
        ],
        "home": _home(modals, as_),
        "shortcuts": [{"name": SHORTCUT_NAME, "callback_id": SHORTCUT}],
        "commands": [_command(command)],
        "samples": samples.offered(),
        "tenant": controls.snapshot() if controls.snapshot else None,
        "others": controls.others() if controls.others else [],
        "bot": {"state": _bot_state(controls, connected=connected)},
        "notice": workspace.notice(as_),
    }


def _is_listed(channel: Channel, person: Member) -> bool:
    """Members see public channels they are not in; guests and strangers only those they are in."""
    if channel.person is not None or person.is_guest or person.is_stranger:
        return person.id in channel.members
    return True


def _person(member: Member) -> JSON:
    return {
        "id": member.id,
        "name": member.name,
        "real_name": member.real_name,
        "title": member.title,
        "role": member.role,
        "is_bot": member.is_bot,
        "is_guest": member.is_guest,
        "is_stranger": member.is_stranger,
        "tz": member.tz,
    }


def _channel(channel: Channel, as_: str) -> JSON:
    shown: JSON = {"id": channel.id, "name": channel.name, "member": as_ in channel.members}
    return shown | ({"kind": "channel"} if channel.person is None else {"kind": "dm", "with": BOT_USER})


def _home(modals: Modals, as_: str) -> JSON | None:
    """The app's Home as it was last published for this person."""
    view = modals.home(as_)
    return {"id": view.id, "view": view.as_slack()} if view is not None else None


def _command(command: str) -> JSON:
    hints = {name: without_alias(hint).replace("`", "") for name, hint in SUBCOMMANDS.items()}
    subcommands = [{"name": name, "hint": hint} for name, hint in hints.items()]
    return {"command": command, "hint": f"[{' | '.join(SUBCOMMANDS)}]", "subcommands": subcommands}


def _bot_state(controls: Controls, *, connected: bool) -> str:
    if controls.bot_state is not None:
        return controls.bot_state()
    return "running" if connected else "stopped"
