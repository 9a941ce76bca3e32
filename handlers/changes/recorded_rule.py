"""Record the rule at start and announce it once when it changed; every earlier vote is void then.

The other settings that matter to the control are recorded beside it, silently.

The rule that was recorded last holds. A copy of the bot that was started with another one (a rolling restart
has reached its neighbour, not yet itself) decides and applies nothing that needs the rule.
"""

from collections.abc import Mapping

from handlers.changes.transitions import VOIDED
from handlers.context.context import Context
from handlers.outgoing.news import RuleChanged
from handlers.outgoing.notices import enqueue_announcement, enqueue_card, enqueue_change
from handlers.policy.days import latest_end
from handlers.policy.votes import standing_approvals
from storage.ledger import BOT, Entry
from storage.lifecycle import OPEN, WISHES, State
from storage.messages.records import NoticeKind
from storage.records import ChangeRequest

TOO_LONG = (
    "The rule was changed, and the window that was asked for is longer than it allows now. Nothing was "
    "sent; ask again."
)


class Rules:
    """Keeps the rule's versions."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def keep_rule(self) -> None:
        """Record the rule at start, anew where its row does not agree with the record.

        A changed rule is announced once, and voids the votes of open requests.
        """
        rule = self._context.rule
        with self._context.ledger.recording(self._context.now()) as entry:
            known = entry.reader.holding.rule()
            if (
                known is not None
                and known.digest == rule.digest
                and not entry.reader.holding.rule_disagrees()
            ):
                return
            entry.holding.keep_rule(rule.digest, rule.body())
            if known is None:
                return
            self._void_votes(entry)
            self._show_again(entry)
            enqueue_announcement(
                entry, f"rule:{rule.digest}:{entry.reader.head()[0]}", RuleChanged(digest=rule.digest)
            )

    def keep_settings(self, effective: Mapping[str, object]) -> None:
        """Record the settings at start (JSON, no secrets) when they differ from those recorded last."""
        with self._context.ledger.reading() as reader:
            if reader.holding.settings() == effective:
                return
        with self._context.ledger.recording(self._context.now()) as entry:
            known = entry.reader.holding.settings()
            names = sorted(name for name in {*known, *effective} if known.get(name) != effective.get(name))
            if names:
                changed = {name: {"old": known.get(name), "new": effective.get(name)} for name in names}
                entry.record("settings", BOT, {"changed": changed, "settings": effective})

    def _show_again(self, entry: Entry) -> None:
        """Post unsettled requests in the channel that the rule names, those at Exchange included."""
        sequence = entry.reader.head()[0]
        for request in entry.reader.in_states(OPEN):
            entry.outbox.owe(NoticeKind.CARD, f"card:{request.id}:rule:{sequence}", request_id=request.id)

    def _is_too_long(self, request: ChangeRequest) -> bool:
        """Tell whether the window asked for could not be chosen under the present rule."""
        zone = self._context.zone
        latest = latest_end(request.created_at, self._context.rule.max_window, zone)
        return request.window_end is not None and request.window_end > latest

    def _void_votes(self, entry: Entry) -> None:
        """So that no vote comes back to life should an earlier rule come back."""
        for asked in entry.reader.in_states({State.PENDING, State.APPROVED}, kinds=WISHES):
            if self._is_too_long(asked):
                enqueue_change(entry, entry.move(asked, State.STALE, actor=BOT, detail=TOO_LONG))
                continue
            request = entry.void(asked, standing_approvals(entry.reader.decisions([asked.id])).values())
            if request.state is State.APPROVED:
                moved = entry.move(request, State.PENDING, actor=BOT, detail=VOIDED)
            else:
                moved = entry.say(request, detail=VOIDED)
            enqueue_card(entry, moved)
