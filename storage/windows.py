"""Answer what became of a window: which requests set it, and which change ended, moved or reversed it."""

from collections.abc import Callable, Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select

from storage.baseline_and_rule import HoldingReader
from storage.lifecycle import Kind, State
from storage.messages.reader import MessageReader
from storage.records import ChangeRequest, SettingValue
from storage.rows import read_requests, select_requests
from storage.schema.tables import change_requests

MOVES_THE_END = (Kind.EXTENSION, Kind.SHORTENING)
"""The kinds that replace the end of the window there is."""


class WindowReader:
    """Reads one tenant's windows and the changes that took effect, as far back as a window may reach."""

    def __init__(
        self, connection: Connection, tenant_id: str, request: Callable[[int], ChangeRequest]
    ) -> None:
        """``request`` reads one request by its number."""
        self._connection, self._tenant_id = connection, tenant_id
        self._request = request
        self._corrected = MessageReader(connection, tenant_id).corrected
        self._baseline = HoldingReader(connection, tenant_id).baseline

    def requests_behind(self, number: int) -> list[ChangeRequest]:
        """Return requests behind this change's window, newest first: extensions, the opt-in.

        Those that were applied, or showed up after they were given up. A change made outside hides them only
        if it came after their end: a value that is brought back before keeps it.
        """
        found: list[ChangeRequest] = []
        brought_back: datetime | None = None
        for change in self.made(change_requests.c.id <= number):
            if change.kind is Kind.OUTSIDE:
                brought_back = brought_back or change.created_at
                continue
            over = brought_back is not None and (
                change.window_end is None or change.window_end <= brought_back
            )
            if over or change.kind is Kind.OPT_OUT:
                break
            found.append(change)
            if change.kind is Kind.OPT_IN:
                break
            brought_back = None
        return found

    def last_change(self, number: int) -> ChangeRequest:
        """Return the change that first made the value this one set, if it is on record."""
        set_by = self._request(number)
        for change in self.made(change_requests.c.id <= number):
            if change.to_value is not set_by.to_value:
                break
            if not change.only_confirms:
                return change
        return set_by

    def adopted(self, extension: ChangeRequest) -> int | None:
        """Return the outside change this extension lets stand, where no request was behind it."""
        before = next(self.made(change_requests.c.id < extension.id), None)
        if before is None or before.kind is not Kind.OUTSIDE or self.requests_behind(before.id):
            return None
        return before.id

    def adopted_by(self, outside: ChangeRequest) -> int | None:
        """Return the extension that was made to let this change from outside the bot stand."""
        table = change_requests.c
        made = (table.id > outside.id, table.state == State.APPLIED.value, table.kind == Kind.EXTENSION.value)
        for extension in read_requests(
            self._connection, self._requests().where(*made).order_by(table.id).limit(1)
        ):
            if self.adopted(extension) == outside.id:
                return extension.id
        return None

    def followed_by(self, request: ChangeRequest) -> ChangeRequest | None:
        """Return the change that ended or moved this window early; ``None``: it holds or ran out.

        A value that is brought back outside the bot keeps the window.
        """
        table, found = change_requests.c, None
        made = (table.id > request.id, table.state.in_([State.APPLIED.value, State.OBSERVED.value]))
        for change in self._many(self._requests().where(*made).order_by(table.id).limit(20)):
            if request.window_end is None or (change.settled_at or change.created_at) >= request.window_end:
                break
            if change.kind is not Kind.OUTSIDE:
                return found or change
            found = None if change.to_value is SettingValue.OPTED_IN else found or change
        return found

    def undone_by(self, change: ChangeRequest) -> ChangeRequest | None:
        """Return the first change that ended, moved or reversed this one; ``None``: it holds.

        A later change to the same value only confirms it, unless it moves the end. What was brought back
        outside the bot before the end of its window holds again, which the baseline tells.
        """
        baseline = self._baseline()
        if baseline is None or baseline.request_id == change.id:
            return None
        if (
            baseline.value is change.to_value
            and baseline.window_end is not None
            and baseline.window_end == change.window_end
        ):
            return None
        table = change_requests.c
        made = (table.id > change.id, table.state.in_([State.APPLIED.value, State.OBSERVED.value]))
        later = self._many(self._requests().where(*made).order_by(table.id).limit(20))
        return next(
            (one for one in later if one.to_value is not change.to_value or one.kind in MOVES_THE_END), None
        )

    def made(self, *only: ColumnElement[bool]) -> Iterator[ChangeRequest]:
        """Yield the changes that took effect, newest first, as far as a window may reach back."""
        table = change_requests.c
        made = (*only, table.state.in_([State.APPLIED.value, State.OBSERVED.value, State.FAILED.value]))
        for change in read_requests(
            self._connection, self._requests().where(*made).order_by(table.id.desc()).limit(50)
        ):
            if change.state is not State.FAILED or self._corrected(change.id):
                yield change

    def newest_made(self) -> ChangeRequest | None:
        """Return the bot's newest change that took effect: read back, or seen after giving up."""
        return next((change for change in self.made() if change.kind is not Kind.OUTSIDE), None)

    def _requests(self) -> Select[tuple[object, ...]]:
        return select_requests(self._tenant_id)

    def _many(self, query: Select[tuple[object, ...]]) -> list[ChangeRequest]:
        return read_requests(self._connection, query)
