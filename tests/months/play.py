"""Play lives for some days on one database, with one process or two of which one is killed again and again.

An instant is played a second (a look) after the other until a whole round of looks found nothing. The clock
stands still in it, so what is said of times is the same whenever it is done; how many looks it took is kept.
Where anybody is in trouble, minutes pass at the end of it: with a clock that stands still, a pause of the bot
between two tries would last until the next instant, or until its process dies.
"""

import json
import os
import random
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import text, update

from bot.sandbox.microsoft.tenant import Tenant
from bot.settings.load import load
from bot.settings.model import Settings
from bot.worker.plan import AT_A_LOOK
from storage.engine import Database
from storage.record.export import lines
from storage.schema.tables import inbox, leases, notices
from tests.journeys.words import words
from tests.months.lives import IN_SLACK, INSTANTS, Act, Life, at, first_of
from tests.months.microsoft import Microsoft
from tests.months.people import VALUES, People
from tests.months.replica import EdgeTenant, Killed, Replica, in_play
from tests.months.slack import Said, Slack, Told
from tests.months.timing import Moment, played

RESTART, LEASE, CLAIM = 3, 10, 30
"""Looks after a death until the process is there again, and until what it held runs out."""

PAUSE = 61.0
"""Seconds that pass where nothing is to be done; the longest pause between two looks for anything is 60."""

LONGEST = 3000
"""Looks of one instant at most."""

STEP, STEPS = 10.0, 28
"""Seconds that pass at once where anybody is in trouble, and how often: the bot rests for ten at most, and
what is read again six hours after 09:05 is not to be read at 15:00 by some and not by others."""

FIRST_NUMBER = 1001
"""Of the requests and devices: no number of an example (``whatif #12``) is to be one of theirs."""

NUMBERED = {
    True: "INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)",
    False: "SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)",
}
"""By whether the database is SQLite."""


@dataclass
class Played:
    """What came of it."""

    told: Told
    deaths: int = 0
    numbers: dict[str, dict[str, str]] = field(default_factory=dict)
    """By alias, the numbers of requests and devices in the tenant's own order."""
    errors: list[str] = field(default_factory=list)
    looks: int = 0
    record: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    """By alias, what is on record: kind, who and when."""

    def of(self, life: Life) -> list[Said]:
        """What was said in one tenant, with its own numbers."""
        own = self.numbers[life.alias]

        def renamed(found: re.Match[str]) -> str:
            return own.get(found[0], found[0])

        def plain(said: str) -> str:
            linked = re.sub(r"https://contoso\.slack\.com/archives/\w+/p\d+", "LINK", said)
            hashed = re.sub(r"\d+:[0-9a-f]{64}|(?<=ode `)[0-9a-f]{8}", "HASH", linked)
            shown = re.sub(r"(?<= whatif )(?=\d)", "#", hashed)
            return re.sub(r"#\d+|\bD\d+\b", renamed, shown)

        return [
            Said(one.instant, one.where, one.again, plain(one.text), one.after, one.forgiven)
            for one in self.told.said[life.alias]
        ]


