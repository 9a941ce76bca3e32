"""Simulate the Entra authority: discovery, keys and the token endpoint, for one tenant and one app.

Errors carry Entra's codes and shape, so that what MSAL makes of them, and what the bot makes of that, is the
same as outside. Who the caller is, ``registration`` decides; what a token says, ``tokens``. Times are real
time.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from aiohttp import web

from bot.sandbox.microsoft.faults import TOKEN, Fault
from bot.sandbox.microsoft.registration import EntraRefused, Registration
from bot.sandbox.microsoft.tokens import AUDIENCES, LIFE_SECONDS, Tokens, new_trace_id

RESOURCES = AUDIENCES | {"https://graph.microsoft.com"}
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
ANY_TENANT = frozenset({"common", "organizations"})

REFUSALS: dict[str, tuple[int, str, str]] = {
    "entra_secret_expired": (
        7000222,
        "invalid_client",
        "The provided client secret keys for the app are expired.",
    ),
    "entra_blocked": (53003, "access_denied", "Access has been blocked by Conditional Access policies."),
}
"""What the ordered ``entra_`` faults answer."""


class Entra:
    """Serves one tenant, known by its id and its initial domain.

    ``origin`` must be set before the first request. ``take_fault`` hands over the fault ordered for a token
    request, if any.
    """

    def __init__(
        self,
        tenant_id: str,
        organization: str,
        app: Registration,
        tokens: Tokens,
        *,
        take_fault: Callable[[str], Fault | None],
    ) -> None:
        self.origin = ""
        self._tenant_id = tenant_id
        self._names = {tenant_id.lower(), organization.lower()}
        self._app = app
        self._tokens = tokens
        self._take_fault = take_fault

    async def discovery(self, request: web.Request) -> web.Response:
        """Answer one request."""
        try:
            tenant = self._resolved(request.match_info["tenant"])
        except EntraRefused as refusal:
            return _refusal(refusal, request)
        base = f"{self.origin}/{tenant}"
        document = {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
                "client_secret_basic",
            ],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "tenant_region_scope": "NA",
        }
        return web.json_response(document)

    async def keys(self, request: web.Request) -> web.Response:
        """Answer one request."""
        return web.json_response({"keys": [self._tokens.public_jwk()]})

    async def token(self, request: web.Request) -> web.Response:
        """Answer one request."""
        fault = self._take_fault(TOKEN)
        if fault is not None and fault.name not in REFUSALS:
            return web.Response(status=503)
        form = {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
        try:
            if fault is not None:
                raise EntraRefused(*REFUSALS[fault.name])
            token = self._granted(request.match_info["tenant"], form)
        except EntraRefused as refusal:
            return _refusal(refusal, request)
        body = {
            "token_type": "Bearer",
            "expires_in": LIFE_SECONDS,
            "ext_expires_in": LIFE_SECONDS,
            "access_token": token,
        }
        return web.json_response(body, headers=NO_STORE)

    def _granted(self, tenant: str, form: Mapping[str, str]) -> str:
        """The access token for a client-credentials request. Raises ``EntraRefused``."""
        if self._resolved(tenant) in ANY_TENANT:
            raise EntraRefused(
                50059, "invalid_request", "No tenant-identifying information found in the request."
            )
        if form.get("grant_type") != "client_credentials":
            raise EntraRefused(
                70003, "unsupported_grant_type", "The app requested an unsupported grant type."
            )
        if form.get("client_id") != self._app.client_id:
            raise EntraRefused(700016, "unauthorized_client", _unknown_app(form.get("client_id", ""), tenant))
        method = self._app.authenticate(form, self._audiences())
        resource = _resource(form.get("scope", ""))
        return self._tokens.issue(
            resource, app_id=self._app.client_id, object_id=self._app.object_id, method=method
        )

    def _resolved(self, tenant: str) -> str:
        """The tenant's id, or ``common`` and the like, for what stands in the path.

        Raises ``EntraRefused``.
        """
        if tenant.lower() in self._names:
            return self._tenant_id
        if tenant.lower() in ANY_TENANT:
            return tenant.lower()
        text = f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID."
        raise EntraRefused(90002, "invalid_request", text)

    def _audiences(self) -> set[str]:
        """List what an assertion may be addressed to: token endpoint or issuer, by either tenant name."""
        return {
            f"{self.origin}/{name}{path}" for name in self._names for path in ("/oauth2/v2.0/token", "/v2.0")
        }


def _refusal(refusal: EntraRefused, request: web.Request) -> web.Response:
    """The JSON Entra sends: 401 for a bad credential, else 400."""
    now, trace = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ"), new_trace_id()
    correlation = request.headers.get("client-request-id") or new_trace_id()
    tail = f"Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}"
    body = {
        "error": refusal.error,
        "error_description": f"AADSTS{refusal.code}: {refusal.sentence} {tail}",
        "error_codes": [refusal.code],
        "timestamp": now,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={refusal.code}",
    }
    return web.json_response(body, status=401 if refusal.error == "invalid_client" else 400, headers=NO_STORE)


def _resource(scope: str) -> str:
    """The resource behind ``<resource>/.default``, the only scope that client credentials may ask for."""
    wanted = [item for item in scope.split() if item not in {"openid", "profile", "offline_access"}]
    if len(wanted) != 1 or not wanted[0].endswith("/.default"):
        text = (
            f"The provided value for scope {scope} is not valid: client credentials need a scope that ends "
            "in /.default."
        )
        raise EntraRefused(1002012, "invalid_scope", text)
    resource = wanted[0].removesuffix("/.default").rstrip("/")
    if resource not in RESOURCES:
        raise EntraRefused(
            500011,
            "invalid_resource",
            f"The resource principal named {resource} was not found in the tenant.",
        )
    return resource


def _unknown_app(client_id: str, tenant: str) -> str:
    return (
        f"Application with identifier '{client_id}' was not found in the directory '{tenant}'. This can "
        "happen if the application has not been installed by the administrator of the tenant or consented "
        "to by any user in the tenant."
    )
