"""Run the few cmdlets that the simulated Exchange knows, bound as ``InvokeCommand`` does, odd errors too.

An unknown cmdlet is not refused here but looks like a missing role, as in the real service; ``exchange`` asks
``knows`` first. Binding knows no state: values in, a ``Command`` out, or ``Refused`` with the refusal's
bytes.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from bot.sandbox.microsoft import tenant_objects
from bot.sandbox.microsoft.audit import Actor, Search
from bot.sandbox.microsoft.odata import Refused, Row, error, page_expired
from bot.sandbox.microsoft.tenant import SWITCH, Tenant
from bot.sandbox.microsoft.tenant_objects import NULLABLE, ORGANIZATION, SETTABLE, render

COMMON = frozenset({"ErrorAction", "WarningAction", "Verbose"})
INVOCATION = "Microsoft.Exchange.AdminApi.CommandInvocation"


@dataclass(frozen=True, slots=True)
class Command:
    """One cmdlet as asked for, with what the URL and the headers add to it."""

    name: str
    parameters: Mapping[str, object]
    offset: int = 0
    """From ``$skiptoken``: rows already delivered."""
    page_size: int = 1000
    """From ``Prefer: odata.maxpagesize``."""
    client_request_id: str = ""

    @property
    def writes(self) -> bool:
        """Whether it is meant to change something."""
        return self.name.lower().startswith("set-")


def command_of(
    content_type: str, body: bytes, query: Mapping[str, str], headers: Mapping[str, str]
) -> Command:
    """A request as a command. Raises ``Refused`` with 400, or 415 for another content type than JSON."""
    if content_type != "application/json":
        raise Refused(error(415, "The content type must be application/json."), "wrong content type")
    name, parameters = _envelope(body)
    return Command(
        name=name,
        parameters=parameters,
        offset=_offset(query.get("$skiptoken", "")),
        page_size=_page_size(headers.get("Prefer", "")),
        client_request_id=headers.get("client-request-id", ""),
    )


def continuation(offset: int) -> str:
    """Return the opaque ``$skiptoken`` that continues at ``offset``."""
    return base64.urlsafe_b64encode(str(offset).encode()).decode().rstrip("=")


def _offset(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))) if token else 0
    except ValueError:
        raise Refused(page_expired(), "unreadable continuation") from None


def _page_size(prefer: str) -> int:
    found = re.search(r"odata\.maxpagesize=(\d+)", prefer)
    return min(max(int(found[1]), 1), 1000) if found else 1000


def _envelope(body: bytes) -> tuple[str, Mapping[str, object]]:
    """Read cmdlet name and parameters of a body; key case matters, ``Parameters`` must be an object."""
    try:
        document = json.loads(body)
    except ValueError:
        raise _invalid("The request body is not valid JSON.") from None
    match document:
        case {"CmdletInput": {"CmdletName": str(name), "Parameters": dict(parameters)}} if name:
            return name, parameters
        case _:
            raise _invalid("The request must carry CmdletInput with CmdletName and Parameters.")


def bind(parameters: Mapping[str, object], allowed: Iterable[str]) -> dict[str, object]:
    """Parameters under their proper names (PowerShell ignores case).

    An unknown one is an ambiguous parameter set.
    """
    proper = {name.lower(): name for name in {*allowed, *COMMON}}
    unknown = [name for name in parameters if name.lower() not in proper]
    if unknown:
        text = (
            "Parameter set cannot be resolved using the specified named parameters. "
            f"Invalid cmdlet parameters specified. {', '.join(unknown)}"
        )
        kind = f"{INVOCATION}.AmbiguousParameterSetException"
        answer = error(
            400, "Invalid Operation", detail=f"|{kind}|{text}", internal=(kind, text), code="Client"
        )
        raise Refused(answer, f"unknown parameter {', '.join(unknown)}")
    return {proper[name.lower()]: value for name, value in parameters.items()}


def switch_of(name: str, value: object, *, nullable: bool = False) -> bool | None:
    """``value`` as true, false or, where ``nullable``, null.

    Text such as ``"$true"`` and numbers do not bind.
    """
    if isinstance(value, bool) or (nullable and value is None):
        return value
    raise _unconvertible(name, value, "System.Boolean")


def moment_of(name: str, parameters: Mapping[str, object]) -> datetime:
    """Return a mandatory date as an aware time; without an offset it is UTC."""
    if name not in parameters:
        kind = f"{INVOCATION}.MissingMandatoryParameterException"
        text = f"Cannot process command because of one or more missing mandatory parameters: {name}."
        raise Refused(error(400, "Invalid Operation", internal=(kind, text)), f"{name} is missing")
    value = parameters[name]
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError:
        raise _unconvertible(name, value, "Microsoft.Exchange.ExchangeSystem.ExDateTime") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def whole_of(name: str, value: object, *, limit: int) -> int:
    """Return a whole number from 1 to ``limit``; ``"Unlimited"`` is the limit."""
    if value == "Unlimited":
        return limit
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= limit:
        return value
    raise _unconvertible(name, value, "System.Int32")


def texts_of(value: object) -> tuple[str, ...]:
    """Return one string or an array of them."""
    items = value if isinstance(value, list) else [value]
    return tuple(str(item) for item in items if item is not None)


def _invalid(text: str) -> Refused:
    kind = "Microsoft.OData.ODataException"
    return Refused(error(400, text, internal=(kind, text)), text)


def _unconvertible(name: str, value: object, kind: str) -> Refused:
    text = (
        f"Cannot process argument transformation on parameter '{name}'. Cannot convert value \"{value}\" "
        f'to type "{kind}".'
    )
    internal = (f"{INVOCATION}.ParameterTransformationException", text)
    return Refused(error(400, "Invalid Operation", internal=internal), f"{name} does not bind")


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
        outcome = body(bind(command.parameters, allowed), actor)
        return _paged(outcome, command)

    def _get_transport_config(self, parameters: dict[str, object], actor: Actor) -> Outcome:
        version, server = self._tenant.read()
        return Outcome([render(version.values, changed_at=version.changed_at, server=server)])

    def _set_transport_config(self, parameters: dict[str, object], actor: Actor) -> Outcome:
        changes = {
            name: switch_of(name, value, nullable=name in NULLABLE)
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
            start=moment_of("StartDate", parameters),
            end=moment_of("EndDate", parameters),
            record_type=None if record_type is None else str(record_type),
            operations=texts_of(parameters.get("Operations")),
            user_ids=texts_of(parameters.get("UserIds")),
            limit=whole_of("ResultSize", parameters.get("ResultSize", 100), limit=MAX_ROWS),
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
        limit = whole_of("ResultSize", parameters.get("ResultSize", "Unlimited"), limit=MAX_ROWS)
        return Outcome(rows[:limit], warnings=(MORE,) if limit < len(rows) else ())

    return read
