"""Bind a request to a command and parameters as ``InvokeCommand`` does, with its odd errors.

Pure: values in, a ``Command`` out, or ``Refused`` with the bytes of the refusal. Knows no state.
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.sandbox.microsoft.odata import Refused, error, page_expired

COMMON = frozenset({"ErrorAction", "WarningAction", "Verbose"})
INVOCATION = "Microsoft.Exchange.AdminApi.CommandInvocation"


@dataclass(frozen=True, slots=True)
class Command:
    """One cmdlet as asked for, with what the URL and the headers add to it."""

    name: str
    parameters: Mapping[str, object]
    offset: int = 0
    """From ``$skiptoken``: rows already delivered."""
    page_size: int = 1000
    """From ``Prefer: odata.maxpagesize``."""
    client_request_id: str = ""

    @property
    def writes(self) -> bool:
        """Whether it is meant to change something."""
        return self.name.lower().startswith("set-")


def command_of(
    content_type: str, body: bytes, query: Mapping[str, str], headers: Mapping[str, str]
) -> Command:
    """A request as a command. Raises ``Refused`` with 400, or 415 for another content type than JSON."""
    if content_type != "application/json":
        raise Refused(error(415, "The content type must be application/json."), "wrong content type")
    name, parameters = _envelope(body)
    return Command(
        name=name,
        parameters=parameters,
        offset=_offset(query.get("$skiptoken", "")),
        page_size=_page_size(headers.get("Prefer", "")),
        client_request_id=headers.get("client-request-id", ""),
    )


def continuation(offset: int) -> str:
    """Return the opaque ``$skiptoken`` that continues at ``offset``."""
    return base64.urlsafe_b64encode(str(offset).encode()).decode().rstrip("=")


def _offset(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))) if token else 0
    except ValueError:
        raise Refused(page_expired(), "unreadable continuation") from None


def _page_size(prefer: str) -> int:
    found = re.search(r"odata\.maxpagesize=(\d+)", prefer)
    return min(max(int(found[1]), 1), 1000) if found else 1000


def _envelope(body: bytes) -> tuple[str, Mapping[str, object]]:
    """Read cmdlet name and parameters of a body; key case matters, ``Parameters`` must be an object."""
    try:
        document = json.loads(body)
    except ValueError:
        raise _invalid("The request body is not valid JSON.") from None
    match document:
        case {"CmdletInput": {"CmdletName": str(name), "Parameters": dict(parameters)}} if name:
            return name, parameters
        case _:
            raise _invalid("The request must carry CmdletInput with CmdletName and Parameters.")


def bind(parameters: Mapping[str, object], allowed: Iterable[str]) -> dict[str, object]:
    """Parameters under their proper names (PowerShell ignores case).

    An unknown one is an ambiguous parameter set.
    """
    proper = {name.lower(): name for name in {*allowed, *COMMON}}
    unknown = [name for name in parameters if name.lower() not in proper]
    if unknown:
        text = (
            "Parameter set cannot be resolved using the specified named parameters. "
            f"Invalid cmdlet parameters specified. {', '.join(unknown)}"
        )
        kind = f"{INVOCATION}.AmbiguousParameterSetException"
        answer = error(
            400, "Invalid Operation", detail=f"|{kind}|{text}", internal=(kind, text), code="Client"
        )
        raise Refused(answer, f"unknown parameter {', '.join(unknown)}")
    return {proper[name.lower()]: value for name, value in parameters.items()}


def switch(name: str, value: object, *, nullable: bool = False) -> bool | None:
    """``value`` as true, false or, where ``nullable``, null.

    Text such as ``"$true"`` and numbers do not bind.
    """
    if isinstance(value, bool) or (nullable and value is None):
        return value
    raise _unconvertible(name, value, "System.Boolean")


def moment(name: str, parameters: Mapping[str, object]) -> datetime:
    """Return a mandatory date as an aware time; without an offset it is UTC."""
    if name not in parameters:
        kind = f"{INVOCATION}.MissingMandatoryParameterException"
        text = f"Cannot process command because of one or more missing mandatory parameters: {name}."
        raise Refused(error(400, "Invalid Operation", internal=(kind, text)), f"{name} is missing")
    value = parameters[name]
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError:
        raise _unconvertible(name, value, "Microsoft.Exchange.ExchangeSystem.ExDateTime") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def whole(name: str, value: object, *, limit: int) -> int:
    """Return a whole number from 1 to ``limit``; ``"Unlimited"`` is the limit."""
    if value == "Unlimited":
        return limit
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= limit:
        return value
    raise _unconvertible(name, value, "System.Int32")


def texts(value: object) -> tuple[str, ...]:
    """Return one string or an array of them."""
    items = value if isinstance(value, list) else [value]
    return tuple(str(item) for item in items if item is not None)


def _invalid(text: str) -> Refused:
    kind = "Microsoft.OData.ODataException"
    return Refused(error(400, text, internal=(kind, text)), text)


def _unconvertible(name: str, value: object, kind: str) -> Refused:
    text = (
        f"Cannot process argument transformation on parameter '{name}'. Cannot convert value \"{value}\" "
        f'to type "{kind}".'
    )
    internal = (f"{INVOCATION}.ParameterTransformationException", text)
    return Refused(error(400, "Invalid Operation", internal=internal), f"{name} does not bind")
