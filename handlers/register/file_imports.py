"""Import a file from a form: a report is kept, a list of devices is proposed.

The form is kept in the inbox before it is acknowledged, and finished in the transaction of what it caused: a
process that dies in between loses nothing, and nothing is done twice.
"""

from collections.abc import Sequence

from handlers.context.context import Context
from handlers.interaction import Interaction
from handlers.outgoing.notices import enqueue_answer
from handlers.outgoing.refusals import record_refusal
from handlers.policy.rule import Verdict
from handlers.ports import FetchFile, Unavailable
from handlers.register import device_transitions
from handlers.register.commands import ImportFile
from handlers.register.device_lists import Judged, judge_list, judge_owners, new_device
from handlers.register.domains import Domains
from handlers.register.files.decoding import LARGEST, NotRead
from handlers.register.files.kind_detection import read
from handlers.register.files.parsed_file import FileKind, Parsed, Skipped
from handlers.register.report_imports import NAMED, Imports, Period, imported_lines
from storage import register
from storage.devices.records import Device
from storage.errors import AlreadyRegistered
from storage.ledger import Entry


class FileImports:
    """Take files from forms; ``fetch`` reads one, ``None`` where nobody can give any."""

    def __init__(self, context: Context, imports: Imports, domains: Domains, fetch: FetchFile | None) -> None:
        self._context = context
        self._domains = domains
        self._imports = imports
        self._fetch = fetch

    def take(self, command: ImportFile, interaction: Interaction) -> None:
        """Import an operator's file and answer. Raises ``Unavailable``, and ``Conflict`` for a list."""
        verdict = self._context.people.operator(interaction.person)
        if not verdict.allowed:
            self._refuse(command, interaction, verdict)
            return
        if self._fetch is None:
            raise Unavailable("Files cannot be read here.", retryable=False)
        data, period = self._fetch(command.address, LARGEST + 1), Period(command.first_day, command.last_day)
        try:
            parsed = read(data)
            if parsed.kind is FileKind.DEVICES:
                self._propose(parsed, interaction, verdict)
            else:
                self._keep(parsed, data, period, interaction)
        except NotRead as unread:
            self._say(interaction, str(unread))

    def _keep(self, parsed: Parsed, data: bytes, period: Period, interaction: Interaction) -> None:
        self._imports.keep(
            parsed,
            data,
            period=period,
            by=interaction.person,
            also=lambda entry, found: _answer(entry, interaction, "\n".join(imported_lines(found))),
        )
        self._context.wake_worker()

    def _propose(self, parsed: Parsed, interaction: Interaction, asker: Verdict) -> None:
        context, people = self._context, self._context.people
        judged = judge_list(parsed.listed, rule=context.rule, now=context.now(), zone=context.zone)
        if not judged.wrong:
            judged = judge_owners(
                judged, lambda owner: device_transitions.owner_problem(people.member(owner))
            )
        if judged.wrong:
            self._say(interaction, "\n".join(_wrong_lines(judged)))
            return
        mind = self._domains.warning(row.command.sender for row in judged.rows)
        with context.ledger.recording(context.now()) as entry:
            told = _proposed(entry, judged, interaction.person, asker.enterprise_user_id)
            _answer(entry, interaction, f"{told}\n{mind}".strip())
        context.wake_worker()

    def _refuse(self, command: ImportFile, interaction: Interaction, verdict: Verdict) -> None:
        with self._context.ledger.recording(self._context.now()) as entry:
            entry.finish_inbox(interaction.key)
            if record_refusal(entry, interaction.person, command.kind.value, verdict.sentence):
                enqueue_answer(entry, interaction, verdict.sentence)
        self._context.wake_worker()

    def _say(self, interaction: Interaction, text: str) -> None:
        with self._context.ledger.recording(self._context.now()) as entry:
            _answer(entry, interaction, text)
        self._context.wake_worker()


def _answer(entry: Entry, interaction: Interaction, text: str) -> None:
    """Finish the delivery with its answer. Raises ``AlreadyHandled``: the transaction is void."""
    entry.finish_inbox(interaction.key)
    enqueue_answer(entry, interaction, text)


def _proposed(entry: Entry, judged: Judged, person: str, enterprise_id: str | None) -> str:
    """Put every row on the register that is not there yet; returns what came of it."""
    made: list[Device] = []
    there: list[int] = []
    for row in judged.rows:
        try:
            new = new_device(row.command)
            made.append(register.add(entry, new, proposer=person, proposer_enterprise_id=enterprise_id))
        except AlreadyRegistered as taken:
            there.append(taken.number)
    device_transitions.tell_owners(entry, made, person)
    return "\n".join(_proposed_lines([device.id for device in made], there, judged.ended))


def _proposed_lines(made: Sequence[int], there: Sequence[int], ended: int) -> list[str]:
    lines = ["Nothing was changed."]
    if made:
        how = "with the opt-in or extension that names them, or when another approver accepts them"
        lines = [f"Proposed: {len(made)} ({_numbers(made)}). They become active {how}."]
    if there:
        lines.append(f"On the register already, and left as they are: {len(there)} ({_numbers(there)})")
    if ended:
        lines.append(f"Left out, because they have ended by the list's own word: {ended}")
    return lines


def _wrong_lines(judged: Judged) -> list[str]:
    wrong: Sequence[Skipped] = judged.wrong
    rows = "1 row is" if len(wrong) == 1 else f"{len(wrong)} rows are"
    more = [f"and {len(wrong) - NAMED} more rows"] if len(wrong) > NAMED else []
    told = [f"Row {one.row}: {one.why}" for one in wrong[:NAMED]]
    return [f"Nothing was put on the register: {rows} wrong.", *told, *more]


def _numbers(numbers: Sequence[int]) -> str:
    more = f" and {len(numbers) - NAMED} more" if len(numbers) > NAMED else ""
    return ", ".join(f"D{number}" for number in numbers[:NAMED]) + more
