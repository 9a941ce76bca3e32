"""Hold what several tenants share: who answers for none, and what finds the tenant of an act."""

from collections.abc import Iterable
from dataclasses import replace

from bot.from_settings import rule_of
from bot.settings.model import Settings
from bot.tenants.tenant import Shared, Tenant
from handlers.context.people import People
from handlers.policy.rule import Home
from handlers.slack.fleet_home import publishing_several
from handlers.slack.home_pages import HomePages
from handlers.slack.listeners.by_tenant import ListenersByTenant, listeners_of
from handlers.slack.shared_edge import SharedEdge
from storage.tenants import Whose


class Several:
    """Hold the edge that all tenants share, and the listeners of each; know no tenant before ``serve``."""

    def __init__(self, settings: Settings, shared: Shared, operators: tuple[str, ...]) -> None:
        self.operators = operators
        self._rule = replace(rule_of(settings), approvers=(), operators=())
        self.shared = shared
        people = People(shared.directory, None, self._rule, groups=shared.groups)
        self.by_tenant = ListenersByTenant(Whose(shared.database))
        shared_edge = SharedEdge(shared.executor, shared.client, people, shared.answers)
        homes = HomePages(publishing_several(shared_edge, self.by_tenant), shared.executor.follow)
        self.shared_edge = replace(shared_edge, homes=homes)
        self.home: Home | None = None
        """The workspace, once Slack has told it."""

    def signed_in(self, home: Home, bot_user: str) -> None:
        """Know the workspace, and the bot's own user id, from now on."""
        self.home = home
        self.shared_edge.people.at(home)
        self.shared_edge = replace(self.shared_edge, bot_user=bot_user)

    def serve(self, tenants: Iterable[Tenant]) -> None:
        """Let these tenants be found from now on, and seen all together by the present ``operators``."""
        rule = replace(self._rule, operators=self.operators)
        fleet_operators = People(self.shared.directory, self.home, rule, groups=self.shared.groups)
        by_tenant = [listeners_of(replace(one.edge, bot_user=self.shared_edge.bot_user)) for one in tenants]
        self.by_tenant.replace(by_tenant, fleet_operators)
