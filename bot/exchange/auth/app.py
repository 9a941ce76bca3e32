"""Say as what the bot signs in, and where: what one tenant's tokens are made from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.exchange.auth.credentials import Credential, unchanged

if TYPE_CHECKING:  # naming an app loads no library for keys or calls
    from bot.exchange.auth.shared_connections import Together


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """One app in one tenant, and how it signs in there."""

    tenant_id: str
    client_id: str
    credential: Credential
    """The first one: see ``renewed``."""
    authority: str
    """An origin such as ``https://login.microsoftonline.com``."""
    instance_discovery: bool
    """Has to be off where the authority is not Microsoft's."""
    scope: str
    """Ends in ``/.default``."""
    renewed: Callable[[], Credential | None] = unchanged
    """Asked after a refusal for the credential as the settings have it now; ``None``: there is none."""
    together: "Together | None" = None
    """What it shares with the apps of other tenants."""
