"""Name the sandbox's workspace: six people, one bot, two channels and a user group, ids fixed.

Values only. What happens to them during a run is the workspace's.
"""

from dataclasses import dataclass, field

TEAM_ID = "T0CONTOSO"
TEAM_NAME = "Contoso"
TEAM_DOMAIN = "contoso"
ENTERPRISE_ID = "E0CONTOSO"
FOREIGN_TEAM_ID = "T0FABRIKAM"
APP_ID = "A0LEGACY"
BOT_ID = "B0LEGACY"
BOT_USER = "U0LEGACY"
BOT_TOKEN = "xoxb-0-sandbox-legacytls"
APP_TOKEN = "xapp-1-A0LEGACY-0-sandbox"
SIGNING_SECRET = "sandbox-signing-secret"
CHANGES = "C0CHANGES"
GENERAL = "C0GENERAL"
APPROVERS = "U0ALICE,U0BOB,S0MAIL"
OPERATORS = "U0ALICE,U0BOB"


@dataclass(frozen=True, slots=True)
class Member:
    """A person or a bot.

    ``role`` and ``title`` are for the page; everything else is what ``users.info`` tells.
    """

    id: str
    name: str
    real_name: str
    title: str
    role: str
    tz: str
    team_id: str = TEAM_ID
    is_bot: bool = False
    is_guest: bool = False
    """``is_restricted``: a guest of any kind."""
    is_stranger: bool = False
    """Belongs to another workspace, as in a channel shared through Slack Connect."""
    is_invited: bool = False
    """Invited but never signed in."""
    deleted: bool = False
    enterprise_user_id: str | None = None
    """One person's id in the whole of an Enterprise Grid organisation; members who share it are one person
    under several ids."""

    @property
    def email(self) -> str:
        """Shown by ``users.info`` only with the scope ``users:read.email``."""
        return f"{self.name}@{'fabrikam' if self.is_stranger else 'contoso'}.com"


@dataclass(slots=True)
class Group:
    """A user group: its members by id."""

    id: str
    name: str
    handle: str
    members: list[str]


@dataclass(slots=True)
class Channel:
    """A channel, or (``person`` set) the direct messages between that person and the bot."""

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    person: str | None = None
    is_ext_shared: bool = False
    """Shared with another organisation. Apart from Frank's membership, so that each of the two defences can
    be tried alone."""
    is_archived: bool = False


def members() -> list[Member]:
    """Everybody, the bot last."""
    return [
        Member("U0ALICE", "alice", "Alice Ahrens", "Messaging administrator", "operator and approver",
            "Europe/Berlin"),
        Member("U0BOB", "bob", "Bob Brandt", "Security officer", "operator and approver", "America/New_York"),
        Member("U0CAROL", "carol", "Carol Costa", "Head of messaging", "approver (user group)", "Asia/Tokyo"),
        Member("U0DAVE", "dave", "Dave Doyle", "Owner of the scanners", "member", "Europe/London"),
        Member("U0ERIN", "erin", "Erin Eriksen", "Contractor", "guest", "Australia/Sydney", is_guest=True),
        Member(
            "U0FRANK", "frank", "Frank Fischer", "Fabrikam", "stranger", "America/Los_Angeles",
            team_id=FOREIGN_TEAM_ID, is_stranger=True,
        ),
        Member(BOT_USER, "legacytls", "legacytls", "", "app", "UTC", is_bot=True),
    ]  # fmt: skip


def channels() -> list[Channel]:
    """Both channels and everybody's direct messages with the bot."""
    people = [member for member in members() if not member.is_bot]
    return [
        Channel(CHANGES, "mail-changes", {member.id for member in members()}),
        Channel(GENERAL, "general", {person.id for person in people if not person.is_stranger}),
        *(
            Channel(f"D{person.id[1:]}", "legacytls", {person.id, BOT_USER}, person=person.id)
            for person in people
        ),
    ]


def groups() -> list[Group]:
    """Return the one user group: approvers through it rather than by name."""
    return [Group("S0MAIL", "Mail owners", "mail-owners", ["U0CAROL"])]
