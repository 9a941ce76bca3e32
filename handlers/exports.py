"""Use case of handing out the record: operators and approvers only, and itself on record."""

from handlers.context import Context
from handlers.policy import Verdict
from storage.export import Form, lines


class Exports:
    """Writes the record of one tenant as text."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def may_export(self, person: str) -> Verdict:
        """Whether this person may have the record. Raises ``Unavailable``."""
        return self._context.people.operator_or_approver(person)

    def text(self, person: str, form: Form) -> str:
        """The whole record, oldest first, with the event of this very export as its last."""
        ledger = self._context.ledger
        with ledger.recording(self._context.now()) as entry:
            entry.record("exported", person, {"format": form})
        return "".join(lines(ledger.database, ledger.tenant_id, form=form))
