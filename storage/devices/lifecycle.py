"""The pure state machine of an entry of the register: which state may follow which, and nothing else.

Who may cause a move is policy's business, one floor up. The ledger refuses every move that is not listed
here.
"""

from enum import StrEnum


class DeviceState(StrEnum):
    """Where an entry stands; the words are those people read."""

    PROPOSED = "proposed"
    """Somebody says that this device still needs old TLS; nobody else has agreed yet."""
    ACTIVE = "active"
    """A second person has agreed, with the change that names it or by accepting it."""
    REPLACED = "replaced"
    """The device is gone, or speaks TLS 1.2 by now."""
    WITHDRAWN = "withdrawn"
    """It was taken back: it should not have been on the list."""
    REFUSED = "refused"


STANDING = frozenset({DeviceState.PROPOSED, DeviceState.ACTIVE})
"""States in which an entry counts as a device that still needs old TLS."""

ENDED = frozenset(DeviceState) - STANDING
"""States that nothing leaves: an ended entry is proposed anew, under another number."""

DEVICE_MOVES: dict[tuple[DeviceState, DeviceState], str] = {
    (
        DeviceState.PROPOSED,
        DeviceState.ACTIVE,
    ): "the change that names it was applied, or another approver accepted it",
    (DeviceState.PROPOSED, DeviceState.REFUSED): "an approver refused it",
    (DeviceState.PROPOSED, DeviceState.WITHDRAWN): "taken back",
    (DeviceState.PROPOSED, DeviceState.REPLACED): "replaced before anybody agreed",
    (DeviceState.ACTIVE, DeviceState.REPLACED): "replaced",
    (DeviceState.ACTIVE, DeviceState.WITHDRAWN): "taken back",
}
"""Every permitted move and the reason people are given for it."""


def may_move_device(before: DeviceState, after: DeviceState) -> bool:
    """Tell whether ``after`` may follow ``before``."""
    return (before, after) in DEVICE_MOVES
