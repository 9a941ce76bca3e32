"""What the ledger says when somebody else was faster or the row is not what the caller thought."""


class Conflict(Exception):
    """Somebody was faster: look again before acting."""


class Stuck(Conflict):
    """Tell a job that found work and could do none to wait, however often it is woken."""


class AlreadyOpen(Conflict):
    """The tenant already has an open request of this kind; ``request_id`` is its number."""

    def __init__(self, request_id: int) -> None:
        super().__init__(f"#{request_id} is already open")
        self.request_id = request_id


class NoSuchRequest(LookupError):
    """There is no change request with this number in this tenant."""


class Unreadable(NoSuchRequest):
    """The row of this change request is damaged: what it says cannot be read."""


class AlreadyHandled(Conflict):
    """Another worker has dealt with this delivery; there is nothing left to do."""


class AlreadyRegistered(Conflict):
    """The same device stands on the register; ``number`` is its entry's."""

    def __init__(self, number: int) -> None:
        super().__init__(f"this device stands on the register already, as D{number}")
        self.number = number


class NoSuchDevice(LookupError):
    """There is no entry with this number in this tenant's register, or its row is damaged."""
