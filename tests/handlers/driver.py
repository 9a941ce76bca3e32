"""The whole house over a real ledger, with its neighbours played: acts enter as Slack's payloads through the
real listeners.

Nothing here goes round the use cases; where a test looks into the ledger, it looks with its own query.
"""

import itertools
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from slack_bolt import Respond
from sqlalchemy import select, update

from handlers.changes.apply import Apply
from handlers.changes.settle import Settling
from handlers.context.context import Context
from handlers.context.people import People
from handlers.delivery.deliver import Delivery
from handlers.dispatch import Dispatch
from handlers.policy.rule import Home, Rule
from handlers.policy.tickets import NO_TICKETS
from handlers.ports import Cloud, Unavailable
from handlers.slack.edge import Edge
from handlers.slack.edge_tenant import edge_tenant_of
from handlers.slack.home_pages import HomePages, publishing
from handlers.slack.listeners.clicks_and_submissions import Clicks, Submissions
from handlers.slack.listeners.home import HomeOpened
from handlers.slack.listeners.reactions import Reactions
from handlers.suggested import without_alias
from storage.engine import Database
from storage.errors import Stuck
from storage.inbox import Inbox
from storage.jobs.leases import Lease, Leases
from storage.ledger import Ledger
from storage.lifecycle import Kind
from storage.messages.outbox import Outbox
from storage.records import Attempt, AuditEvent, Baseline, ChangeRequest, Decision, Door, Observation
from storage.schema.tables import inbox, notices
from tests.handlers.audit_log import AuditLog
from tests.handlers.fake_slack import Board, Hands, Windows
from tests.handlers.fakes import CHANNEL, HOME_TEAM, Clock, Tenant, Workspace
from tests.handlers.filled_forms import WORLDWIDE, _calendar, _element, _request

TENANT = "11111111-2222-3333-4444-555555555555"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ALICE, BOB, CAROL, DAVE, ERIN, FRANK = "U0ALICE", "U0BOB", "U0CAROL", "U0DAVE", "U0ERIN", "U0FRANK"
BOT_USER = "U0LEGACY"
MAIL = "S0MAIL"
"""The user group through which Dave approves."""
NOWHERE = "1763899200.999999"
"""The place of a message that is not the bot's."""

RULE = Rule(
    approvers=(ALICE, BOB, CAROL, MAIL),
    operators=(ALICE, BOB),
    approvals_required=1,
    request_ttl=timedelta(hours=24),
    default_window=timedelta(days=30),
    max_window=timedelta(days=90),
    approve_emoji="white_check_mark",
    reject_emoji="x",
    channel=CHANNEL,
    timezone="UTC",
)
TWO = replace(RULE, approvals_required=2)


