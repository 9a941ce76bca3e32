"""A world in which somebody writes to the database past the bot, with plain SQL, or puts a backup of it back.

The bot is a real process with a key and a folder of its own.
"""

import json
import shutil
import socket
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from sqlalchemy import make_url, text

from storage.engine import Database
from storage.integrity.keyring import Keyring
from storage.lifecycle import State
from tests.bot.machine import Outcome, command
from tests.crashes.world import BOB, CHANNEL, World

KEY = "c0ffee" + "12" * 29
OTHER = "decade" + "34" * 29


def key_id(key: str) -> str:
    return Keyring([bytes.fromhex(key)]).newest or ""


def _free_port() -> int:
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Attacked:
    """One world, the bot's settings in it, and what an owner of the database does there."""

    world: World
    key: str = KEY
    state: str = "state"
    port: int = field(default_factory=_free_port)

    @property
    def settings(self) -> dict[str, str]:
        keeping = {
            "LEGACYTLS_STATE_DIR": str(self.world.folder / self.state),
            "LEGACYTLS_HEALTH_PORT": str(self.port),
        }
        return keeping | ({"LEGACYTLS_RECORD_KEY": self.key} if self.key else {})

    def start(self, **more: str) -> None:
        self.world.start(**self.settings | more)

    def typed(self, *arguments: str, **settings: str) -> Outcome:
        """What an admin types on the bot's machine."""
        environment = (
            self.world.slack.environment | self.world.microsoft.environment | {"DATABASE_URL": self.world.url}
        )
        return command(*arguments, settings=environment | self.settings | settings, folder=self.world.folder)

    # What is seen

    def trouble(self, where: str) -> str:
        """What ``/readyz`` says in its body once it answers with 200; empty where it says nothing."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return str(json.loads(answer.read())["trouble"].get(where, ""))
        except OSError:  # not ready yet, or not listening
            return "not ready"

    def said(self, *words: str) -> list[str]:
        """The messages in the channel that hold all these words."""
        return [
            message["text"]
            for message in self.world.public()
            if all(word in message["text"] for word in words)
        ]

    def events(self, kind: str) -> list[dict[str, Any]]:
        with self.world.reader() as reader:
            return [dict(event.payload) for event in reader.events() if event.kind == kind]

    def state_of(self, number: int) -> State:
        with self.world.reader() as reader:
            return reader.request(number).state

    # What people do

    def opts_out(self) -> None:
        """Opting out goes on, whatever was done to the database."""
        before = len(self.world.writes)
        form = self.world.form(BOB, "disable")
        self.world.slack.submit(BOB, form, {"reason": ""})
        self.world.wait(
            lambda: (
                [call.parameters["AllowLegacyTLSClients"] for call in self.world.writes[before:]] == [False]
            )
        )

    def lunch(self, person: str) -> str:
        """Somebody's own message in the channel; returns its ``ts``."""
        self.world.slack.say(person, "Lunch?", CHANNEL)
        return str(
            next(
                message["ts"] for message in self.world.slack.messages(CHANNEL) if message["text"] == "Lunch?"
            )
        )

    # What an owner of the database does

    def sql(self, statement: str, **values: object) -> None:
        with self.world.database.write() as connection:
            connection.execute(
                text(statement), {"tenant": self.world.tenant.tenant_id, "at": self._now} | values
            )

    def plant_delivery(self, key: str, kind: str = "vote", proof: str | None = None, **said: str) -> None:
        payload = {"person": BOB, "door": "button", "at": self.world.clock().isoformat()} | said
        self.sql(
            "INSERT INTO inbox (tenant_id, key, kind, payload, received_at, claimed_until, authenticator)"
            " VALUES (:tenant, :key, :kind, :payload, :at, 0, :proof)",
            key=key, kind=kind, payload=json.dumps(payload), proof=proof,
        )  # fmt: skip

    def plant_message(self, key: str, kind: str, recipient: str | None, facts: Mapping[str, str]) -> None:
        self.sql(
            "INSERT INTO notices (tenant_id, kind, key, recipient, facts, created_at, due_at, tries, "
            "claimed_until)"
            " VALUES (:tenant, :kind, :key, :recipient, :facts, :at, :at, 0, 0)",
            key=key, kind=kind, recipient=recipient, facts=json.dumps(facts),
        )  # fmt: skip

    def plant_card(self, ts: str, number: int) -> None:
        self.sql(
            "INSERT INTO cards (channel, ts, tenant_id, request_id, drawn_version) VALUES (:channel, :ts, "
            ":tenant, :number, 99)",
            channel=CHANNEL, ts=ts, number=number,
        )  # fmt: skip

    @property
    def _now(self) -> str:
        return self.world.clock().strftime("%Y-%m-%d %H:%M:%S.%f")

    # What happens to the file

    def backup(self) -> Path:
        """A backup of the whole SQLite database, taken while the bot runs."""
        copy = self.world.folder / "backup.db"
        copy.unlink(missing_ok=True)
        with closing(sqlite3.connect(self._file)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        return copy

    def put_back(self, copy: Path) -> None:
        """As an operator restores: the bot is stopped, and the file and its journals are replaced."""
        self.world.kill()
        self.world.database.close()
        for ending in ("-wal", "-shm"):
            Path(f"{self._file}{ending}").unlink(missing_ok=True)
        shutil.copy(copy, self._file)
        self.world.database = Database(self.world.url)
        self.world.let_claims_expire()

    @property
    def _file(self) -> str:
        return make_url(self.world.url).database or ""