class Play:
    """One play.

    ``kills``: the chance that one of two processes dies in an instant; ``None``: one lives on.
    """

    def __init__(self, url: str, lives: list[Life], days: int, *, seed: int, kills: float | None) -> None:
        self._lives, self._days, self._kills = {one.alias: one for one in lives}, days, kills
        self._dice = random.Random(f"{seed} deaths {len(lives)}")
        self._url, self._instant, self._look = url, 0, 0
        self.moment = Moment(at(0))
        self._by_channel = {one.channel: one for one in lives}
        self._by_id = {one.tenant_id: one for one in lives}
        self.result = Played(Told({one.channel: one.alias for one in lives}))
        self._releases: list[tuple[int, str]] = []
        self._usual = 300
        self._round = -(-len(lives) // AT_A_LOOK)
        """Looks until each tenant's turn has come."""
        self._first: dict[tuple[str, str], int] = {}
        self._only: frozenset[str] | None = None
        """Whose jobs alone are looked at."""

    def run(self, folder: Path) -> Played:
        """Play it all."""
        tenants = {
            one.tenant_id: Tenant(
                clock=self.moment.clock, tenant_id=one.tenant_id, organization=f"{one.alias}.onmicrosoft.com"
            )
            for one in self._lives.values()
        }
        microsoft = Microsoft(self.moment, tenants, self._wrong_at_microsoft)
        self._database = Database(self._url)
        self._begin_numbers()
        people = People(self._database, self.result.told, self._choose, self._died)
        people.slack = Slack(self.moment.clock, self._by_channel, people.carry)
        self._slack, self._people, self._tenants = people.slack, people, tenants
        settings = settings_of(folder, self._lives.values(), self._url)
        with played(self.moment), in_play(microsoft, self.result.errors):
            self._around = EdgeTenant(
                self.moment,
                settings,
                self._url,
                people.slack,
                microsoft,
                self._wrong_at_slack,
                self.result.errors,
            )
            self._replicas = [
                self._begun(name) for name in (("one",) if self._kills is None else ("one", "two"))
            ]
            for instant in range(first_of(self._days)):
                self._play(instant)
            for replica in self._replicas:
                replica.end()
        self._count()
        self._database.close()
        return self.result

    def _begun(self, name: str) -> Replica:
        return Replica(self._around, name, self._dice)

    def _play(self, instant: int) -> None:
        self._instant, self._look = instant, 0
        before, self.moment.now = self.moment.now, at(instant)
        self.moment.passed += max(60.0, (self.moment.now - before).total_seconds())
        self._began = self.moment.passed
        self._maybe_doom()
        found = True  # once more: what a duty that never counts as work has left is sent at the next look
        waves = list(self._waves())
        if waves:
            self._looks_around(briefly=True)  # what came due since the last instant is done before they act
        for wave in waves:
            for life, act in wave:
                self._act(life, act)
            found = self._looks_around(briefly=True) or found
        while self._looks_around() or found:
            found = False
            self.moment.passed += PAUSE  # what is looked for more rarely than each second has its turn
        troubled = frozenset(one.tenant_id for one in self._lives.values() if one.trouble(instant))
        if troubled:
            self._let_pauses_pass(troubled)
        self.result.looks += self._look
        self._snapshot()

    def _let_pauses_pass(self, troubled: frozenset[str]) -> None:
        """Let what rests after a failure be tried again, and so all that waits behind it.

        Nobody else is looked at: alone, no minutes pass for them.
        """
        self._only = troubled
        for step in range(1, STEPS + 1):
            self.moment.now += timedelta(seconds=STEP)
            self.moment.passed += STEP
            self._began = self.moment.passed - step * STEP
            self._looks_around(briefly=True)
        self._only = None

    def _waves(self) -> Iterator[list[tuple[Life, Act]]]:
        """What people do at this instant: one act a tenant at a time, for they wait for what comes of it."""
        acts = [
            (life, [act for act in life.acts if act.instant == self._instant])
            for life in self._lives.values()
        ]
        for number in range(max((len(its) for _, its in acts), default=0)):
            yield [(life, its[number]) for life, its in acts if number < len(its)]

    def _looks_around(self, *, briefly: bool = False) -> bool:
        """Look until a round of looks finds nothing; whether there was anything.

        Once nobody finds anything, one of the two goes on: each asks of all tenants in its turn. ``briefly``:
        until nothing is left of what people have done.
        """
        quiet, found, one_goes_on = 0, False, self._dice.randrange(2)
        enough = 1 if briefly else self._round
        while quiet < enough or self._releases or any(one.waits for one in self._replicas):
            if quiet >= enough and self._releases:
                self._pass(min(when for when, _ in self._releases) - self._look - 1)
            self._look += 1
            assert self._look < LONGEST, f"instant {self._instant} does not come to rest"
            over = self._run_out()
            quiet = 0 if "leases" in over else min(quiet, max(0, enough - 2)) if over else quiet
            places = range(len(self._replicas))
            looking = [one_goes_on % len(self._replicas)] if quiet else places
            done = sum(self._looked(place) for place in looking)
            is_new = self._slack.workspace.touched.keys() - self._first
            quiet, found = (0, True) if done or is_new else (quiet + 1, found)
            self.moment.passed += 1.0
            self._note_posts()
        return found

    def _pass(self, looks: int) -> None:
        """So many looks pass in which nobody would find anything."""
        self._look += max(0, looks)
        self.moment.passed += max(0, looks)

    def _act(self, life: Life, act: Act) -> None:
        if act.name == "outside":
            self._tenants[life.tenant_id].change_outside(VALUES[act.given])
        else:
            self._people.do(life, act)
        self._note_posts()

    def _looked(self, place: int) -> int:
        replica = self._replicas[place]
        if replica.is_dead:
            if self._look >= replica.look_number + RESTART:
                self._replicas[place] = self._begun(replica.name)
            return 1
        passed = replica.death.passed
        try:
            return replica.look(self._only)
        except Killed:
            self._died(replica)
            return 1
        finally:
            self._usual = max(self._usual * 3 // 4, replica.death.passed - passed)

    # Deaths

    def _maybe_doom(self) -> None:
        living = [one for one in self._replicas if not one.is_dead]
        doomed = any(one.death.left is not None for one in living)
        if self._kills is not None and len(living) == 2 and not doomed and self._dice.random() < self._kills:
            self._dice.choice(living).death.left = self._dice.randrange(1, max(2, self._usual))

    def _died(self, replica: Replica) -> None:
        replica.death.struck = True
        replica.end()
        self.moment.taken()
        replica.look_number = self._look
        self.result.deaths += 1
        self._slack.workspace.forgiven.update(replica.death.posted)
        self._releases += [(self._look + LEASE, "leases"), (self._look + CLAIM, "claims")]

    def _run_out(self) -> list[str]:
        """End what a dead process held, as the database's clock would in a while; returns what that was."""
        over = [what for when, what in self._releases if when <= self._look]
        self._releases = [(when, what) for when, what in self._releases if when > self._look]
        if not over:
            return over
        with self._database.write() as connection:
            if "leases" in over:
                connection.execute(update(leases).where(leases.c.until > 0).values(until=0))
            if "claims" in over:
                connection.execute(
                    update(notices).where(notices.c.delivered_at.is_(None)).values(claimed_until=0)
                )
                connection.execute(update(inbox).where(inbox.c.done_at.is_(None)).values(claimed_until=0))
        return over

    def _choose(self) -> Replica:
        return self._dice.choice([one for one in self._replicas if not one.is_dead])

    # Trouble

    def _wrong_at_microsoft(self, tenant_id: str) -> str:
        found = self._by_id[tenant_id].trouble(self._instant)
        return "" if found in IN_SLACK else found

    def _wrong_at_slack(self, method: str, channel: str) -> str:
        life = self._by_channel.get(channel)
        found = life.trouble(self._instant) if life is not None else ""
        return found if found in IN_SLACK and method.startswith("chat.") else ""

    # What is seen

    def _begin_numbers(self) -> None:
        with self._database.write() as connection:
            for table in ("change_requests", "devices"):
                connection.execute(
                    text(NUMBERED[self._database.is_sqlite]), {"name": table, "last": FIRST_NUMBER - 1}
                )

    def _note_posts(self) -> None:
        rooms = self._slack.workspace
        for key in rooms.touched:
            self._first.setdefault(key, int(self.moment.passed - self._began))

    def _snapshot(self) -> None:
        rooms = self._slack.workspace
        touched, rooms.touched = rooms.touched, {}
        for (channel, ts), (message, is_new) in touched.items():
            where = f"{channel} for {message.ephemeral_to}" if message.ephemeral_to else channel
            where += " in a thread" if message.thread_ts else ""
            alias = self.result.told.whose(channel, message.text)
            forgiven = (channel, ts) in rooms.forgiven
            said = Said(
                self._instant, where, not is_new, words(message.as_page()), self._first[channel, ts], forgiven
            )
            self.result.told.said[alias].append(said)
        self._first.clear()

    def _count(self) -> None:
        with self._database.read() as connection:
            for life in self._lives.values():
                own: dict[str, str] = {}
                for table, sign in (("change_requests", "#"), ("devices", "D")):
                    query = text(f"SELECT id FROM {table} WHERE tenant_id = :one ORDER BY id")
                    for rank, row in enumerate(connection.execute(query, {"one": life.tenant_id}), 1):
                        own[f"{sign}{row.id}"] = f"{sign}[{rank}]"
                self.result.numbers[life.alias] = own
        for life in self._lives.values():
            events = (json.loads(line) for line in lines(self._database, life.tenant_id))
            self.result.record[life.alias] = [
                (one["kind"], str(one["actor"]), self._instant_of(one["at"])) for one in events
            ]

    @staticmethod
    def _instant_of(moment: str) -> str:
        """The instant in which something was recorded: the seconds of its steps are the play's."""
        return at(bisect_right(INSTANTS, datetime.fromisoformat(moment)) - 1).isoformat()


def settings_of(folder: Path, lives: Iterable[Life], url: str) -> Settings:
    """The settings of a bot for these tenants, from the environment and the file as always."""
    file = folder / "tenants.yaml"
    entries = "".join(one.entry() for one in lives)
    file.write_text(f"fleet_operators: [U0CAROL]\ntenants:\n{entries}", encoding="utf-8")
    given = {
        "DATABASE_URL": url,
        "SLACK_BOT_TOKEN": "xoxb-0-sandbox-legacytls",
        "SLACK_APP_TOKEN": "xapp-1-A0LEGACY-0-sandbox",
        "AZURE_CLIENT_ID": "66666666-7777-8888-9999-aaaaaaaaaaaa",
        "AZURE_CLIENT_SECRET": "a-secret-of-the-play",
        "LEGACYTLS_TENANTS": str(file),
        "LEGACYTLS_OBSERVE_EVERY": "6h",
        "LEGACYTLS_WHEN_NONE_LEFT": "opt-out",
    }
    with patch.dict(os.environ, given):
        return load(file={})
