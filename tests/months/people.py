"""People's hands in a play: what an act of a life means in Slack, and how a person insists after a death.

Who gets no answer because the process died tries again, unless something came of it: a form, a word, or a row
that was kept. Slack itself sends an event again.
"""

import json
from collections.abc import Callable

from sqlalchemy import text

from bot.sandbox.slack.deliveries import Parcel
from bot.sandbox.slack.inputs import Wanted
from bot.sandbox.slack.messages import JSON, SlackError
from storage.engine import Database
from tests.months.lives import Act, Life, at
from tests.months.replica import Killed, Replica
from tests.months.slack import Slack, Told

KEPT = ("inbox", "device_acts")
VALUES = {"on": True, "off": False, "unset": None}


class People:
    """``choose`` names a living replica; ``died`` is told of one that was killed in the middle of an act."""

    def __init__(
        self,
        database: Database,
        told: Told,
        choose: Callable[[], Replica],
        died: Callable[[Replica], None],
    ) -> None:
        self.slack: Slack
        self._database, self._told = database, told
        self._choose, self._died = choose, died
        self._struck = False

    def carry(self, parcel: Parcel) -> None:
        """Take what Slack sends to one of the replicas; what it acknowledged is then done."""
        while True:
            replica = self._choose()
            try:
                response = replica.take(parcel.payload)
            except Killed:
                self._struck = True
                self._died(replica)
                if parcel.kind == "events_api":
                    continue
                parcel.fail("operation_timeout")
                return
            if parcel.kind == "events_api" and response.status != 200:
                continue
            body = response.body
            parcel.answer(
                json.loads(body) if body and body.startswith("{") else {"text": body} if body else {}
            )
            try:
                replica.work()
            except Killed:
                self._struck = True
                self._died(replica)
            return

    def do(self, life: Life, act: Act) -> None:
        """Do one act."""
        self._life, self._act = life, act
        try:
            self._acts(act.name)
        except SlackError:
            pass  # the channel is archived: nobody can do anything there
        finally:
            if act.person:
                self.slack.modals.clear(act.person)

    def _acts(self, name: str) -> None:
        act, life = self._act, self._life
        day = (at(act.instant).date()).toordinal() + act.days
        until = type(at(0).date()).fromordinal(day).isoformat()
        match name:
            case "ask" | "extend":
                word = "enable" if name == "ask" else "extend"
                self._fill(word, {"reason": act.given, "clients": f"Ricoh of {life.alias}", "day": until})
            case "opt out":
                self._fill("disable", {"reason": "No scanner left"})
            case "approve" | "reject" | "withdraw":
                self._press_card(name)
            case "react" | "react no":
                self._react("white_check_mark" if name == "react" else "x")
            case "add":
                device, _, owner = act.given.rpartition("|")
                sender = f"scan{act.instant}.{act.days}@{life.alias}.example"
                told = {"device": device, "sender": sender, "owner": owner, "due": until}
                self._fill("devices add", told | {"reason": "Its firmware", "plan": "A new one"})
            case "reply":
                self._reply()
            case "look":
                self._insist(
                    lambda: self.slack.people.command(act.person, f"/legacytls {act.given}", life.channel)
                )
            case _:
                self._device(name)

    def _fill(self, word: str, values: JSON) -> None:
        person, channel = self._act.person, self._life.channel
        self._insist(lambda: self.slack.people.command(person, f"/legacytls {word}", channel))
        forms = self.slack.modals.stack(person)
        if not forms:
            return
        form = forms[-1]
        fields = {block.get("block_id") for block in form.definition["blocks"] if block["type"] == "input"}
        given = {name: value for name, value in values.items() if name in fields}
        self._insist(lambda: self.slack.people.submit(person, form.id, given))

    def _press_card(self, name: str) -> None:
        found = self.slack.workspace.buttons(self._life.channel, name)
        if found:
            ts, person = found[0].ts, self._act.person
            self._insist(lambda: self.slack.people.press(person, self._life.channel, ts, Wanted(name)))

    def _react(self, emoji: str) -> None:
        found = self.slack.workspace.buttons(self._life.channel, "approve")
        if found and self._act.person not in found[0].reactions.get(emoji, []):
            self._insist(
                lambda: self.slack.people.react(self._act.person, self._life.channel, found[0].ts, emoji)
            )

    def _device(self, name: str) -> None:
        """Press a button of the newest entry that is standing, looked up by command."""
        person, channel = self._act.person, self._life.channel
        with self._database.read() as connection:
            newest = connection.execute(
                text("SELECT max(id) FROM devices WHERE tenant_id = :one"), {"one": self._life.tenant_id}
            ).scalar()
        if newest is None:
            return
        self._insist(lambda: self.slack.people.command(person, f"/legacytls devices D{newest}", channel))
        found = [
            one for one in self.slack.workspace.buttons(channel, name, person) if one.ephemeral_to == person
        ]
        if found:
            self._insist(lambda: self.slack.people.press(person, channel, found[0].ts, Wanted(name)))

    def _reply(self) -> None:
        """The owner of a device answers the newest reminder."""
        person = self._act.person
        direct = self.slack.workspace.direct(person).id
        for name in ("device_replaced", "device_not_mine"):
            for message in self.slack.workspace.buttons(direct, name):
                if self._told.whose(direct, message.text) == self._life.alias:
                    self._insist(lambda: self.slack.people.press(person, direct, message.ts, Wanted(name)))  # noqa: B023
                    return

    def _insist(self, act: Callable[[], object]) -> None:
        before, self._struck = self._seen(), False
        act()
        while self._struck and self._seen() == before:
            self._struck = False
            act()

    def _seen(self) -> tuple[object, ...]:
        """What tells a person that something came of an act."""
        with self._database.read() as connection:
            kept = [connection.execute(text(f"SELECT max(id) FROM {one}")).scalar() for one in KEPT]
        person = self._act.person
        return kept, [view.id for view in self.slack.modals.stack(person)], len(self.slack.workspace.touched)
