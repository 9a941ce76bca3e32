"""Read the file of tenants anew on SIGHUP: tenants come and go, and changed ones are wired anew.

A file that cannot be taken changes nothing, and the log says why. A tenant that is gone keeps its record.
"""

import threading
from collections.abc import Callable, Iterable, Sequence

import structlog

from bot.settings.load import WrongSettings, fleet_now
from bot.settings.model import Settings
from bot.settings.tenants import Fleet
from bot.tenants.shared import Several
from bot.tenants.tenant import Shared, Tenant, Tenants, served
from bot.worker.jobs import TenantJobs
from bot.worker.loops import Loop, Worker
from storage.baseline_and_rule import kept_settings
from storage.engine import Database, Unreachable
from storage.records import SettingValue

log = structlog.get_logger(__name__)

LEFT_OPTED_IN = (
    "Nobody ends the windows of these tenants any more: put them back into the file, opt them out, and take "
    "them out again; or opt them out by hand."
)

Plan = Callable[[list[TenantJobs]], tuple[Loop, ...]]
"""Makes the loops of these tenants."""


class Rereading:
    """Brings what runs in line with the file."""

    def __init__(
        self, settings: Settings, tenants: Tenants, several: Several, worker: Worker, plan: Plan
    ) -> None:
        self._settings = settings
        self._tenants = tenants
        self._shared = several.shared
        self._several = several
        self._worker = worker
        self._plan = plan
        self._lock = threading.Lock()

    def reread(self) -> None:
        """Read the file and take what it says; on a mistake keep what runs, and log it."""
        with self._lock:
            try:
                self.take(fleet_now(self._settings))
            except WrongSettings as wrong:
                log.error("tenants.kept", problems=wrong.lines)
            except Unreachable as away:
                log.error("tenants.kept", problems=[str(away)])

    def take(self, fleet: Fleet) -> None:
        """Serve these tenants from now on. Raises ``Unreachable`` before anything has changed."""
        before = {one.tenant_id: one for one in self._tenants}
        now, fresh = [], []
        for named in fleet.tenants:
            one = before.get(named.tenant_id)
            if one is None or one.named != named:
                one = served(named, self._shared, self._several.home, self._several.shared_edge.homes)
                fresh.append(one)
            now.append(one)
        kept = {named.tenant_id for named in fleet.tenants}
        left = [one for one in before.values() if one.tenant_id not in kept]
        opted_in = _opted_in(left)
        begin(fresh, self._shared.database)
        self._tenants.replace(now)
        self._several.operators = fleet.operators
        self._several.serve(now)
        self._worker.replace(self._plan([one.jobs for one in now]))
        stay = set(map(id, now))
        _end([one for one in before.values() if id(one) not in stay], self._shared)
        changed = [one.named.alias for one in fresh if one.tenant_id in before]
        added = [one.named.alias for one in fresh if one.tenant_id not in before]
        removed = [one.named.alias for one in left]
        log.info("tenants.reread", served=len(now), added=added, changed=changed, removed=removed)
        if opted_in:
            log.warning("tenants.left_opted_in", tenants=opted_in, mend=LEFT_OPTED_IN)


def _opted_in(tenants: Iterable[Tenant]) -> list[str]:
    """The aliases of those that the bot has opted in. Raises ``Unreachable``."""
    found = []
    for one in tenants:
        with one.dispatch.context.ledger.reading() as reader:
            baseline = reader.baseline()
        if baseline is not None and baseline.value is SettingValue.OPTED_IN:
            found.append(one.named.alias)
    return found


def begin(tenants: Sequence[Tenant], database: Database) -> None:
    """Record each tenant's rule and settings where they changed, asked of all of them at once."""
    kept = kept_settings(database, [one.tenant_id for one in tenants])
    for one in tenants:
        rules, effective = one.dispatch.rules, one.named.settings.on_record()
        known = kept.get(one.tenant_id)
        if known is None or known.digest != one.dispatch.context.rule.digest:
            rules.keep_rule()
        if known is None or known.settings != effective:
            rules.keep_settings(effective)


def _end(tenants: Iterable[Tenant], shared: Shared) -> None:
    """Let go of tenants as they were wired before; what is in hand ends by itself."""
    for one in tenants:
        shared.health.forget(one.named.alias)
        shared.metrics.forget(one.named.alias)
        one.exchange.close()
