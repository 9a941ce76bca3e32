"""Simulate the tenant: settings on two domain controllers, calls, audit rows and ordered faults.

State only, safe to use from any thread: the page, the tests and both servers share one ``Tenant``. It speaks
no HTTP.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.sandbox.microsoft.audit import Actor, AuditLog, Entry, Search
from bot.sandbox.microsoft.faults import FAULTS, Fault
from bot.sandbox.microsoft.replication import Controllers, Version
from bot.sandbox.microsoft.tenant_objects import FIRST_CHANGED, FOREST, ORGANIZATION, settings
from bot.sandbox.shared.fault_queue import FaultQueue

SWITCH = "AllowLegacyTLSClients"
SMTP_AUTH_DISABLED = "SmtpClientAuthenticationDisabled"
EXCHANGE_ADMINISTRATOR = "29232cdf-9323-42fd-ade2-1d097af3e4de"
"""Template id of the Entra role; it travels in a token's ``wids``."""
MANAGE_AS_APP = "Exchange.ManageAsApp"


@dataclass(frozen=True, slots=True)
class Call:
    """One cmdlet that reached Exchange."""

    at: datetime
    cmdlet: str
    parameters: Mapping[str, object]
    status: int | None = None
    """HTTP status of the answer; ``None`` while there is none, and for ever when the connection was reset."""
    effective: bool = False
    """Whether it was a write that changed the value."""
    note: str = ""
    client_request_id: str = ""

    def as_json(self) -> dict[str, object]:
        """For the page."""
        return {
            "at": self.at.isoformat(),
            "cmdlet": self.cmdlet,
            "parameters": dict(self.parameters),
            "status": self.status,
            "effective": self.effective,
            "note": self.note,
            "client_request_id": self.client_request_id,
        }


@dataclass(slots=True)
class Grants:
    """What the app may do. Both travel in the token, so a change needs a new one, as in Entra."""

    app_roles: tuple[str, ...] = (MANAGE_AS_APP,)
    """Without ``Exchange.ManageAsApp`` every call is answered 401."""
    directory_roles: tuple[str, ...] = (EXCHANGE_ADMINISTRATOR,)
    """None: 403 for all; Exchange Administrator: everything; any other role: reading only."""
    withheld: frozenset[str] = field(default_factory=frozenset)
    """Cmdlets that a trimmed role group does not contain: 403, whatever the token says."""


