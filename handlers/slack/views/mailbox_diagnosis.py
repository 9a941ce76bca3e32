"""Draw what keeps one mailbox's devices from sending: the answer to ``/legacytls why``."""

from handlers.queries.mailbox_diagnosis import Concerns, Diagnosis, Lock
from handlers.slack.views.blocks import Message, section, small
from handlers.slack.views.mrkdwn import escape


def locks(found: Diagnosis) -> Message:
    """Draw what stops a mailbox's devices: the first closed lock, then all, each with its key."""
    first = f"`{escape(found.address)}`: {_first_closed(found)}."
    told = [first]
    for concerns, heading in _MET_BY.items():
        lines = [_lock(lock) for lock in found.of(concerns)]
        if lines:
            told.append("\n".join([*heading, *lines]))
    unseen = ["A question mark is something the bot cannot see."] if found.exists else []
    return Message(text="\n".join(told), blocks=[*(section(part) for part in told), *small(unseen)])


_MET_BY: dict[Concerns, list[str]] = {
    Concerns.EVERY: [],
    Concerns.FETCHING: ["For devices that fetch mail, besides:"],
    Concerns.OLD_TLS: ["Only for devices that cannot speak TLS 1.2:"],
}


def _first_closed(found: Diagnosis) -> str:
    closed = found.first_closed(Concerns.EVERY)
    if closed is not None:
        return f"the first closed lock is *{escape(closed.name)}*"
    old = found.first_closed(Concerns.OLD_TLS)
    if old is None:
        return "no closed lock is seen"
    return (
        "no closed lock is seen for a device that speaks TLS 1.2; for one that cannot, "
        f"*{escape(old.name)}* is closed"
    )


def _lock(lock: Lock) -> str:
    mark = {True: ":white_check_mark:", False: ":x:", None: ":grey_question:"}[lock.open]
    return f"{mark} *{escape(lock.name)}*" + (f": {escape(lock.way)}" if lock.open is not True else "")
