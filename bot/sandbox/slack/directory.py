"""Answer ``auth.test``, ``users.info``, ``usergroups.users.list`` and ``conversations.*``."""

from collections.abc import Callable, Sequence

from bot.sandbox.slack import cast
from bot.sandbox.slack.api import Arguments, Method
from bot.sandbox.slack.cast import BOT_USER, Member
from bot.sandbox.slack.messages import JSON, SlackError
from bot.sandbox.slack.workspace import Workspace

CONVERSATIONS = ("channels:read", "groups:read", "im:read")


class Directory:
    """Hold ``scopes``, which decide whether mail addresses are shown, and the workspace's address."""

    def __init__(self, workspace: Workspace, *, base: Callable[[], str], scopes: Sequence[str]) -> None:
        self._workspace = workspace
        self._base = base
        self._shows_email = "users:read.email" in scopes

    def methods(self) -> dict[str, Method]:
        """Return what this module answers."""
        return {
            "auth.test": Method(self._identity),
            "users.info": Method(self._user, ("users:read",)),
            "usergroups.users.list": Method(self._group_members, ("usergroups:read",)),
            "conversations.open": Method(self._open, ("im:write",)),
            "conversations.info": Method(self._channel, CONVERSATIONS),
        }

    def _identity(self, _arguments: Arguments) -> JSON:
        return {
            "url": f"{self._base()}/",
            "team": cast.TEAM_NAME,
            "user": self._workspace.member(BOT_USER).name,
            "team_id": cast.TEAM_ID,
            "user_id": BOT_USER,
            "bot_id": cast.BOT_ID,
            "is_enterprise_install": False,
        }

    def _user(self, arguments: Arguments) -> JSON:
        return {"user": self._described(self._workspace.member(arguments.need("user")))}

    def _described(self, member: Member) -> JSON:
        """Return the ``user`` object: strangers lack the guest flags, active members ``is_stranger``."""
        guest = {} if member.is_stranger else {"is_restricted": member.is_guest, "is_ultra_restricted": False}
        organisation = {"id": member.enterprise_user_id, "enterprise_id": cast.ENTERPRISE_ID}
        organised = {"enterprise_user": organisation} if member.enterprise_user_id else {}
        email = {"email": member.email} if self._shows_email else {}
        return {
            "id": member.id,
            "team_id": member.team_id,
            "name": member.name,
            "real_name": member.real_name,
            "deleted": member.deleted,
            "tz": member.tz,
            "profile": {
                "real_name": member.real_name,
                "display_name": member.name,
                **email,
            },
            "is_bot": member.is_bot,
            **organised,
            **guest,
            **({"is_stranger": True} if member.is_stranger else {}),
            **({"is_invited_user": True} if member.is_invited else {}),
        }

    def _group_members(self, arguments: Arguments) -> JSON:
        wanted = arguments.need("usergroup")
        for group in self._workspace.groups():
            if group.id == wanted:
                return {"users": group.members}
        raise SlackError("no_such_subteam")

    def _open(self, arguments: Arguments) -> JSON:
        """Open the direct messages with one person; a deactivated person has none."""
        users = [user for user in arguments.text("users").split(",") if user]
        if not users:
            raise SlackError("users_list_not_supplied")
        if len(users) > 1:
            raise SlackError("too_many_users")
        channel = self._workspace.direct(users[0])
        if self._workspace.member(users[0]).deleted:
            raise SlackError("user_disabled")
        return {"channel": {"id": channel.id}}

    def _channel(self, arguments: Arguments) -> JSON:
        channel = self._workspace.channel(arguments.need("channel"))
        shown = {
            "id": channel.id,
            "name": channel.name,
            "is_archived": channel.is_archived,
            "is_member": BOT_USER in channel.members,
            "is_ext_shared": channel.is_ext_shared,
            "is_pending_ext_shared": False,
        }
        return {"channel": shown}
