"""Judge what a person's vote does to a request, for the vote itself and for who asks beforehand.

Everything is judged on one reading of the ledger and on people who were looked up before. Must never record
anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from handlers.changes.transitions import OUTDATED, SHOWN_ANOTHER, decided_by, was_shown_another
from handlers.context.look_ups import Checked
from handlers.interaction import Interaction
from handlers.policy.decided_by import NOBODY, DecidedBy
from handlers.policy.rule import Reason, Rule, Verdict, judge_vote
from handlers.policy.votes import Tally, content_digest, standing_approvals, tally
from handlers.register.request_sync import SHOWN_OTHER_DEVICES, was_shown_other_devices
from storage.app_home import shown_to
from storage.ledger_reader import Reader
from storage.lifecycle import Kind
from storage.records import ChangeRequest, Decision, Door, Vote

UNCHECKED = (
    "could not be looked up just now, so their approval does not count yet. Once that works again, *Approve* "
    "pressed by anybody who approved counts it."
)

SHOWN_ANOTHER_PAGE = (
    "Your page did not show it as it is now, so your vote is not counted. Look at the page again, then "
    "decide."
)

ENOUGH_STAND = "Enough approvals stand by now, so it is approved."


def may_vote(
    reader: Reader, request: ChangeRequest, cast: Interaction, eligible: Verdict, *, rule: Rule, now: datetime
) -> Verdict:
    """Judge whether somebody may vote, by the present rule and what they saw; ``eligible`` is of them."""
    newest = reader.holding.rule()
    digest = newest.digest if newest else None
    by = decided_by(reader, request)
    judged = may_decide(request, cast.person, eligible, rule=rule, newest=digest, now=now, by=by)
    if judged.allowed and _was_shown_another(reader, request, cast, rule=rule, now=now):
        shown = SHOWN_ANOTHER_PAGE if cast.on_home else SHOWN_ANOTHER
        return Verdict(allowed=False, reason=Reason.OTHER_RULE, sentence=f"#{request.id}: {shown}")
    if judged.allowed and not cast.on_home and was_shown_other_devices(reader, request, cast.at):
        return Verdict(
            allowed=False, reason=Reason.OTHER_CONTENT, sentence=f"#{request.id}: {SHOWN_OTHER_DEVICES}"
        )
    return judged


def may_decide(
    request: ChangeRequest,
    person: str,
    eligible: Verdict,
    *,
    rule: Rule,
    newest: str | None,
    now: datetime,
    by: DecidedBy = NOBODY,
) -> Verdict:
    """Judge the same apart from what was shown, purely. ``newest``: the digest of the rule recorded last."""
    judged = judge_vote(request, person, eligible, now=now, decided_by=by)
    if judged.allowed and newest not in (None, rule.digest):
        return Verdict(allowed=False, reason=Reason.OTHER_RULE, sentence=f"#{request.id}: {OUTDATED}")
    return judged


def _was_shown_another(
    reader: Reader, request: ChangeRequest, cast: Interaction, *, rule: Rule, now: datetime
) -> bool:
    """Whether the message, or the person's own App Home, did not show yet what is judged here."""
    if not cast.on_home:
        return was_shown_another(reader, request, cast.at, now)
    shown = shown_to(reader.connection, request.tenant_id, cast.person)
    content = (request.id, content_digest(request, rule.digest))
    return shown is None or (shown.request_id, shown.digest) != content or cast.at < shown.shown_at


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the approval of somebody who may vote does to the votes on a request."""

    is_new: bool
    """Whether it is a vote that was not cast before."""
    counted: Tally
    unsure: tuple[str, ...]
    """Whose approvals do not count yet, because they could not be looked up."""
    lost: tuple[str, ...]
    """Whose approvals do not count any more."""
    answer: str
    """What whoever approves is told."""


def weigh(
    request: ChangeRequest, votes: Sequence[Decision], cast: Interaction, others: Checked, *, rule: Rule
) -> Weighed:
    """Count an approval together with those on record; ``others`` are whoever approved before, looked up."""
    digest = content_digest(request, rule.digest)
    problem = _no_new_vote(votes, digest, cast)
    last = max((vote.id for vote in votes), default=0)
    vote = Decision(
        last + 1,
        request.id,
        cast.person,
        Vote.APPROVE,
        cast.door,
        digest,
        voted_at=cast.at,
        recorded_at=cast.at,
    )
    counted = tally(
        request, votes if problem else [*votes, vote], rule=rule, eligible=others.eligible | {cast.person}
    )
    unsure = () if counted.complete else tuple(person for person in counted.void if person in others.unknown)
    lost = tuple(person for person in counted.void if person not in unsure)
    answer = f"{problem} #{request.id}." if problem else _counted_answer(request, counted)
    more = ENOUGH_STAND if problem and counted.complete else why_unsure(unsure)
    return Weighed(not problem, counted, unsure, lost, f"{answer} {more}".strip())


def why_unsure(people: Sequence[str]) -> str:
    """Say whose approvals do not count yet; empty where there are none."""
    return f"{' and '.join(f'@{person}' for person in people)} {UNCHECKED}" if people else ""


def _no_new_vote(votes: Sequence[Decision], digest: str, cast: Interaction) -> str:
    mine = [vote for vote in votes if vote.person_id == cast.person]
    undone = any(
        vote.vote is Vote.TAKEN_BACK
        and vote.voted_at >= cast.at
        and (vote.door is Door.BUTTON or (vote.door is Door.REACTION and cast.door is Door.REACTION))
        for vote in mine
    )
    if undone:
        return "This vote was taken back later, so it is not counted for"
    standing = standing_approvals(mine).get(cast.person)
    if standing is None or standing.digest != digest or standing.door is not cast.door:
        return ""
    # its removal in between is still on its way
    cast_again = cast.door is Door.REACTION and cast.at > standing.voted_at
    return "" if cast_again else "Your approval already counts for"


def _counted_answer(request: ChangeRequest, counted: Tally) -> str:
    if counted.complete:
        following = "the change goes to Exchange now"
        if request.kind is Kind.EXTENSION:
            following = (
                "the opt-in gets this end as soon as the live value is read once more; nothing is written "
                "to Exchange"
            )
        return f"Your approval of #{request.id} is counted. It was the last one needed, so {following}."
    more = "1 more approval is" if counted.missing == 1 else f"{counted.missing} more approvals are"
    return f"Your approval of #{request.id} is counted; {more} needed from other people."
