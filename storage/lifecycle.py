"""The pure state machine of a change request: which state may follow which, and nothing else.

Who may cause a move is policy's business, one floor up. The ledger refuses every move that is not listed
here.
"""

from enum import StrEnum


class Kind(StrEnum):
    """What a change request asks for.

    ``OUTSIDE`` records a change that somebody made without the bot (drift). ``SHORTENING`` gives the present
    window an earlier end; it writes nothing to Exchange and is done when it is recorded.
    """

    OPT_IN = "opt_in"
    EXTENSION = "extension"
    SHORTENING = "shortening"
    OPT_OUT = "opt_out"
    OUTSIDE = "outside"


WISHES = (Kind.OPT_IN, Kind.EXTENSION)
"""The kinds that need a second person."""


class State(StrEnum):
    """Where a change request stands; the words are those people read."""

    PENDING = "pending"
    APPROVED = "approved"
    APPLYING = "applying"
    UNCERTAIN = "uncertain"
    APPLIED = "applied"
    FAILED = "failed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    STALE = "stale"
    SUPERSEDED = "superseded"
    OBSERVED = "observed"


BIRTHS: dict[Kind, State] = {
    Kind.OPT_IN: State.PENDING,
    Kind.EXTENSION: State.PENDING,
    Kind.SHORTENING: State.APPLIED,
    Kind.OPT_OUT: State.APPROVED,
    Kind.OUTSIDE: State.OBSERVED,
}
"""The state in which each kind of request is born: an opt-out needs no second person, so it is born approved.

A shortening needs neither that nor Exchange, so it is born applied.
"""

MOVES: dict[tuple[State, State], str] = {
    (State.PENDING, State.APPROVED): "enough distinct, eligible approvals",
    (State.PENDING, State.REJECTED): "one eligible rejection",
    (State.PENDING, State.WITHDRAWN): "taken back by the requester",
    (State.PENDING, State.EXPIRED): "time ran out",
    (State.PENDING, State.STALE): "the live value or the content moved",
    (State.PENDING, State.SUPERSEDED): "a later opt-out or shortening",
    (State.APPROVED, State.PENDING): "a vote lost its eligibility",
    (State.APPROVED, State.WITHDRAWN): "taken back by the requester",
    (State.APPROVED, State.EXPIRED): "time ran out",
    (State.APPROVED, State.STALE): "the live value or the content moved",
    (State.APPROVED, State.SUPERSEDED): "a later opt-out or shortening",
    (State.APPROVED, State.APPLYING): "about to be sent",
    (State.APPROVED, State.APPLIED): "read back, no write needed",
    (State.APPLYING, State.APPROVED): "provably not processed",
    (State.APPLYING, State.APPLIED): "read back",
    (State.APPLYING, State.FAILED): "refused by Exchange",
    (State.APPLYING, State.UNCERTAIN): "outcome unknown",
    (State.UNCERTAIN, State.APPLIED): "read back",
    (State.UNCERTAIN, State.FAILED): "still unchanged 15 min later",
}
"""Every permitted move and the reason people are given for it; the README's chart is tested against this
table."""

OPEN = frozenset({State.PENDING, State.APPROVED, State.APPLYING, State.UNCERTAIN})
"""States that keep the one place an opt-in (or an extension) may hold per tenant."""

UNSENT = frozenset({State.PENDING, State.APPROVED})
"""States in which nothing is at Exchange, so that withdrawal, expiry and a later opt-out still win."""

SETTLED = frozenset(State) - OPEN
"""States that nothing leaves."""


def may_move(before: State, after: State) -> bool:
    """Tell whether ``after`` may follow ``before``."""
    return (before, after) in MOVES
