"""Use case of the safe direction: an earlier end of the present window, by one operator or approver, at once.

It never lengthens a window and never opens one, writes nothing to Exchange, and asks for nobody's approval. A
later end is an extension, which two people make; one that is not made yet is superseded, so that no vote on
the earlier window moves the new end.
"""

from dataclasses import replace
from datetime import datetime

from handlers.changes.transitions import supersede_extensions
from handlers.context.context import Context
from handlers.interaction import Interaction
from handlers.outgoing.notices import (
    as_typed,
    enqueue_answer,
    enqueue_card,
    enqueue_new_end,
    enqueue_overtaken,
)
from handlers.outgoing.refusals import record_refusal
from handlers.policy.days import spelled_end
from handlers.policy.forms import CLIENTS, REASON, TICKET, OptInForm
from handlers.policy.rule import Verdict
from handlers.suggested import Suggested
from storage.ledger import Entry
from storage.lifecycle import Kind
from storage.records import Baseline, Door, SettingValue

NO_WINDOW = (
    f"Nothing was changed: there is no window any more that could end earlier. {Suggested('status')} shows "
    "how things stand."
)
OVER = f"Nothing was changed: this day is over by now. {Suggested('disable')} opts out at once."


class Shortening:
    """Gives the present window an earlier end."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def may_shorten(self, person: str) -> Verdict:
        """Judge who may have the window end earlier: whoever may opt out. Raises ``Unavailable``."""
        return self._context.people.opting_out(person)

    def shorten(self, form: OptInForm, interaction: Interaction) -> None:
        """Record the earlier end, valid from now on; refusals are answered and change nothing."""
        verdict = self.may_shorten(interaction.person)
        end = form.window_end(self._context.zone)
        with self._context.ledger.recording(self._context.now()) as entry:
            entry.finish_inbox(interaction.key)
            baseline = entry.reader.baseline()
            text = verdict.sentence or self._problem(baseline, end, entry.now)
            if baseline is None or text:
                record_refusal(entry, interaction.person, "shorten", text)
                typed = as_typed({REASON: form.reason, TICKET: form.ticket, CLIENTS: form.clients})
                enqueue_answer(entry, interaction, text, typed=typed)
            else:
                self._shorten(entry, baseline, form, interaction, verdict)
        self._context.wake_worker()

    def _problem(self, baseline: Baseline | None, end: datetime, now: datetime) -> str:
        """Why there is nothing to shorten, or an empty string; asked in the transaction that would do it."""
        if baseline is None or baseline.value is not SettingValue.OPTED_IN or baseline.window_end is None:
            return NO_WINDOW
        if end <= now:
            return OVER
        if end >= baseline.window_end:
            present = spelled_end(baseline.window_end, self._context.zone)
            return f"Nothing was changed: the opt-in ends {present} by now, which is no later."
        return ""

    def _shorten(
        self, entry: Entry, baseline: Baseline, form: OptInForm, interaction: Interaction, verdict: Verdict
    ) -> None:
        zone = self._context.zone
        end, before = form.window_end(zone), baseline.window_end
        instead = f" instead of {spelled_end(before, zone)}" if before else ""
        detail = (
            f"The opt-in ends {spelled_end(end, zone)}{instead}. Until then nothing is written to Exchange."
        )
        change = entry.open(
            Kind.SHORTENING,
            requester_id=interaction.person,
            requester_enterprise_id=verdict.enterprise_user_id,
            door=Door.COMMAND,
            to_value=baseline.value,
            from_value=baseline.value,
            rule_digest=self._context.rule.digest,
            reason=form.reason,
            clients=form.clients,
            ticket=form.ticket,
            protocols=form.protocols,
            window_end=end,
            detail=detail,
        )
        enqueue_overtaken(entry, change)
        entry.holding.set_baseline(
            replace(baseline, since=entry.now, request_id=change.id, window_end=end), why="shortened"
        )
        enqueue_card(entry, change)
        supersede_extensions(entry, change)
        enqueue_new_end(entry, change)
        text = f"#{change.id}: {detail}"
        enqueue_answer(entry, interaction, text, request_id=change.id)
