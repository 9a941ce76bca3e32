"""Word what the admin API says: the envelope of a success, errors, annotations, the empty 403.

Shapes follow what public clients of ``InvokeCommand`` recorded of the real service. Values in, bytes out; no
state.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus

from bot.sandbox.shared.wire import Answer

HOST = "https://outlook.office365.com"
JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
SERVICE_EXCEPTION = "Microsoft.Exchange.Admin.OData.Core.ODataServiceException"
STACK = (
    "   at Microsoft.Exchange.AdminApi.CommandInvocation.CommandInvocation.InvokeCommand(IEdmEntityObject)"
)
CONTEXT_EXCEPTION = "Microsoft.Exchange.Management.PSDirectInvoke.DirectInvokeCmdletExecutionException"

Row = dict[str, object]
Envelope = dict[str, object]


class UInt32(int):
    """An integer that Exchange annotates as ``System.UInt32`` rather than ``System.Int32``."""


class Refused(Exception):
    """The call ends here with ``answer``; ``note`` tells people looking at the sandbox why."""

    def __init__(self, answer: Answer, note: str) -> None:
        super().__init__(note)
        self.answer = answer
        self.note = note


def envelope(tenant: str, rows: Iterable[Row], *, warnings: Sequence[str] = (), **extra: object) -> Envelope:
    """Return the body of a success, with its unprefixed ``adminapi.warnings@odata.type``."""
    head: Envelope = {
        "@odata.context": f"{HOST}/adminapi/beta/{tenant}/$metadata#Collection(Exchange.GenericHashTable)",
        "adminapi.warnings@odata.type": "#Collection(String)",
        "@adminapi.warnings": list(warnings),
    }
    return head | extra | {"value": list(rows)}


def success(body: object) -> Answer:
    """Return a 200 with the headers the front end adds."""
    headers = {
        "Content-Type": JSON,
        "Request-Id": str(uuid.uuid4()),
        "OData-Version": "4.0",
        "Preference-Applied": 'odata.include-annotations="*"',
        "Rate-Limit-Limit": "3000",
        "Rate-Limit-Remaining": "2997",
        "X-ConcurrencyCount": "0",
        "X-CombinedAppOnlyConcurrencyCount": "0",
        "X-CalculatedBETarget": "BY1PR09MB0005.namprd09.prod.outlook.com",
        "X-FEServer": "BY1PR09CA0004",
        "X-ExchangeVersion": "Version 15.20 (Build 6813.27)",
    }
    return Answer(200, json.dumps(body, separators=(",", ":")).encode(), headers)


def error(
    status: int,
    message: str,
    *,
    detail: str | None = None,
    internal: tuple[str, str] | None = None,
    code: str = "Context",
) -> Answer:
    """Return an error envelope.

    ``detail`` goes into ``details[0].message`` under ``code``; ``internal`` is type and message of the inner
    exception, by default the generic one of a cmdlet that failed.
    """
    kind, text = internal or (CONTEXT_EXCEPTION, f"Exception of type '{CONTEXT_EXCEPTION}' was thrown.")
    thrown = {"message": text, "type": kind, "stacktrace": "   at Microsoft.Exchange.AdminApi.Sandbox()"}
    inner = {"message": message, "type": SERVICE_EXCEPTION, "stacktrace": STACK, "internalexception": thrown}
    body: Row = {"code": HTTPStatus(status).phrase.replace(" ", ""), "message": message}
    if detail is not None:
        body["details"] = [{"code": code, "target": "", "message": detail}]
    body["innererror"] = inner
    document = {
        "error": body,
        "adminapi.warnings@odata.type": "#Collection(String)",
        "@adminapi.warnings": [],
    }
    headers = {
        "Content-Type": JSON,
        "Request-Id": str(uuid.uuid4()),
        "x-ExceptionType": kind.rpartition(".")[2],
    }
    return Answer(status, json.dumps(document).encode(), headers)


def role_missing() -> Answer:
    """Answer a missing role and an unknown cmdlet alike: 403, 4096 NUL bytes labelled gzip.

    Whether the real front end would honour ``Accept-Encoding: identity`` here is unknown; this one never
    does.
    """
    return Answer(403, b"\0" * 4096, {"Content-Encoding": "gzip", "Request-Id": str(uuid.uuid4())})


def page_expired() -> Answer:
    """Return what a continuation gets once its server forgot the cursor."""
    text = "Expired or Invalid pagination request. Default Expiry time is 00:30:00"
    return error(400, text, internal=(SERVICE_EXCEPTION, text))


def annotated(values: Mapping[str, object]) -> Row:
    """Add ``X@data.type`` and ``X@odata.type`` before keys of collections, integers, dates and GUIDs."""
    row: Row = {}
    for key, value in values.items():
        row |= {f"{key}@{suffix}": kind for suffix, kind in _annotations(value).items()}
        row[key] = _plain(key, value)
    return row


def _annotations(value: object) -> dict[str, str]:
    match value:
        case bool():
            return {}
        case list():
            return {"odata.type": "#Collection(String)"}
        case uuid.UUID():
            return {"data.type": "System.Guid", "odata.type": "#Guid"}
        case UInt32():
            return {"data.type": "System.UInt32", "odata.type": "#UInt32"}
        case int():
            return {"data.type": "System.Int32"}
        case datetime():
            return {"data.type": "System.DateTime"}
        case _:
            return {}


def _plain(key: str, value: object) -> object:
    match value:
        case uuid.UUID():
            return str(value)
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond:06d}0" + (
                "Z" if key.endswith("UTC") else "+00:00"
            )
        case _:
            return value
