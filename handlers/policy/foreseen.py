"""How people would be judged as approvers, for whoever wants to know before they vote."""

from collections.abc import Mapping
from dataclasses import dataclass

from handlers.policy.rule import Verdict


@dataclass(frozen=True, slots=True)
class Foreseen:
    """How people would be judged as approvers, by their ids; ``NOT_CHECKED`` where that could not be found out."""

    verdicts: Mapping[str, Verdict]
    left_out: int
    """Approvers who were not looked up, because they are very many."""
    complete: bool
    """Whether each user group could be looked up."""
