"""Say which changes wait, and for what, for whoever runs the bot."""

from handlers.changes.transitions import is_outdated
from handlers.policy.rule import Rule
from storage.lifecycle import State
from storage.reading import Reader

OUTDATED_COPY = (
    "this copy of the bot runs with an earlier rule, so it leaves the change to a copy that runs with the "
    "present one"
)


def held_up(reader: Reader, rule: Rule) -> str | None:
    """Return which changes wait and for what, a sentence each; ``None`` while nothing waits.

    Shows nothing that people typed.
    """
    outdated = is_outdated(reader, rule)
    told = []
    for request in reader.in_states({State.APPROVED, State.UNCERTAIN}):
        if request.state is State.UNCERTAIN or request.retry_at is not None:
            told.append(f"#{request.id}: {request.detail}")
        elif outdated:
            told.append(f"#{request.id}: {OUTDATED_COPY}.")
    return " ".join(told) or None
