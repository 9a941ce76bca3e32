"""What the page may change around the bot: the tenant, its faults, the clock, the bot's own process.

Seams only. Whoever puts the sandbox together fills in what there is; what is left out the console refuses
with a sentence.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.microsoft.tenant import Tenant
from bot.sandbox.slack.messages import JSON

BOT_ACTIONS = ("restart", "stop", "start")


@dataclass(slots=True)
class Controls:
    """Each may be absent.

    They are called from a thread of the console's own, and may raise ``ValueError`` with a sentence.
    """

    snapshot: Callable[[], JSON] | None = None
    """What the tenant looks like, ready for JSON."""
    others: Callable[[], list[JSON]] | None = None
    """Further tenants, each with its ``organization`` and ``value``."""
    set_value: Callable[[bool | None, str], None] | None = None
    """Change the setting outside the bot, as the person with that mail address."""
    disable_smtp_auth: Callable[[bool], None] | None = None
    queue_fault: Callable[[str, int, str | None], None] | None = None
    """Order a fault at Exchange: its name, for how many calls, of which cmdlet."""
    clear_faults: Callable[[], None] | None = None
    advance_clock: Callable[[float], None] | None = None
    """Move the clock forward by seconds."""
    bot_state: Callable[[], str] | None = None
    """``starting``, ``running`` or ``stopped``."""
    bot_action: Callable[[str], None] | None = None
    """One of ``BOT_ACTIONS``."""

    @classmethod
    def of(cls, tenant: Tenant) -> "Controls":
        """Return those that concern ``tenant``."""

        def set_value(value: bool | None, actor: str) -> None:
            tenant.change_outside(value, actor=actor)

        def disable_smtp_auth(disabled: bool) -> None:
            tenant.smtp_auth_disabled = disabled

        def queue_fault(name: str, count: int, cmdlet: str | None) -> None:
            tenant.queue_fault(name, count=count, cmdlet=cmdlet)

        return cls(
            tenant.snapshot,
            set_value=set_value,
            disable_smtp_auth=disable_smtp_auth,
            queue_fault=queue_fault,
            clear_faults=tenant.clear_faults,
        )
