"""What one check says."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """``FAILED`` makes the whole check fail; ``WARNED`` and ``OPTIONAL`` never do."""

    PASSED = "ok"
    WARNED = "warning"
    OPTIONAL = "optional"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line: what was checked, how it stands, what was found, and what to do about it."""

    check: str
    outcome: Outcome
    finding: str
    mend: str = ""
    name: str = ""
    """What Slack calls the person whose id stands in ``check``; empty where it is about nobody, or Slack does
    not say."""

    def line(self) -> str:
        """Return the line as people read it."""
        about = f" (@{self.name})" if self.name else ""
        mend = f"\n            mend: {self.mend}" if self.mend else ""
        return f"{self.outcome.value:>8}  {self.check}{about}: {self.finding}{mend}"


def passed(check: str, finding: str) -> Verdict:
    """It holds."""
    return Verdict(check, Outcome.PASSED, finding)


def warned(check: str, finding: str, mend: str, *, name: str = "") -> Verdict:
    """It holds today."""
    return Verdict(check, Outcome.WARNED, finding, mend, name)


def optional(check: str, finding: str, mend: str = "") -> Verdict:
    """It does not hold, and the bot works without it."""
    return Verdict(check, Outcome.OPTIONAL, finding, mend)


def failed(check: str, finding: str, mend: str, *, name: str = "") -> Verdict:
    """It does not hold, and the bot needs it."""
    return Verdict(check, Outcome.FAILED, finding, mend, name)
