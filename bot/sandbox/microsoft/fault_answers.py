"""How the ordered faults look: answers given instead of running the cmdlet, and answers altered after it ran.

Bytes only; what happens to the connection itself is in ``wire``, and what is applied or not is decided in
``exchange``.
"""

import base64
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from bot.sandbox.microsoft.faults import Fault
from bot.sandbox.microsoft.odata import JSON, Envelope, Row, error, page_expired, role_missing, success
from bot.sandbox.microsoft.tenant_objects import ORGANIZATION
from bot.sandbox.shared.wire import Answer

EXCHANGE_ID = "00000002-0000-0ff1-ce00-000000000000"
FOREIGN_ORGANIZATION = "fabrikam.onmicrosoft.com"
SIGN_IN_PAGE = (
    b"<!DOCTYPE html><html><head><title>Sign in to your account</title></head><body>Please "
    b"wait.</body></html>"
)
GATEWAY_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
HTML = {"Content-Type": "text/html; charset=utf-8"}
THROTTLED = "Server is busy: the client has been throttled."


TRANSIENT = {
    "transient_400": "Microsoft.Exchange.Data.Directory.ServerBusyException",
    "transient_proxy": "CmdletProxyNotAvailableFailure",
    "transient_directory": "Microsoft.Exchange.Data.Directory.ADTransientException",
    "transient_backend": "Microsoft.Exchange.Data.BackendCommunicationException",
    "transient_storage": "Microsoft.Exchange.Data.Storage.StorageTransientException",
    "transient_overloaded": "Microsoft.Exchange.Data.Directory.DCOverloadedException",
    "transient_suitability": "Microsoft.Exchange.Data.Directory.SuitabilityDirectoryException",
    "transient_maintenance": "Microsoft.Exchange.Data.Directory.ServerInMMException",
    "transient_settings": "Microsoft.Exchange.Data.Directory.ADServerSettingsChangedException",
}
"""Faults that arrive as 400 and pass by themselves, by the exception they name; namespaces are partly
inferred."""


def unauthorized(reason: str, *, claims: str | None = None) -> Answer:
    """A 401 as Exchange gives it; ``claims`` makes it a claims challenge of continuous access evaluation."""
    problem = f'error="insufficient_claims", claims="{claims}"' if claims else 'error="invalid_token"'
    challenge = (
        f'Bearer client_id="{EXCHANGE_ID}", trusted_issuers="00000001-0000-0000-c000-000000000000@*", '
        'token_types="app_asserted_user_v1 service_asserted_app_v1", '
        f'authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", {problem}'
    )
    diagnostics = f'2000008;reason="{reason}";error_category="invalid_grant"'
    return Answer(401, b"", {"WWW-Authenticate": challenge, "x-ms-diagnostics": diagnostics})


def claims_challenge() -> str:
    """Base64 of the claims a client has to ask for: a token issued from now on."""
    wanted = {"access_token": {"nbf": {"essential": True, "value": str(int(time.time()))}}}
    return base64.b64encode(json.dumps(wanted).encode()).decode()


def instead(fault: Fault) -> Answer | None:
    """Return the answer given without running the cmdlet, or ``None`` when this fault is not of that kind."""
    make = _INSTEAD.get(fault.name)
    return make(fault) if make else None


def altered(fault: Fault, body: Envelope) -> Answer:
    """Return the answer of a cmdlet that ran, spoilt by ``fault``."""
    return success(_ALTERED[fault.name](body))


