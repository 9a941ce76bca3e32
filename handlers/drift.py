"""Use case of watching: the live value is read regularly, kept as an observation and compared with the baseline.

A difference is a change made outside the bot: recorded once, with a number of its own, and announced at once. An unreadable value
is never drift and never silence: after three failed readings the channel hears, and hears again when it is back.
"""

from datetime import timedelta

from handlers.context import Context
from handlers.forms import text_problem
from handlers.owed import CHANNEL, owe_answer, owe_card
from handlers.ports import Reading, Unavailable
from handlers.refusals import record_refusal
from handlers.requests import observed
from handlers.touch import Touch
from storage.ledger import BOT, Entry
from storage.lifecycle import Kind, State
from storage.records import Baseline, ChangeRequest, Door, Observation, SettingValue

AUTHOR_AFTER = timedelta(minutes=2)
"""When the audit log is first asked who it was; see ``handlers.attribution``."""

LATE = timedelta(hours=24)
"""How long after it was sent a change that was given up may still show up as itself."""

LOUD_AFTER = 3
"""Failed readings in a row before the channel hears of it."""


class Drift:
    """Observes the setting; ``failures`` is only a count for the log, the ledger holds the truth."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def observe(self, every: timedelta) -> bool:
        """Read the live value if the newest observation is older than ``every``; tells whether it read."""
        now = self._context.now()
        with self._context.ledger.reading() as reader:
            newest, before = reader.newest_observation(), reader.baseline()
        if newest is not None and newest.at <= now < newest.at + every:
            return False
        try:
            reading = self._context.setting.read(patience=30)
        except Unavailable as unread:
            self._unreadable(unread)
            return True
        with self._context.ledger.recording(self._context.now()) as entry:
            self._back_again(entry)
            entry.observe(observed(reading))
            if entry.reader.baseline() == before:  # else a change of ours was made while this was being read
                self.compare(entry, reading)
        self._context.nudge()
        return True

    def claim(self, request_id: int, reason: str, touch: Touch) -> None:
        """Let an operator or approver say that it was them, and why, about a change made outside the bot; once."""
        verdict = self._context.people.operator_or_approver(touch.person)
        with self._context.ledger.recording(self._context.now()) as entry:
            entry.finish_inbox(touch.item_id)
            text = verdict.sentence if not verdict.allowed else _claim_problem(entry, request_id, reason)
            if text:
                record_refusal(entry, touch.person, "claim", text, request_id)
            else:
                entry.give_reason(request_id, person_id=touch.person, reason=reason)
                owe_card(entry, entry.reader.request(request_id))
                text = f"Your name and reason are on record for #{request_id}."
            owe_answer(entry, touch.key, person=touch.person, text=text, channel=touch.channel, request_id=request_id)
        self._context.nudge()

    def compare(self, entry: Entry, reading: Reading) -> ChangeRequest | None:
        """Record drift, unless a change of ours is under way; the first reading ever only sets the baseline."""
        if entry.reader.in_states({State.APPLYING, State.UNCERTAIN}):
            return None
        baseline = entry.reader.baseline()
        if baseline is None:
            entry.rebase(_first(reading), why="first reading")
            if reading.value is SettingValue.OPTED_IN:
                entry.owe(CHANNEL, "first-sight", facts={"what": "first_sight"})
            return None
        if baseline.value is reading.value:
            return None
        late = entry.reader.given_up(reading.value, entry.now - LATE)
        if late is not None and not baseline.overtakes(late):
            self._correct(entry, late, reading)
            return None
        return self._outside(entry, baseline, reading)

    def _correct(self, entry: Entry, late: ChangeRequest, reading: Reading) -> None:
        """A change that was given up as failed has shown up after all: said as a correction, and its window holds."""
        end = late.window_end if late.to_value is SettingValue.OPTED_IN else None
        entry.record("correction", BOT, {"value": reading.value.value}, late.id)
        entry.rebase(Baseline(value=reading.value, since=entry.now, request_id=late.id, window_end=end), why="correction")
        facts = {
            "what": "correction",
            "request": str(late.id),
            "value": reading.value.value,
            "end": end.isoformat() if end else "",
        }
        entry.owe(CHANNEL, f"correction:{late.id}", facts=facts)
        if late.requester_id:
            text = f"Correction to #{late.id}: it was given up as failed, but the live value is *{reading.value.value}* now."
            owe_answer(entry, f"correction:{late.id}", person=late.requester_id, text=text, request_id=late.id)

    def _outside(self, entry: Entry, baseline: Baseline, reading: Reading) -> ChangeRequest:
        detail = f"Seen as *{reading.value.value}* instead of *{baseline.value.value}*. Nobody asked the bot for this."
        change = entry.open(
            Kind.OUTSIDE,
            requester_id=None,
            door=Door.BOT,
            from_value=baseline.value,
            to_value=reading.value,
            rule_digest=self._context.rule.digest,
            detail=detail,
        )
        entry.rebase(
            Baseline(value=reading.value, since=entry.now, request_id=change.id, window_end=None), why="changed outside the bot"
        )
        owe_card(entry, change)
        return entry.look_again(change, at=entry.now + AUTHOR_AFTER)

    def _unreadable(self, unread: Unavailable) -> None:
        now = self._context.now()
        problem = f"{unread.sentence} {unread.mend}".strip()
        with self._context.ledger.recording(now) as entry:
            blank = Observation(at=now, value=None, smtp_auth_disabled=None, organization=None, problem=problem)
            entry.observe(blank)
            failed = entry.reader.failed_observations(LOUD_AFTER + 1)
            if len(failed) == LOUD_AFTER:
                since = failed[-1].at.isoformat()
                entry.owe(CHANNEL, f"unreadable:{since}", facts={"what": "unreadable", "problem": problem, "since": since})
        self._context.nudge()

    @staticmethod
    def _back_again(entry: Entry) -> None:
        """Whoever read first, the channel hears once that the outage it heard of is over."""
        outage = entry.reader.newest_facts("unreadable:")
        if outage is not None and "since" in outage:
            entry.owe(CHANNEL, f"readable:{outage['since']}", facts={"what": "readable"})


def _claim_problem(entry: Entry, request_id: int, reason: str) -> str:
    if entry.reader.request(request_id).kind is not Kind.OUTSIDE:
        return f"#{request_id} was not made outside the bot."
    if entry.reader.reason_given(request_id) is not None:
        return f"Somebody has put a name to #{request_id} already; the record is never altered."
    return text_problem(reason, "Write a sentence, so that the record says why.")


def _first(reading: Reading) -> Baseline:
    return Baseline(value=reading.value, since=reading.read_at, request_id=None, window_end=None)
