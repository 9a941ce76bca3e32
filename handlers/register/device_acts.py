"""Use cases of the register: put a device on it, and whatever is done to one entry.

Every refusal is answered. Whoever acts is looked up before the transaction; inside it everything is judged
again on the entry as it then is. No act here opens a request, writes to Exchange or moves the end of a
window.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import assert_never

from handlers.context.context import Context
from handlers.interaction import Interaction
from handlers.outgoing.notices import as_typed, enqueue_answer
from handlers.outgoing.refusals import record_refusal
from handlers.policy.days import latest_day
from handlers.policy.rule import ALLOWED, Verdict
from handlers.ports import FetchFile, Lookups
from handlers.register import device_transitions
from handlers.register.burn_down import Devices
from handlers.register.commands import (
    AboutDevice,
    AcceptDevice,
    AddDevice,
    ChangeDay,
    ChangeOwner,
    ImportFile,
    KeepUntilTheEnd,
    NeedLonger,
    NotMine,
    RefuseDevice,
    RegisterCommand,
    Replaced,
    WithdrawDevice,
)
from handlers.register.device_lists import new_device
from handlers.register.device_pages import Pages
from handlers.register.device_transitions import Done
from handlers.register.domains import Domains
from handlers.register.file_imports import FileImports
from handlers.register.none_left import NoneLeft
from handlers.register.permissions import concerned, due_problem, judge_standing, may_act
from handlers.register.redrawing import redraw
from handlers.register.report_imports import Imports
from handlers.register.request_sync import follow
from handlers.suggested import Suggested
from storage import register
from storage.devices.records import Device, DeviceAct, DeviceState, NewDevice
from storage.errors import AlreadyRegistered, Conflict
from storage.ledger import Entry

DISAGREES = (
    "does not agree with the record, so nothing is done by its row. `legacytls verify` tells whoever runs "
    "the bot why."
)


class Register:
    """Does what people ask of the register."""

    def __init__(
        self, context: Context, fetch: FetchFile | None = None, lookups: Lookups | None = None
    ) -> None:
        """``fetch`` reads a file that somebody gave in a form; ``lookups`` tell the tenant's domains."""
        self._context = context
        self._domains = Domains(lookups)
        self._none_left = NoneLeft(context)
        self.devices = Devices(context.ledger, context.zone, context.clock)
        self.pages = Pages(context, self.devices)
        imports = Imports(context.ledger, context.zone, context.clock)
        self._files = FileImports(context, imports, self._domains, fetch)

    def may_add(self, person: str) -> Verdict:
        """Tell whether somebody may put devices on the register, asked before the form opens.

        Raises ``Unavailable``.
        """
        return self._context.people.operator(person)

    def may_act(self, command: AboutDevice, person: str) -> Verdict:
        """Tell whether somebody may do this to an entry, asked before a form opens.

        Raises ``Unavailable`` and ``NoSuchDevice``.
        """
        with self._context.ledger.reading() as reader:
            device = reader.devices.device(command.device_id)
        standing = judge_standing(device)
        verdict = may_act(self._context.people, command, device, person)
        return (
            standing if verdict.allowed else replace(verdict, sentence=f"{device.name}: {verdict.sentence}")
        )

    def do(self, command: RegisterCommand, interaction: Interaction) -> bool:
        """Hand a command to its use case; never a rejection of a request, so always ``False``.

        Raises what those raise.
        """
        if isinstance(command, AddDevice):
            self.add(command, interaction)
        elif isinstance(command, KeepUntilTheEnd):
            self._none_left.keep(command.request_id, interaction)
        elif isinstance(command, ImportFile):
            self._files.take(command, interaction)
        else:
            self.act(command, interaction)
        return False

    def add(self, command: AddDevice, interaction: Interaction) -> None:
        """Put a device on the register, proposed, by an operator; its owner hears of it.

        Raises ``Unavailable``.
        """
        asker = self.may_add(interaction.person)
        owner = self._context.people.member(command.owner) if asker.allowed else asker
        mind = self._domains.warning([command.sender]) if owner.allowed else ""
        new = new_device(command)

        def put(entry: Entry) -> Done:
            problem = (
                asker.sentence or device_transitions.owner_problem(owner) or self._due_problem(entry, command)
            )
            return (
                Done(problem)
                if problem
                else _put(entry, new, interaction.person, asker.enterprise_user_id, mind)
            )

        self._do(put, interaction, command.kind.value, typed=as_typed(command.to_payload()))

    def act(self, command: AboutDevice, interaction: Interaction) -> None:
        """Do something to one entry.

        Raises ``NoSuchDevice``, ``Unavailable``, and ``Conflict`` where somebody was faster.
        """
        people = self._context.people
        with self._context.ledger.reading() as reader:
            seen = reader.devices.device(command.device_id)
        verdict = may_act(people, command, seen, interaction.person)
        owner = (
            people.member(command.owner) if isinstance(command, ChangeOwner) and verdict.allowed else ALLOWED
        )

        def change(entry: Entry) -> Done:
            device = entry.reader.devices.device(command.device_id)
            if (device.owner_id, concerned(device)) != (seen.owner_id, concerned(seen)):
                raise Conflict("whose it is was changed while people were looked up")
            if not entry.reader.devices.agrees(device):
                return Done(f"{device.name} {DISAGREES}")
            problem = (
                verdict.sentence or judge_standing(device).sentence or device_transitions.owner_problem(owner)
            )
            return Done(problem) if problem else self._change(entry, device, command, interaction)

        self._do(change, interaction, command.kind.value, about=seen, typed=as_typed(command.to_payload()))

    def _change(self, entry: Entry, device: Device, command: AboutDevice, interaction: Interaction) -> Done:
        person = interaction.person
        match command:
            case ChangeDay() | NeedLonger():
                return device_transitions.move(self._context, entry, device, command, person)
            case ChangeOwner():
                return device_transitions.hand_over(entry, device, command.owner, person)
            case Replaced():
                return device_transitions.end(entry, device, DeviceAct.REPLACED, DeviceState.REPLACED, person)
            case WithdrawDevice():
                return device_transitions.end(
                    entry, device, DeviceAct.WITHDRAWN, DeviceState.WITHDRAWN, person
                )
            case AcceptDevice():
                return device_transitions.accept(self._context, entry, device, interaction)
            case RefuseDevice():
                return device_transitions.refuse(entry, device, interaction)
            case NotMine():
                device_transitions.say_orphaned(
                    entry, [device.id], owner=person, by=person, rule=self._context.rule
                )
                return device_transitions.orphan(entry, device, person)
            case _:
                assert_never(command)

    def _do(
        self,
        change: Callable[[Entry], Done],
        interaction: Interaction,
        what: str,
        *,
        about: Device | None = None,
        typed: Mapping[str, str],
    ) -> None:
        """Change something and answer; repeats one refusal a minute, except where typed text is returned."""
        with self._context.ledger.recording(self._context.now()) as entry:
            entry.finish_inbox(interaction.key)
            done = change(entry)
            text = done.text
            if done.device is None:
                text = text if about is None or about.name in text else f"{about.name}: {text}"
                is_news = record_refusal(entry, interaction.person, what, text) or bool(typed)
            else:
                follow(entry, done.device)
                if about is not None:
                    redraw(entry, about, done.device, interaction)
                is_news, typed = True, {}
            if is_news:
                enqueue_answer(entry, interaction, text, typed=typed)
        self._context.wake_worker()

    def _due_problem(self, entry: Entry, command: AddDevice) -> str:
        latest = latest_day(entry.now, self._context.rule.max_window, self._context.zone)
        return due_problem(command.due, today=self._context.today(), latest=latest)


def _put(entry: Entry, new: NewDevice, person: str, enterprise_id: str | None, mind: str) -> Done:
    try:
        made = register.add(entry, new, proposer=person, proposer_enterprise_id=enterprise_id)
    except AlreadyRegistered as taken:
        return Done(
            f"This device stands on the register already: {Suggested(f'devices D{taken.number}')} shows it."
        )
    device_transitions.tell_owner(entry, made, person)
    how = "with the opt-in or extension that names it, or when another approver accepts it"
    return Done(f"{made.name} is proposed. It becomes active {how}. {mind}".strip(), made)