class House:
    """One tenant's bot. ``start`` again is a restart over the same database."""

    def __init__(
        self,
        database: Database,
        *,
        rule: Rule = RULE,
        cloud: Cloud = WORLDWIDE,
        at: datetime = NOW,
        tenant_id: str = TENANT,
    ) -> None:
        self.database = database
        self.tenant_id, self.channel = tenant_id, rule.channel
        self.clock = Clock(at)
        self.workspace = Workspace(ALICE, BOB, CAROL, DAVE, ERIN, groups={MAIL: [DAVE]})
        self.tenant = Tenant(self.clock)
        self.board = Board()
        self.files: dict[str, bytes] = {}
        """What people gave in forms, by its address."""
        self.windows = Windows()
        self.hands = Hands()
        self.cloud = cloud
        self.tickets = NO_TICKETS
        self.ledger = Ledger(database, tenant_id)
        self.outbox = Outbox(database, tenant_id)
        self._numbers = itertools.count(1)
        self.start(rule)

    def start(self, rule: Rule) -> None:
        """Wire everything anew, as a process does when it begins."""
        zone = ZoneInfo(rule.timezone)
        self.context = Context(
            ledger=self.ledger,
            leases=Leases(self.database, "this process"),
            people=People(
                self.workspace,
                Home(HOME_TEAM),
                rule,
                checks=10**6,  # here everything happens in the same minute
                group_checks=10**6,
                scarce=10**6,
                monotonic=lambda: self.clock().timestamp(),
            ),
            setting=self.tenant,
            rule=rule,
            cloud=self.cloud,
            calendar=_calendar(),
            zone=zone,
            clock=self.clock,
            wake_worker=lambda: None,
            tickets=self.tickets,
        )
        self.dispatch = Dispatch(
            self.context, Inbox(self.database, self.tenant_id), AuditLog(), self.board, self._file
        )
        self.settling = Settling(self.context)
        self.apply = Apply(self.context, self.settling, sleep=self.clock.sleep)
        self.delivery = Delivery(self.context, self.outbox, self.board)
        homes = HomePages(publishing(self.dispatch, self.windows, zone), self.hands.follow)  # type: ignore[arg-type]
        self.edge = Edge(
            dispatch=self.dispatch,
            executor=self.hands,
            client=self.windows,
            around=edge_tenant_of(self.context),
            bot_user=BOT_USER,
            homes=homes,  # type: ignore[arg-type]
        )
        self.board.channel = rule.channel
        self.dispatch.rules.keep_rule()

    def _file(self, address: str, most: int) -> bytes:
        if address not in self.files:
            raise Unavailable("Slack did not hand out the file.")
        return self.files[address][:most]

    # What people do, as Slack tells it.

    def ask(self, person: str = ALICE, *, kind: str = "opt_in", **filled: Any) -> ChangeRequest:
        """Submit the form of an opt-in (or an extension); returns the newest request there then is."""
        self.submit(kind, person, self.channel, **_request(self.clock.at) | filled)
        return self.newest()

    def submit(
        self, callback: str, person: str, metadata: str, *, view_id: str = "", **filled: Any
    ) -> dict[str, Any]:
        """Submit any form; returns what the listener acknowledged with."""
        body = {
            "type": "view_submission",
            "user": {"id": person},
            "view": {
                "id": view_id or f"V{next(self._numbers)}",
                "callback_id": callback,
                "private_metadata": metadata,
                "state": {"values": {field: {field: _element(value)} for field, value in filled.items()}},
            },
        }
        acknowledged: dict[str, Any] = {}
        Submissions(self.edge).listen(acknowledged.update, body)  # type: ignore[arg-type]
        return acknowledged

    def press(
        self, name: str, person: str, request_id: int, *, at: datetime | None = None, ts: str = ""
    ) -> None:
        """Press a button on the request's card; the same ``at`` again is a redelivery."""
        body = {
            "type": "block_actions",
            "user": {"id": person},
            "channel": {"id": self.channel},
            "container": {"channel_id": self.channel, "message_ts": ts or self.card_ts(request_id)},
            "trigger_id": "1.2.abc",
            "actions": [{"action_id": name, "value": str(request_id), "action_ts": self.stamp(at)}],
        }
        Clicks(self.edge).listen(lambda *a, **k: None, body, Respond(response_url=None, proxy=None, ssl=None))  # type: ignore[arg-type]

    def open_home(self, person: str) -> list[dict[str, Any]]:
        """Open the app's Home; returns its blocks."""
        seen = self.windows.homes.get(person)
        event = {"type": "app_home_opened", "user": person, "tab": "home", "channel": f"D{person}"} | (
            {"view": seen} if seen else {}
        )
        HomeOpened(self.edge).listen({"event_id": f"Ev{next(self._numbers)}", "event": event})
        return self.home(person)

    def home(self, person: str) -> list[dict[str, Any]]:
        """The blocks of somebody's Home as it was last published; none before."""
        blocks: list[dict[str, Any]] = self.windows.homes.get(person, {}).get("blocks", [])
        return blocks

    def press_home(self, name: str, person: str, value: int, *, at: datetime | None = None) -> None:
        """Press a button on the person's own Home."""
        body = {
            "type": "block_actions",
            "user": {"id": person},
            "container": {"type": "view", "view_id": "V0HOME"},
            "view": self.windows.homes.get(person, {"type": "home"}),
            "trigger_id": "1.2.abc",
            "actions": [{"action_id": name, "value": str(value), "action_ts": self.stamp(at)}],
        }
        Clicks(self.edge).listen(lambda *a, **k: None, body, Respond(response_url=None, proxy=None, ssl=None))  # type: ignore[arg-type]

    def react(
        self,
        person: str,
        request_id: int,
        emoji: str = "white_check_mark",
        *,
        removed: bool = False,
        at: datetime | None = None,
        event_id: str = "",
        ts: str = "",
        channel: str = "",
        author: str = BOT_USER,
    ) -> None:
        """Add or remove a reaction on the request's card."""
        event = {
            "type": "reaction_removed" if removed else "reaction_added",
            "user": person,
            "reaction": emoji,
            "item": {
                "type": "message",
                "channel": channel or self.channel,
                "ts": ts or self.card_ts(request_id),
            },
            "event_ts": self.stamp(at),
            "item_user": author,
        }
        Reactions(self.edge).listen({"event_id": event_id or f"Ev{next(self._numbers)}", "event": event})

    def approve(
        self, person: str, request_id: int, door: Door = Door.BUTTON, *, at: datetime | None = None
    ) -> None:
        """Approve by button or by reaction."""
        if door is Door.BUTTON:
            self.press("approve", person, request_id, at=at)
        else:
            self.react(person, request_id, at=at)

    def reject(self, person: str, request_id: int, door: Door = Door.BUTTON) -> None:
        """Reject by button or by reaction."""
        if door is Door.BUTTON:
            self.press("reject", person, request_id)
        else:
            self.react(person, request_id, "x")

    def opt_out(self, person: str = ALICE, reason: str = "") -> ChangeRequest:
        """Confirm the form of an opt-out."""
        self.submit("opt_out", person, self.channel, reason=reason)
        return self.newest()

    def stamp(self, at: datetime | None = None) -> str:
        """Slack's time stamp, a microsecond later with every act, or exactly the one asked for."""
        exact = at or self.clock.at + timedelta(microseconds=next(self._numbers))
        return f"{exact.timestamp():.6f}"

    # What the worker does.

    def lease(self) -> Lease:
        """The right to apply, as the worker takes it."""
        lease = self.context.leases.take(f"apply:{self.tenant_id}")
        assert lease is not None
        return lease

    def run(self) -> None:
        """One look of the lane that talks to Exchange, which the worker takes only where something is due."""
        lease = self.lease()
        due = self.apply.is_due()
        found = 0
        with suppress(Stuck):
            found = self.apply.run(lease)
        assert due or not found

    def work(self) -> None:
        """One look of every lane."""
        self.dispatch.take_up_leftovers()
        self.dispatch.withdrawals.expire_due()
        self.dispatch.optouts.end_window()
        self.run()
        self.deliver()

    def deliver(self) -> None:
        """Send whatever is due until nothing more is; with an empty outbox no lane is asked."""
        while self._owes_anything():
            due = self.delivery.owes_public()
            sent = self.delivery.send_public()
            assert due == bool(sent)
            if not sent + self.delivery.send_private():
                return

    def _owes_anything(self) -> bool:
        """Plain SQL: this is asked after every act, and building a statement takes longer than running it."""
        with self.database.read() as connection:
            return (
                connection.exec_driver_sql("SELECT 1 FROM notices WHERE delivered_at IS NULL LIMIT 1").first()
                is not None
            )

    def observe(self, every: timedelta = timedelta(minutes=10)) -> bool:
        """One look of the lane that watches the live value, with the second reading that what ought not to be
        so asks for."""
        due = self.dispatch.drift.is_due(every)
        looked = self.dispatch.drift.observe(every)
        assert due == looked
        seen, baseline = self.observation(), self.baseline()
        if looked and seen is not None and baseline is not None and seen.value not in (None, baseline.value):
            self.clock.advance(seconds=3)
            self.dispatch.drift.observe(every)
        return looked

    def free_leftovers(self) -> None:
        """As if the claims of a process that died had run out."""
        with self.database.write() as connection:
            connection.execute(update(inbox).values(claimed_until=0))

    def free_notices(self) -> None:
        """As if the claims on everything owed had run out."""
        with self.database.write() as connection:
            connection.execute(
                update(notices).where(notices.c.delivered_at.is_(None)).values(claimed_until=0)
            )

    def deliver_after(self, tries: int) -> None:
        """As if everything owed had failed this often."""
        with self.database.write() as connection:
            connection.execute(update(notices).values(tries=tries))

    # What is on record.

    def newest(self) -> ChangeRequest:
        with self.ledger.reading() as reader:
            return reader.page(limit=1)[0]

    def request(self, request_id: int) -> ChangeRequest:
        with self.ledger.reading() as reader:
            return reader.request(request_id)

    def requests(self, kind: Kind | None = None) -> list[ChangeRequest]:
        with self.ledger.reading() as reader:
            return [request for request in reversed(reader.page(limit=1000)) if kind in (None, request.kind)]

    def votes(self, request_id: int) -> list[Decision]:
        with self.ledger.reading() as reader:
            return reader.decisions([request_id])

    def attempts(self, request_id: int) -> list[Attempt]:
        with self.ledger.reading() as reader:
            return reader.attempts([request_id])

    def baseline(self) -> Baseline | None:
        with self.ledger.reading() as reader:
            return reader.baseline()

    def observation(self) -> Observation | None:
        with self.ledger.reading() as reader:
            return reader.readings.newest_observation()

    def events(self, kind: str = "") -> list[AuditEvent]:
        with self.ledger.reading() as reader:
            return [event for event in reader.events() if kind in ("", event.kind)]

    def owed(self, *kinds: str) -> list[Any]:
        """Every notice ever owed of these kinds, as rows."""
        query = select(notices).where(notices.c.kind.in_(kinds)).order_by(notices.c.id)
        with self.database.read() as connection:
            return list(connection.execute(query))

    def answers(self, person: str) -> list[str]:
        """What one person was owed as private answers, oldest first, as read in the channel."""
        self.deliver()
        return [without_alias(said.text) for said in self.board.said if said.person == person]

    def answer(self, person: str) -> str:
        """The newest private answer to one person."""
        return self.answers(person)[-1]

    def card_ts(self, request_id: int) -> str:
        """Where the request's card stands; posts it when it is still owed. ``NOWHERE`` when it could not be
        posted."""
        self.deliver()
        with self.ledger.reading() as reader:
            copies = reader.messages.cards(request_id)
        return copies[0].ts if copies else NOWHERE
