"""The answers that prove that a command was not run, each with its source.

Whatever is not listed here proves nothing. Facts only, and pure. A write that meets anything else may have
been made, and is settled by reading.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class KnownRefusal:
    """Describe an exception thrown before a cmdlet begins: ``lead`` for people, ``mend`` as next step."""

    exception: str
    """Its class name, without the namespace."""
    lead: str
    mend: str
    source: str


REFUSED_STATUSES: Final[Mapping[int, str]] = MappingProxyType(
    {
        401: (
            "The token is judged before the command: rknightion/graph2otel, docs/graph-api-gotchas.md "
            "(measured 2026-07-27)"
        ),
        403: (
            "No role, or a cmdlet that is not granted: rknightion/graph2otel, DrollRobot/azure-auth "
            "(measured 2026-09-25)"
        ),
        405: (
            "There is no InvokeCommand in this version of the API: DrollRobot/azure-auth (measured "
            "2026-09-25)"
        ),
    }
)
"""Statuses that are given before a command is run, whatever stands in their body, and who measured it."""

_DEFECT: Final = "This is a defect of the bot: please report it."
_ROLE: Final = (
    "Put the app into a role group whose role includes the command; a new grant takes from minutes to "
    "hours to arrive."
)
_BINDING: Final = "learn.microsoft.com/dotnet/api/system.management.automation."

REFUSALS: Final[Mapping[str, KnownRefusal]] = MappingProxyType(
    {
        one.exception: one
        for one in (
            KnownRefusal(
                "AmbiguousParameterSetException",
                "Exchange Online does not let the app use this parameter",
                "Check which parameters the app's role includes.",
                "The parameters fit no parameter set: rknightion/graph2otel, internal/exoclient (measured "
                "2026-07-23)",
            ),
            KnownRefusal(
                "ParameterTransformationException",
                "Exchange Online does not understand the value",
                _DEFECT,
                "A value could not be bound: rknightion/graph2otel, internal/exoclient (measured 2026-07-23)",
            ),
            KnownRefusal(
                "ParameterBindingException",
                "Exchange Online does not understand the parameters",
                _DEFECT,
                f"The parameters could not be bound: {_BINDING}parameterbindingexception",
            ),
            KnownRefusal(
                "CommandNotFoundException",
                "Exchange Online does not let the app run this command",
                _ROLE,
                f"There is no such command for the caller: {_BINDING}commandnotfoundexception",
            ),
            KnownRefusal(
                "CmdletAccessDeniedException",
                "Exchange Online does not let the app run this command",
                _ROLE,
                "The caller has no management role, so no session is set up for them: "
                "MicrosoftDocs/SupportArticles-docs, exchange/administration (The user isn't assigned to "
                "any management roles)",
            ),
            KnownRefusal(
                "InvalidOperationInDehydratedContextException",
                "The tenant's organization does not take changes of its settings yet",
                "Run Enable-OrganizationCustomization once in Exchange Online PowerShell, wait an hour, and "
                "ask again.",
                "Thrown in place of the command while the organization is dehydrated: "
                "MicrosoftDocs/microsoft-365-docs #7403",
            ),
        )
    }
)
"""By the name of the exception."""

_WRAPPERS: Final = frozenset({"", "DirectInvokeCmdletExecutionException", "ODataServiceException"})
"""What Exchange puts around every error of a cmdlet; they say nothing of it."""


def turned_away(status: int, types: Collection[str]) -> bool:
    """Tell whether an answer with this status and these error types replaces running the command.

    An error of a type that is not on the list is a cmdlet's, whatever status it comes with.
    """
    return status in REFUSED_STATUSES and _own(types) <= REFUSALS.keys()


def proven_by(types: Collection[str]) -> KnownRefusal | None:
    """Return the refusal for an error of these types; ``None`` if one of them is not on the list."""
    own = _own(types)
    return REFUSALS[min(own)] if own and own <= REFUSALS.keys() else None


def is_busy(types: Collection[str]) -> bool:
    """Tell whether these error types mean a busy server took nothing (M365Permissions; V3 module)."""
    return _own(types) == {"ServerBusyException"}


def _own(types: Collection[str]) -> frozenset[str]:
    return frozenset(types) - _WRAPPERS
