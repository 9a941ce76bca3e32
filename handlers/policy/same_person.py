"""Tell whether two accounts are one person: an Enterprise Grid may have several of one. Pure."""

from dataclasses import dataclass
from typing import Self

OWN_UNDER_ANOTHER_ID = (
    "You asked for this yourself, under another id of yours, so somebody else has to decide it."
)


NOT_TOLD_APART = (
    "Slack does not say which people of the organisation you and the requester are, so you may be one person "
    "and your vote does not count. Try again later, or have another approver decide."
)


@dataclass(frozen=True, slots=True)
class Identity:
    """By which ids one person is known.

    In an Enterprise Grid organisation several accounts may be one person's.
    """

    ids: frozenset[str]
    is_organisations: bool
    """Whether the id that holds in the whole organisation is among them."""

    @classmethod
    def known(cls, account: str, *enterprise_user_ids: str | None) -> Self:
        """Name somebody by an account and what was said of their identity in the organisation."""
        told = {found for found in enterprise_user_ids if found}
        return cls(frozenset({account, *told}), bool(told))


def is_same_person(one: Identity, other: Identity, *, in_organisation: bool) -> bool | None:
    """Tell whether two accounts are one person's; ``None``: not known, which is not no.

    Outside of an organisation an account is a person. In one, as its name at sign-in or either side's id
    shows, only two ids of the organisation tell people apart.
    """
    if one.ids & other.ids:
        return True
    if one.is_organisations and other.is_organisations:
        return False
    return None if in_organisation or one.is_organisations or other.is_organisations else False