class Tenant:
    """One tenant. ``clock`` dates changes and audit rows; ``changed`` is called after each visible change.

    ``changed`` runs on whichever thread made the change, outside any lock: it may look at the tenant, must be
    quick, and must not raise.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        changed: Callable[[], None] = lambda: None,
        tenant_id: str = "11111111-2222-3333-4444-555555555555",
        organization: str = ORGANIZATION,
    ) -> None:
        self.tenant_id = tenant_id
        self.organization = organization
        self.lag_seconds = 0.0
        """Real seconds until a write reaches the other domain controller."""
        self.audit_latency_seconds = 3600.0
        """Seconds on ``clock`` until an audit row can be found; Microsoft speaks of 60 to 90 minutes."""
        self.audit_ingestion = True
        """Whether Exchange records what is changed; off, a change leaves no audit row."""
        self.grants = Grants()
        self._clock = clock
        self._changed = changed
        self._lock = threading.RLock()
        self._controllers = Controllers(
            Version(settings({}, organization), FIRST_CHANGED), monotonic=time.monotonic
        )
        self._audit = AuditLog(self.organization, self.tenant_id)
        self._calls: list[Call] = []
        self._faults = FaultQueue[Fault]()

    @property
    def value(self) -> bool | None:
        """``AllowLegacyTLSClients`` as last written, whether or not it is replicated yet.

        Assigning is an outside change.
        """
        return self._flag(SWITCH)

    @value.setter
    def value(self, value: bool | None) -> None:
        self.change_outside(value)

    @property
    def smtp_auth_disabled(self) -> bool | None:
        """``SmtpClientAuthenticationDisabled``, the other lock. Assigning is an outside change."""
        return self._flag(SMTP_AUTH_DISABLED)

    @smtp_auth_disabled.setter
    def smtp_auth_disabled(self, value: bool | None) -> None:
        self._write({SMTP_AUTH_DISABLED: value}, Actor("carol@contoso.com"), always=True)

    def change_outside(self, value: bool | None, *, actor: str = "carol@contoso.com") -> None:
        """Change the setting without the bot; leaves an audit row even if the value is the same."""
        self._write({SWITCH: value}, Actor(actor), always=True)

    def apply(self, changes: Mapping[str, object], actor: Actor) -> bool:
        """Run ``Set-TransportConfig`` for ``actor``; tells whether anything was modified.

        Every run leaves an audit row.
        """
        return self._write(changes, actor, always=False)

    def would_change(self, changes: Mapping[str, object]) -> bool:
        """Tell whether ``changes`` differ from what was last written."""
        newest = self._controllers.newest.values
        return any(newest.get(name) != value for name, value in changes.items())

    def read(self) -> tuple[Version, str]:
        """Return what the domain controller whose turn it is knows, and its name."""
        with self._lock:
            version, index = self._controllers.read()
        return version, f"BY1PR09A06DC00{index + 5}.{FOREST}"

    def search_audit(self, search: Search) -> list[dict[str, object]]:
        """Audit rows old enough to be found now."""
        return self._audit.rows(
            search, now=self._clock(), latency=timedelta(seconds=self.audit_latency_seconds)
        )

    @property
    def calls(self) -> list[Call]:
        """Every cmdlet received, newest last."""
        with self._lock:
            return list(self._calls)

    def begin_call(self, cmdlet: str, parameters: Mapping[str, object], client_request_id: str) -> int:
        """Record that a cmdlet arrived; returns its number for ``settle_call``."""
        with self._lock:
            self._calls.append(
                Call(self._clock(), cmdlet, dict(parameters), client_request_id=client_request_id)
            )
            number = len(self._calls) - 1
        self._changed()
        return number

    def settle_call(
        self,
        number: int,
        *,
        status: int | None = None,
        effective: bool | None = None,
        note: str | None = None,
    ) -> None:
        """Add what is known by now of a call; ``None`` leaves a field as it is."""
        with self._lock:
            call = self._calls[number]
            self._calls[number] = replace(
                call,
                status=call.status if status is None else status,
                effective=call.effective if effective is None else effective,
                note=call.note if note is None else note,
            )
        self._changed()

    def queue_fault(
        self, name: str, *, cmdlet: str | None = None, count: int = 1, seconds: float | None = None
    ) -> None:
        """Order a fault for the next ``count`` calls (of ``cmdlet`` if given).

        Raises ``KeyError`` for an unknown one.
        """
        self._faults.add(Fault(name, cmdlet, remaining=count, seconds=seconds))
        self._changed()

    @property
    def pending_faults(self) -> list[Fault]:
        """Faults still waiting, next first."""
        return self._faults.pending()

    def take_fault(self, cmdlet: str) -> Fault | None:
        """Return the fault for the call now at hand, used up by this."""
        return self._faults.take(cmdlet)

    def clear_faults(self) -> None:
        """Forget all waiting faults."""
        self._faults.clear()
        self._changed()

    def snapshot(self) -> dict[str, object]:
        """Return all there is to see, ready for JSON; the newest 50 calls."""
        return {
            "value": self.value,
            "smtp_auth_disabled": self.smtp_auth_disabled,
            "organization": self.organization,
            "tenant_id": self.tenant_id,
            "calls": [call.as_json() for call in self.calls[-50:]],
            "faults": [
                {
                    "name": fault.name,
                    "cmdlet": fault.cmdlet,
                    "count": fault.remaining,
                    "seconds": fault.seconds,
                }
                for fault in self.pending_faults
            ],
            "faults_available": [{"name": name, "label": label} for name, label in FAULTS.items()],
            "lag": self.lag_seconds,
            "audit_latency": self.audit_latency_seconds,
        }

    def _flag(self, name: str) -> bool | None:
        value = self._controllers.newest.values[name]
        assert value is None or isinstance(value, bool)
        return value

    def _write(self, changes: Mapping[str, object], actor: Actor, *, always: bool) -> bool:
        with self._lock:
            now = self._clock()
            differs = self.would_change(changes)
            if differs or always:
                newest = self._controllers.newest
                self._controllers.write(Version({**newest.values, **changes}, now), lag=self.lag_seconds)
            if self.audit_ingestion:
                self._audit.add(Entry(now, "Set-TransportConfig", actor, dict(changes)))
        self._changed()
        return differs
