"""Give examples of the App Home and the shortcut's chooser: as full as can be, and as bare."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from slack_sdk.models.views import View

from handlers.calendar.calendar import Calendar
from handlers.policy.rule import Rule
from handlers.policy.votes import Tally
from handlers.ports import Cloud
from handlers.queries.home import HomePage
from handlers.slack.layouts import devices as device_layouts
from handlers.slack.views import home
from storage.app_home import MOST_DEVICES, HomeRows
from storage.records import Baseline, ChangeRequest, Observation, SettingValue


@dataclass(frozen=True, slots=True)
class HomeExamples:
    """What they are drawn with."""

    rule: Rule
    cloud: Cloud
    calendar: Calendar
    zone: ZoneInfo
    now: datetime
    person: str

    def pages(self, request: ChangeRequest) -> Iterator[tuple[str, View]]:
        """Yield each page and form, with ``request`` wherever there is one to show."""
        full = self._full(request)
        rows = replace(full.rows, own=(), devices=())
        bare = replace(full, waits=None, tally=None, other=request, rows=rows, to_accept=())
        for name, found in {"full": full, "nothing waits": bare}.items():
            yield f"Home ({name})", home.page(found, self.person, self.zone)
            yield f"shortcut ({name})", home.chooser(found, self.zone)
        yield "Home (turned away)", home.turned_away("Guest accounts cannot use this.")

    def _full(self, request: ChangeRequest) -> HomePage:
        device = device_layouts.example(self.person, request.reason, self.now)
        failed = Observation(
            self.now + timedelta(minutes=1), None, None, None, "Exchange could not be reached."
        )
        rows = HomeRows(
            baseline=Baseline(SettingValue.OPTED_IN, self.now, request.id, request.window_end),
            seen=Observation(self.now, SettingValue.OPTED_IN, True, "contoso.onmicrosoft.com", None),
            newest=failed,
            rule_digest=None,
            request=request,
            votes=(),
            own=(request,) * 10,
            shown=None,
            devices=(device,) * MOST_DEVICES,
            device_count=500,
        )
        return HomePage(
            drawn_at=self.now,
            cloud=self.cloud,
            rule=self.rule,
            rows=rows,
            waits=request,
            tally=Tally(approved_by=(self.person,), void=(), missing=1),
            other=None,
            why_not="",
            next_dates=self.calendar.upcoming(self.cloud.name, self.now.date()),
            warning="Checked long ago.",
            to_accept=(device, replace(device, asked_due=None)) * MOST_DEVICES,
            today=self.now.date(),
        )
