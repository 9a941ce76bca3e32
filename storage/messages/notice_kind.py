"""The ways in which a message that is owed reaches people."""

from enum import StrEnum


class NoticeKind(StrEnum):
    """How a message that is owed reaches people. Kept as ``notices.kind``, so that the words stay."""

    CARD = "card"
    """A request's message in the channel."""
    THREAD = "thread"
    DEVICE = "device"
    """One entry of the register, in the thread of the week's message about devices."""
    """The reply in the thread of a request's message that holds what the message itself has no room for."""
    CHANNEL = "channel"
    """An announcement in the channel."""
    REMINDER = "reminder"
    """An announcement that was posted already, to be drawn again because somebody answered it or what it is
    about is over."""
    PERSONAL = "personal"
    """An announcement to one person, owed until it arrives, holds no more or cannot reach them, say because
    they left."""
    OUTCOME = "outcome"
    """How a request stands, to whoever asked or decided."""
    ANSWER = "answer"
    """An answer to one person, where they acted or by direct message."""
    ASK_REASON = "ask_reason"
    """Likewise, with a button that asks for the reason of a rejection."""