def truncated(answer: Answer) -> Answer:
    """Return a complete HTTP answer that holds the first half of the JSON."""
    return Answer(answer.status, answer.body[: len(answer.body) // 2], answer.headers)


def of_other_tenant(answer: Answer) -> Answer:
    """Return the same answer, from another organisation."""
    body = answer.body.replace(ORGANIZATION.encode(), FOREIGN_ORGANIZATION.encode())
    return Answer(answer.status, body, answer.headers)


def server_error() -> Answer:
    """Return a 500 that says nothing of what was done."""
    kind = "Microsoft.Exchange.Data.Directory.ADTransientException"
    return error(
        500, "Error executing cmdlet", detail=f"Ex94914B|{kind}|An internal server error has occurred."
    )


def applied_all_the_same(fault: Fault) -> Answer:
    """Return what says nothing of a write that took effect, although most of it looks like a refusal."""
    return _APPLIED[fault.name]()


def _timed_out() -> Answer:
    text = "The operation has timed out while waiting for the directory."
    return error(400, "Error executing cmdlet", detail=f"Ex3FA2C1|System.TimeoutException|{text}")


def _proxy_timed_out() -> Answer:
    """Answer as a server that handed the command on, in words of public Exchange Online transcripts."""
    handed_on = (
        "Error on proxy command 'Set-TransportConfig -AllowLegacyTLSClients:$True "
        f"-Organization:'{ORGANIZATION}' -Confirm:$False' to server A4433.CANPRD01.PROD.OUTLOOK.COM: Server "
        "version 15.20.6699.0000, Proxy method PSWS:\r\n"
        "Request return error with following error message:\r\nThe operation has timed out."
    )
    return error(
        400,
        "Error executing cmdlet",
        detail=f"|Microsoft.Exchange.Configuration.CmdletProxyException|{handed_on}",
    )


def _dehydrated() -> Answer:
    kind = "Microsoft.Exchange.Configuration.Tasks.InvalidOperationInDehydratedContextException"
    text = (
        "The command you tried to run isn't currently allowed in your organization. To run this command, you "
        "first need to run the command: Enable-OrganizationCustomization."
    )
    return error(400, "Error executing cmdlet", detail=f"Ex7E93B2|{kind}|{text}")


def _unauthorized_role(cmdlet: str) -> Answer:
    answer = error(401, f"User is not allowed to call {cmdlet}")
    return Answer(401, answer.body, {"Content-Type": JSON})


def _throttled(retry_after: str | None) -> Answer:
    headers = {"Content-Type": "text/plain"} | ({"Retry-After": retry_after} if retry_after else {})
    return Answer(429, THROTTLED.encode(), headers)


def _http_date(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


def _passing(kind: str) -> Answer:
    text = "The server cannot process the request at the moment. Please try again later."
    return error(400, "Error executing cmdlet", detail=f"Ex0B61A4|{kind}|{text}")


def _withheld() -> Answer:
    """What a role that was trimmed too far is expected to look like (an inference nobody has proven live)."""
    kind = "Microsoft.Exchange.AdminApi.CommandInvocation.AmbiguousParameterSetException"
    text = (
        "Parameter set cannot be resolved using the specified named parameters. Invalid cmdlet parameters "
        "specified."
    )
    return error(
        400, "Invalid Operation", detail=f"|{kind}|{text} AllowLegacyTLSClients", internal=(kind, text)
    )


def _forbidden() -> Answer:
    answer = error(403, "User is not allowed to call the cmdlet")
    return Answer(403, answer.body, {"Content-Type": JSON})


def _role_text() -> Answer:
    text = (
        "The role assigned to application 66666666-7777-8888-9999-aaaaaaaaaaaa isn't supported in this "
        "scenario. Please check online documentation for assigning correct Directory Roles to Azure AD "
        "Application for EXO App-Only Authentication."
    )
    return Answer(403, text.encode(), {"Content-Type": "text/plain"})


def _detail_as_json() -> Answer:
    detail = {
        "Message": "The object is being used by another process.",
        "TypeName": "Microsoft.Exchange.Data.Directory.ADOperationException",
        "StackTrace": None,
        "InnerError": None,
    }
    return error(400, "Error executing cmdlet", detail=json.dumps(detail))


def _error_key() -> Answer:
    failure = server_error()
    return Answer(200, failure.body, {"Content-Type": JSON})


_INSTEAD: dict[str, Callable[[Fault], Answer]] = {
    "throttle": lambda fault: _throttled(f"{fault.patience(2):g}"),
    "throttle_float": lambda fault: _throttled(f"{fault.patience(1.5):.3f}"),
    "throttle_date": lambda fault: _throttled(_http_date(fault.patience(2))),
    "throttle_bare": lambda fault: _throttled(None),
    "server_error": lambda fault: server_error(),
    "bad_gateway": lambda fault: Answer(502, GATEWAY_PAGE, HTML),
    "unavailable": lambda fault: Answer(503),
    "unavailable_retry": lambda fault: Answer(503, b"", {"Retry-After": f"{fault.patience(2):g}"}),
    "gateway_timeout": lambda fault: Answer(504),
    **{name: lambda fault, kind=kind: _passing(kind) for name, kind in TRANSIENT.items()},  # type: ignore[misc]
    "parameter_withheld": lambda fault: _withheld(),
    "dehydrated": lambda fault: _dehydrated(),
    "details_as_json": lambda fault: _detail_as_json(),
    "unauthorized": lambda fault: unauthorized("The token is not accepted."),
    "unauthorized_role": lambda fault: _unauthorized_role(fault.cmdlet or "Set-TransportConfig"),
    "role_missing": lambda fault: role_missing(),
    "forbidden_empty": lambda fault: Answer(403),
    "forbidden_json": lambda fault: _forbidden(),
    "role_text": lambda fault: _role_text(),
    "error_key_in_200": lambda fault: _error_key(),
    "page_expired": lambda fault: page_expired(),
    "html_200": lambda fault: Answer(200, SIGN_IN_PAGE, HTML),
}

_APPLIED: dict[str, Callable[[], Answer]] = {
    "apply_then_500": server_error,
    "apply_then_400": _timed_out,
    "proxy_timeout": _proxy_timed_out,
}


def _rows(body: Envelope) -> list[Row]:
    rows = body["value"]
    assert isinstance(rows, list)
    return rows


def _without_key(body: Envelope) -> Envelope:
    return body | {
        "value": [
            {key: value for key, value in row.items() if key != "AllowLegacyTLSClients"}
            for row in _rows(body)
        ]
    }


def _as_text(row: Row) -> Row:
    key = "AllowLegacyTLSClients"
    return row | ({key: "" if row[key] is None else str(row[key])} if key in row else {})


_ALTERED: dict[str, Callable[[Envelope], Envelope]] = {
    "errors_in_200": lambda body: (
        body | {"@adminapi.errors": ["The operation couldn't be completed on this object."]}
    ),
    "missing_key": _without_key,
    "null_value": lambda body: body | {"value": None},
    "empty_value": lambda body: body | {"value": []},
    "two_rows": lambda body: body | {"value": _rows(body) * 2},
    "wrong_type": lambda body: body | {"value": [_as_text(row) for row in _rows(body)]},
}
