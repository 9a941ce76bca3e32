"""Find the listeners of a served tenant by alias, channel or id."""

from collections.abc import Iterable, Iterator

from handlers.context.lazy_parts import FirstUse
from handlers.context.people import People
from handlers.slack.edge import Edge
from handlers.slack.listeners.clicks_and_submissions import Clicks, Submissions
from handlers.slack.listeners.commands import Commands
from handlers.slack.listeners.home import Shortcut
from handlers.slack.listeners.mentions import Mentions
from handlers.slack.listeners.reactions import Reactions
from handlers.slack.views.signed import Signature
from storage.tenants import Whose


class TenantListeners:
    """One tenant's listeners."""

    commands = FirstUse(lambda own: Commands(own.edge))
    clicks = FirstUse(lambda own: Clicks(own.edge))
    submissions = FirstUse(lambda own: Submissions(own.edge))
    reactions = FirstUse(lambda own: Reactions(own.edge))
    mentions = FirstUse(lambda own: Mentions(own.edge))
    shortcut = FirstUse(lambda own: Shortcut(own.edge))

    def __init__(self, edge: Edge, signature: Signature) -> None:
        self.edge = edge
        self.signature = signature

    @property
    def channel(self) -> str:
        """The channel that is this tenant's."""
        return self.edge.around.rule.channel


def listeners_of(edge: Edge) -> TenantListeners:
    """Make the listeners of a tenant of several."""
    assert edge.signature is not None
    return TenantListeners(edge, edge.signature)


class ListenersByTenant:
    """All tenants' listeners, in the order of the file; replaced as a whole while others look."""

    def __init__(self, whose: Whose) -> None:
        self.whose = whose
        self.fleet_operators: People | None = None
        """Who may see all tenants, as their operators; ``None`` until Slack has said who we are."""
        self.replace([], None)

    def replace(self, by_tenant: Iterable[TenantListeners], fleet_operators: People | None) -> None:
        """Serve these from now on."""
        found, self.fleet_operators = tuple(by_tenant), fleet_operators
        aliases = {one.signature.alias.lower(): one for one in found}
        channels = {one.channel: one for one in found}
        self._found = found, aliases, channels, {one.signature.tenant_id: one for one in found}

    def __iter__(self) -> Iterator[TenantListeners]:
        return iter(self._found[0])

    def called(self, alias: str) -> TenantListeners | None:
        """Return the tenant of this alias, in whatever case."""
        return self._found[1].get(alias.lower())

    def in_channel(self, channel: str) -> TenantListeners | None:
        """Return the tenant whose channel this is."""
        return self._found[2].get(channel)

    def of(self, tenant_id: str | None) -> TenantListeners | None:
        """Return the tenant with this id."""
        return self._found[3].get(tenant_id or "")

    def concerning(self, person: str) -> list[TenantListeners]:
        """Return the tenants in which a person has a part, in the order of the file. Raises ``Unreachable``.

        They approve or may ask there, have asked for a change, or answer for a device.
        """
        having = self.whose.having(person, list(self._found[3]))
        return [
            one
            for one in self
            if one.signature.tenant_id in having or one.edge.dispatch.seems_involved(person)
        ]
