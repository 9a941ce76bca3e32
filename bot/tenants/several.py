"""Hold what several tenants share: who answers for none, and what finds the tenant of an act."""

from collections.abc import Iterable
from dataclasses import replace

from bot.from_settings import rule_of
from bot.settings.model import Settings
from bot.tenants.tenant import Shared, Tenant
from handlers.context.people import People
from handlers.policy.rule import Home
from handlers.slack.home_of_several import publishing_several
from handlers.slack.home_pages import HomePages
from handlers.slack.listeners.by_tenant import Desks, desk_of
from handlers.slack.shared_edge import Front
from storage.whose import Whose


class Several:
    """The front and the desks; it knows no tenant before ``serve``."""

    def __init__(self, settings: Settings, shared: Shared, operators: tuple[str, ...]) -> None:
        self.operators = operators
        self._rule = replace(rule_of(settings), approvers=(), operators=())
        self.shared = shared
        people = People(shared.directory, None, self._rule, groups=shared.groups)
        self.desks = Desks(Whose(shared.database))
        front = Front(shared.executor, shared.client, people, shared.answers)
        homes = HomePages(publishing_several(front, self.desks), shared.executor.follow)
        self.front = replace(front, homes=homes)
        self.home: Home | None = None
        """The workspace, once Slack has told it."""

    def signed_in(self, home: Home, bot_user: str) -> None:
        """Know the workspace, and the bot's own user id, from now on."""
        self.home = home
        self.front.people.at(home)
        self.front = replace(self.front, bot_user=bot_user)

    def serve(self, tenants: Iterable[Tenant]) -> None:
        """Let these tenants be found from now on, and seen all together by the present ``operators``."""
        rule = replace(self._rule, operators=self.operators)
        overseers = People(self.shared.directory, self.home, rule, groups=self.shared.groups)
        desks = [desk_of(replace(one.edge, bot_user=self.front.bot_user)) for one in tenants]
        self.desks.replace(desks, overseers)
