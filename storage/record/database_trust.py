"""Tell whether the database is the one this process saw and authenticated; else nothing opts in.

What it finds is told, never thrown: opting out goes on whatever it says.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, select

from storage import chain
from storage.engine import Database
from storage.record.head_file import Head, HeadFile, NotKept
from storage.record.key_adoption import first_and_last
from storage.records import Mistrust
from storage.schema.tables import audit_events

ACCEPTED = "restore_accepted"
"""The kind of the event by which a person has accepted a copy that was put back."""


@dataclass(frozen=True, slots=True)
class Untrusted:
    """One reason not to opt in, and the facts that people need with it."""

    why: Mistrust
    detail: str
    known: Head | None
    """The newest head that was seen; ``None``: none yet."""
    found: tuple[int, str]
    """The database's own newest head."""

    @property
    def plainly(self) -> str:
        """What is wrong, what it stops and what ends it, for whoever runs the bot."""
        ends = f"{self.detail[:1].upper()}{self.detail[1:]}. Nothing is opted in or extended until "
        if self.why is Mistrust.NOT_KEPT:
            return f"{ends}the folder LEGACYTLS_STATE_DIR can be written again; opting out goes on."
        looks = (
            "The database looks like a backup that was put back. " if self.why is Mistrust.RESTORED else ""
        )
        return (
            f"{looks}{ends}somebody has looked at it and run `legacytls verify --accept-restore`; opting "
            "out goes on."
        )


class Standing:
    """One tenant's record in one database, as this process knows it. Safe on every thread.

    ``must_keep``: the operator has named the folder, so that a head that cannot be kept stops opting in.
    """

    def __init__(
        self, database: Database, tenant_id: str, file: HeadFile, *, must_keep: bool = False
    ) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self._file = file
        self._must_keep = must_keep
        self._lock = threading.RLock()
        self._looked_until = 0
        self._unreadable = False
        self.problem: str | None = None
        """Why the newest head could not be kept or read when that was last tried; ``None`` when it could."""
        self.doubted: Untrusted | None = None
        """Why nothing may be opted in, as of the last look."""
        self._written: Head | None = None
        self._known = self._read()

    @property
    def known(self) -> Head | None:
        """The newest head that was seen; ``None``: none yet."""
        return self._known

    @property
    def seen_authenticated(self) -> bool:
        """Whether the record was authenticated when this process, or one before it, last looked."""
        return self._known is not None and self._known.authenticated

    def look(self, connection: Connection | None = None) -> Untrusted | None:
        """Tell why nothing may be opted in; ``None`` where nothing is in the way. Raises ``Unreachable``."""
        if connection is None:
            with self._database.read() as own:
                return self.look(own)
        with self._lock:
            self._read_again()
            found = self._strange(connection)
            if found is None and self.problem is not None and (self._must_keep or self._unreadable):
                newest = chain.head(connection, self._tenant_id)
                found = Untrusted(Mistrust.NOT_KEPT, self.problem, self._known, newest)
            self.doubted = found
            return found

    def keep(self) -> bool:
        """Keep the newest committed head, unless the record is not the one we know. Raises ``Unreachable``.

        Trouble with the file becomes the ``problem``, and is tried again with the next call. Tells whether
        opting in may go on.
        """
        if self._file.path is None:
            return True
        with self._lock, self._database.read() as connection:
            self._read_again()
            if self._unreadable or self._strange(connection) is not None:
                return False
            self._keep(connection)
            return self.problem is None or not self._must_keep

    def know_anew(self) -> None:
        """Take the record as it stands now for the one we know: a person has said so.

        Raises ``Unreachable``.
        """
        with self._lock, self._database.read() as connection:
            self._known, self._written, self._unreadable = None, None, False
            self._keep(connection)

    def _strange(self, connection: Connection) -> Untrusted | None:
        known, found = self._known, chain.head(connection, self._tenant_id)
        if (
            known is not None
            and not self._holds(connection, known)
            and not self._is_accepted(connection, known, found)
        ):
            detail = f"event {known.seq} of the record is not the one that was seen before"
            return Untrusted(Mistrust.RESTORED, detail, known, found)
        doubt = self._doubt(connection)
        return Untrusted(Mistrust.NOT_AUTHENTIC, doubt, self._known, found) if doubt is not None else None

    def _holds(self, connection: Connection, head: Head) -> bool:
        table = audit_events.c
        query = select(table.hash).where(table.tenant_id == self._tenant_id, table.seq == head.seq)
        return head.seq == 0 or connection.execute(query).scalar() == head.hash

    def _is_accepted(self, connection: Connection, known: Head, found: tuple[int, str]) -> bool:
        """Tell whether a person accepted this copy since we last saw the record."""
        since = self._looked_until if found[0] >= self._looked_until else 0
        said = [row for row in self._acceptances(connection, since) if row.hash not in known.accepted]
        believed = [row for row in said if self._database.authenticity.doubt(audit_events, row) is None]
        self._looked_until = 0 if believed else found[0]
        if believed:
            accepted = tuple(dict.fromkeys([*known.accepted, *(row.hash for row in believed)]))
            self._known = replace(known, seq=believed[-1].seq, hash=believed[-1].hash, accepted=accepted)
        return bool(believed)

    def _acceptances(self, connection: Connection, since: int) -> Sequence[Row[Any]]:
        table = audit_events.c
        said = (table.tenant_id == self._tenant_id, table.seq > since, table.kind == ACCEPTED)
        return connection.execute(select(audit_events).where(*said).order_by(table.seq)).all()

    def _doubt(self, connection: Connection) -> str | None:
        if not self._database.authenticity.keys:
            return None
        for event in first_and_last(connection, self._tenant_id):
            doubt = self._database.authenticity.doubt(audit_events, event) if event is not None else None
            if event is not None and doubt is not None:
                return f"event {event.seq} of the record is not authentic: {doubt}"
        return None

    def _keep(self, connection: Connection) -> None:
        before, (seq, digest) = self._known, chain.head(connection, self._tenant_id)
        old, since = (before.accepted, before.seq) if before is not None else ((), 0)
        authenticated = bool(self._database.authenticity.keys) or self.seen_authenticated
        if (
            before is not None
            and self.problem is None
            and self._is_kept(before, seq, authenticated=authenticated)
        ):
            return
        fresh = [row.hash for row in self._acceptances(connection, since)]
        head = Head(seq, digest, tuple(dict.fromkeys([*old, *fresh])), authenticated)
        try:
            self._file.write(head)
        except NotKept as refused:
            self.problem = str(refused)
        else:
            self._known, self._written, self.problem = head, head, None

    def _is_kept(self, before: Head, seq: int, *, authenticated: bool) -> bool:
        return before == self._written and (before.seq, before.authenticated) == (seq, authenticated)

    def _read(self) -> Head | None:
        try:
            self._written = self._file.read()
        except NotKept as unreadable:
            self.problem, self._unreadable, self._written = str(unreadable), True, None
        return self._written

    def _read_again(self) -> None:
        """A file that was damaged may have been mended: by a person who accepted the record as it stands."""
        if self._unreadable:
            self.problem, self._unreadable = None, False
            self._known = self._read()
