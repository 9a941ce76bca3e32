"""Run the few cmdlets that the simulated Exchange knows: transport settings, audit search and others.

An unknown cmdlet is not refused here but looks like a missing role, as in the real service; ``exchange`` asks
``knows`` first. Mailboxes and domains are ``tenant_objects``, which nothing changes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bot.sandbox.microsoft import binding, tenant_objects
from bot.sandbox.microsoft.audit import Actor, Search
from bot.sandbox.microsoft.binding import Command
from bot.sandbox.microsoft.odata import Row
from bot.sandbox.microsoft.tenant import SWITCH, Tenant
from bot.sandbox.microsoft.transport_config import NULLABLE, ORGANIZATION, SETTABLE, render

MAX_ROWS = 5000
MORE = (
    "There are more results available than are currently displayed. "
    "To view them, increase the value for the ResultSize parameter."
)
AUDIT_PARAMETERS = frozenset({"StartDate", "EndDate", "Operations", "RecordType", "ResultSize", "UserIds"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a cmdlet came to."""

    rows: list[Row] = field(default_factory=list)
    warnings: tuple[str, ...] = ()
    effective: bool = False
    note: str = ""
    more_from: int | None = None
    """Where the next page begins; ``None`` when this is the last."""


Body = Callable[[dict[str, object], Actor], Outcome]


class Cmdlets:
    """The cmdlets of one tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._known: dict[str, tuple[Body, frozenset[str]]] = {
            "get-transportconfig": (self._get_transport_config, frozenset()),
            "set-transportconfig": (self._set_transport_config, SETTABLE),
            "get-accepteddomain": (_accepted_domains, frozenset({"Identity", "ResultSize"})),
            "get-casmailbox": (
                _listing(tenant_objects.cas_mailboxes),
                frozenset({"Identity", "ResultSize", "Filter"}),
            ),
            "get-user": (_listing(tenant_objects.users), frozenset({"Identity", "ResultSize", "Filter"})),
            "get-adminauditlogconfig": (self._audit_config, frozenset()),
            "search-unifiedauditlog": (
                self._search_audit,
                AUDIT_PARAMETERS,
            ),
        }

    def knows(self, name: str) -> bool:
        """Tell whether there is such a cmdlet, whatever its case."""
        return name.lower() in self._known

    def run(self, command: Command, actor: Actor) -> Outcome:
        """Run a known cmdlet for ``actor``. Raises ``Refused`` when its parameters do not bind."""
        body, allowed = self._known[command.name.lower()]
        outcome = body(binding.bind(command.parameters, allowed), actor)
        return _paged(outcome, command)

    def _get_transport_config(self, parameters: dict[str, object], actor: Actor) -> Outcome:
        version, server = self._tenant.read()
        return Outcome([render(version.values, changed_at=version.changed_at, server=server)])

    def _set_transport_config(self, parameters: dict[str, object], actor: Actor) -> Outcome:
        changes = {
            name: binding.switch(name, value, nullable=name in NULLABLE)
            for name, value in parameters.items()
            if name in SETTABLE
        }
        before = self._tenant.value
        if not self._tenant.apply(changes, actor):
            text = (
                f"The command completed successfully but no settings of '{ORGANIZATION}\\Transport "
                "Settings' have been modified."
            )
            return Outcome(warnings=(text,), note="no settings modified")
        return Outcome(effective=SWITCH in changes and changes[SWITCH] is not before)

    def _search_audit(self, parameters: dict[str, object], actor: Actor) -> Outcome:
        record_type = parameters.get("RecordType")
        search = Search(
            start=binding.moment("StartDate", parameters),
            end=binding.moment("EndDate", parameters),
            record_type=None if record_type is None else str(record_type),
            operations=binding.texts(parameters.get("Operations")),
            user_ids=binding.texts(parameters.get("UserIds")),
            limit=binding.whole("ResultSize", parameters.get("ResultSize", 100), limit=MAX_ROWS),
        )
        return Outcome(self._tenant.search_audit(search))

    def _audit_config(self, parameters: dict[str, object], actor: Actor) -> Outcome:
        return Outcome([tenant_objects.audit_config(ingesting=self._tenant.audit_ingestion)])


def _paged(outcome: Outcome, command: Command) -> Outcome:
    """One page of the rows; a warning announces that there is more."""
    end = command.offset + command.page_size
    page = replace(outcome, rows=outcome.rows[command.offset : end])
    if end >= len(outcome.rows):
        return page
    return replace(page, warnings=(*page.warnings, MORE), more_from=end)


def _accepted_domains(parameters: dict[str, object], actor: Actor) -> Outcome:
    return Outcome(tenant_objects.found(tenant_objects.accepted_domains(), parameters.get("Identity")))


def _listing(objects: Callable[[], list[Row]]) -> Body:
    """A cmdlet that reads objects, all or one by its identity."""

    def read(parameters: dict[str, object], actor: Actor) -> Outcome:
        rows = tenant_objects.found(objects(), parameters.get("Identity"))
        limit = binding.whole("ResultSize", parameters.get("ResultSize", "Unlimited"), limit=MAX_ROWS)
        return Outcome(rows[:limit], warnings=(MORE,) if limit < len(rows) else ())

    return read
