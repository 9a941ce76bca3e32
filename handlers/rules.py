"""Use case of the rule itself: recorded at start, announced once when it changed, and then every earlier vote is void."""

from handlers.context import Context
from handlers.owed import CHANNEL, owe_card
from handlers.policy import standing_approvals
from storage.ledger import BOT, Entry
from storage.lifecycle import Kind, State
from storage.records import ChangeRequest, Decision, Door, Vote


class Rules:
    """Keeps the rule's versions."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def keep_rule(self) -> None:
        """Record the rule at start. A changed rule is announced once, and voids the votes of open requests."""
        rule = self._context.rule
        with self._context.ledger.recording(self._context.now()) as entry:
            known = entry.reader.rule_digest()
            if known == rule.digest:
                return
            entry.keep_rule(rule.digest, rule.body())
            if known is None:
                return
            self._void_votes(entry)
            entry.owe(CHANNEL, f"rule:{rule.digest}:{entry.reader.head()[0]}", facts={"what": "rule", "digest": rule.digest})

    def _void_votes(self, entry: Entry) -> None:
        """Recorded as taken back, so that no vote comes back to life should an earlier rule come back."""
        for wish in entry.reader.in_states({State.PENDING, State.APPROVED}, kinds=(Kind.OPT_IN, Kind.EXTENSION)):
            request = wish
            for cast in standing_approvals(entry.reader.decisions([wish.id])).values():
                request = _void(entry, request, cast)
            detail = "The rule was changed, so earlier votes no longer count: approve again."
            if request.state is State.APPROVED:
                moved = entry.move(request, State.PENDING, actor=BOT, detail=detail)
            else:
                moved = entry.say(request, detail=detail)
            owe_card(entry, moved)


def _void(entry: Entry, request: ChangeRequest, cast: Decision) -> ChangeRequest:
    raised, _ = entry.vote(
        request,
        person_id=cast.person_id,
        vote=Vote.TAKEN_BACK,
        door=Door.BOT,
        digest=cast.digest,
        voted_at=max(entry.now, cast.voted_at),
    )
    return raised
