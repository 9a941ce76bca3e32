"""Judge recorded votes by the rule: what was approved, whose approval stands, what is missing. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from handlers.policy.rule import Rule, digest_of
from storage.records import ChangeRequest, Decision, Door, Vote


def content_digest(request: ChangeRequest, rule_digest: str) -> str:
    """Return the SHA-256 (hex) of what is approved: tenant, values, window, reason, ticket, devices, rule.

    Devices are the entries of the register that it names, each with its due day. A request that names none,
    and one without a ticket, have the digest that they had before there was a register, and tickets.
    """
    named = [[device.number, device.due.isoformat()] for device in request.devices]
    return digest_of(
        {
            "request": request.id,
            "tenant": request.tenant_id,
            "kind": request.kind.value,
            "from": request.from_value.value if request.from_value else None,
            "to": request.to_value.value,
            "window_end": request.window_end.isoformat() if request.window_end else None,
            "reason": request.reason,
            "clients": request.clients,
            "protocols": sorted(request.protocols),
            "rule": rule_digest,
            **({"devices": named} if named else {}),
            **({"ticket": request.ticket} if request.ticket else {}),
        }
    )


def short_code(digest: str) -> str:
    """Return the first eight characters: what people compare by eye."""
    return digest[:8]


@dataclass(frozen=True, slots=True)
class Tally:
    """Return who approved under the present content and rule, who no longer counts, who is missing."""

    approved_by: tuple[str, ...]
    void: tuple[str, ...]
    missing: int

    @property
    def complete(self) -> bool:
        """Whether enough distinct people approved."""
        return self.missing == 0


def standing_approvals(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """Return each person's standing approval: the newest by event time that was not taken back.

    Taking back by reaction undoes only votes cast by reaction; by button, every vote. A redelivered, older
    approval stays undone.
    """
    votes = list(decisions)
    standing: dict[str, Decision] = {}
    for vote in votes:
        if vote.vote is Vote.APPROVE and not any(_undoes(other, vote) for other in votes):
            newest = standing.get(vote.person_id)
            if newest is None or (vote.voted_at, vote.id) > (newest.voted_at, newest.id):
                standing[vote.person_id] = vote
    return standing


def approvers(decisions: Iterable[Decision]) -> tuple[str, ...]:
    """Return who is named as having approved: whose approval stands, without whoever rejected after all."""
    votes = list(decisions)
    rejecters = {vote.person_id for vote in votes if vote.vote is Vote.REJECT}
    return tuple(person for person in standing_approvals(votes) if person not in rejecters)


def rejecter(decisions: Iterable[Decision]) -> str | None:
    """Return who rejected: one rejection is final, so there is no second; ``None`` where nobody did."""
    return next((vote.person_id for vote in decisions if vote.vote is Vote.REJECT), None)


def tally(
    request: ChangeRequest, decisions: Iterable[Decision], *, rule: Rule, eligible: Collection[str]
) -> Tally:
    """Count the votes that stand, by people who are eligible now, on exactly this content.

    The requester never counts.
    """
    digest = content_digest(request, rule.digest)
    standing = standing_approvals(decisions)
    counted = tuple(
        person
        for person, vote in standing.items()
        if person in eligible and person != request.requester_id and vote.digest == digest
    )
    void = tuple(person for person in standing if person not in counted)
    return Tally(approved_by=counted, void=void, missing=max(0, rule.approvals_required - len(counted)))


def _undoes(other: Decision, vote: Decision) -> bool:
    if other.vote is not Vote.TAKEN_BACK or other.person_id != vote.person_id:
        return False
    if other.door is Door.BOT:  # it voids what was on record, whatever the clocks said
        return other.id > vote.id
    return other.voted_at >= vote.voted_at and (other.door is not Door.REACTION or vote.door is Door.REACTION)
