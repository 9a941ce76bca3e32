"""Use cases of the safe direction: one operator or approver opts out, or a window ends. No second person, no votes."""

from datetime import datetime, timedelta

from handlers.context import Context
from handlers.owed import owe_answer, owe_card, owe_change
from handlers.policy import Verdict
from handlers.refusals import record_refusal
from handlers.touch import Touch
from storage.correlation import correlated
from storage.errors import AlreadyOpen
from storage.ledger import Entry, supersede_unsent
from storage.lifecycle import Kind, State
from storage.reading import Reader
from storage.records import Baseline, ChangeRequest, Door, SettingValue

AGAIN_AFTER = timedelta(minutes=30)
"""How long the bot waits before it tries again to end a window after Exchange did not take the opt-out."""


class OptOuts:
    """Opens opt-outs; they are born approved and supersede every opt-in that was not yet sent."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def may_opt_out(self, person: str) -> Verdict:
        """Whether one person may opt out. Raises ``Unavailable``."""
        return self._context.people.operator_or_approver(person)

    def opt_out(self, touch: Touch, *, reason: str) -> None:
        """One operator or approver opts out: born approved, and it supersedes every opt-in not yet sent."""
        verdict = self.may_opt_out(touch.person)
        with self._context.ledger.recording(self._context.now()) as entry:
            entry.finish_inbox(touch.item_id)
            if not verdict.allowed:
                record_refusal(entry, touch.person, "opt_out", verdict.sentence)
                text = verdict.sentence
            else:
                text = self._opt_out(entry, touch, reason)
            owe_answer(entry, touch.key, person=touch.person, text=text, channel=touch.channel)
        self._context.nudge()

    def end_window(self) -> int:
        """Opt out when the window has ended; returns how many opt-outs were opened: none or one."""
        now = self._context.now()
        with self._context.ledger.reading() as reader:
            if self._window_is_over(reader, now) is None:
                return 0
        try:
            with correlated(), self._context.ledger.recording(now) as entry:
                baseline = self._window_is_over(entry.reader, now)
                if baseline is None:
                    return 0
                reason = f"The window of #{baseline.request_id} has ended." if baseline.request_id else "The window has ended."
                self._born_approved(entry, person=None, door=Door.BOT, reason=reason)
        except AlreadyOpen:
            return 0
        self._context.nudge()
        return 1

    def may_not_rest(self) -> bool:
        """Whether something stands that the bot has to end or to find out, whether Slack can be reached or not."""
        with self._context.ledger.reading() as reader:
            baseline = reader.baseline()
            opted_in = baseline is not None and baseline.value is SettingValue.OPTED_IN
            return opted_in or bool(reader.in_states({State.APPROVED, State.APPLYING, State.UNCERTAIN}))

    @staticmethod
    def _window_is_over(reader: Reader, now: datetime) -> Baseline | None:
        """The baseline whose window has ended, unless an opt-out is being found out about or has just failed."""
        baseline = reader.baseline()
        if baseline is None or not baseline.is_over(now):
            return None
        for tried in reader.in_states({State.UNCERTAIN, State.FAILED}, kinds=(Kind.OPT_OUT,)):
            if tried.settled_at is None or timedelta() <= now - tried.settled_at < AGAIN_AFTER:
                return None
        return baseline

    def _opt_out(self, entry: Entry, touch: Touch, reason: str) -> str:
        try:
            request = self._born_approved(entry, person=touch.person, door=Door.COMMAND, reason=reason)
        except AlreadyOpen as taken:
            return f"Opt-out #{taken.request_id} is already under way; its result will be posted."
        return f"Opt-out #{request.id} is recorded and goes to Exchange now. The result follows here by direct message."

    def _born_approved(self, entry: Entry, *, person: str | None, door: Door, reason: str) -> ChangeRequest:
        by = f"Asked for by @{person}" if person else "Opened by the bot itself"
        request = entry.open(
            Kind.OPT_OUT,
            requester_id=person,
            door=door,
            to_value=SettingValue.OPTED_OUT,
            from_value=None,
            rule_digest=self._context.rule.digest,
            reason=reason,
            detail=f"{by}; opting out needs no second person.",
        )
        for superseded in supersede_unsent(entry, request):
            owe_change(entry, superseded)
        owe_card(entry, request)
        return request
