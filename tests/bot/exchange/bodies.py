"""Bodies of the admin API, as far as the tests need them; composed after real answers."""

from collections.abc import Sequence
from typing import Any

ORGANIZATION = "contoso.onmicrosoft.com"
CONTEXT = "https://outlook.office365.com/adminapi/beta/t/$metadata#Collection(Exchange.GenericHashTable)"
STACK = (
    "   at Microsoft.Exchange.AdminApi.CommandInvocation.CommandInvocation.InvokeCommand(IEdmEntityObject)"
)
DIRECT = "Microsoft.Exchange.Management.PSDirectInvoke.DirectInvokeCmdletExecutionException"


def envelope(value: object, warnings: Sequence[str] = (), **more: Any) -> dict[str, object]:
    """A success."""
    return {
        "@odata.context": CONTEXT,
        "adminapi.warnings@odata.type": "#Collection(String)",
        "@adminapi.warnings": list(warnings),
        "value": value,
        **more,
    }


def config(setting: object = None, **more: object) -> dict[str, object]:
    """A row of ``Get-TransportConfig``."""
    return {
        "Name": "Transport Settings",
        "SupervisionTags@odata.type": "#Collection(String)",
        "SupervisionTags": ["Reject", "Allow"],
        "SmtpClientAuthenticationDisabled": True,
        "AllowLegacyTLSClients": setting,
        "WhenChangedUTC@data.type": "System.DateTime",
        "WhenChangedUTC": "2026-05-04T07:39:21.0000000Z",
        "OrganizationalUnitRoot": ORGANIZATION,
        "OriginatingServer": "BY1PR09A06DC005.NAMPR09A006.PROD.OUTLOOK.COM",
        **more,
    }


def reading(setting: object = None, **more: object) -> dict[str, object]:
    return envelope([config(setting, **more)])


def error(
    detail: str | None = None,
    *,
    code: str = "BadRequest",
    message: str = "Error executing cmdlet",
    internal: tuple[str, str] | None = None,
) -> dict[str, object]:
    """An error body."""
    kind, text = internal or (DIRECT, f"Exception of type '{DIRECT}' was thrown.")
    body: dict[str, object] = {"code": code, "message": message}
    if detail is not None:
        body["details"] = [{"code": "Context", "target": "", "message": detail}]
    body["innererror"] = {
        "message": message,
        "type": "Microsoft.Exchange.Admin.OData.Core.ODataServiceException",
        "stacktrace": STACK,
        "internalexception": {"message": text, "type": kind, "stacktrace": STACK},
    }
    return {"error": body, "adminapi.warnings@odata.type": "#Collection(String)", "@adminapi.warnings": []}
