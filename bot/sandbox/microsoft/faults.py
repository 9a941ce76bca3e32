"""The faults a person or a test can order for the next calls of Exchange or Entra.

Names and labels only: how each looks on the wire is said in ``fault_answers`` and ``exchange``.
"""

from dataclasses import dataclass

from bot.sandbox.shared.fault_queue import Ordered

FAULTS: dict[str, str] = {
    "slow": "Answers late (default 5 s)",
    "slow_drip": "The answer arrives a few bytes at a time (over 5 s by default)",
    "throttle": "429, Retry-After in seconds (default 2)",
    "throttle_float": "429, Retry-After with a fraction",
    "throttle_date": "429, Retry-After as a date",
    "throttle_bare": "429 without Retry-After",
    "server_error": "500 with a JSON error, nothing applied",
    "bad_gateway": "502 with an HTML page, nothing applied",
    "unavailable": "503, empty, nothing applied",
    "unavailable_retry": "503 with Retry-After (default 2 s), nothing applied",
    "gateway_timeout": "504, nothing applied",
    "transient_400": "400 that is transient (ServerBusyException)",
    "transient_proxy": "400 that is transient (CmdletProxyNotAvailableFailure)",
    "transient_directory": "400 that is transient (ADTransientException)",
    "transient_backend": "400 that is transient (BackendCommunicationException)",
    "transient_storage": "400 that is transient (StorageTransientException)",
    "transient_overloaded": "400 that is transient (DCOverloadedException)",
    "transient_suitability": "400 that is transient (SuitabilityDirectoryException)",
    "transient_maintenance": "400 that is transient (ServerInMMException)",
    "transient_settings": "400 that is transient (ADServerSettingsChangedException)",
    "parameter_withheld": "400, AmbiguousParameterSetException (role trimmed too far)",
    "dehydrated": "400, the organization is dehydrated",
    "details_as_json": "400 whose detail is a JSON string (third encoding)",
    "unauthorized": "401, token refused",
    "unauthorized_claims": "401 with a claims challenge; the presented token stays refused",
    "unauthorized_role": "401 with a JSON error about the role",
    "role_missing": "403 with 4096 NUL bytes labelled gzip (missing role)",
    "forbidden_empty": "403, empty",
    "forbidden_json": "403 with a JSON error",
    "role_text": "403 with a sentence about the role as plain text",
    "reset_before": "Connection reset, nothing applied",
    "lose_answer": "Applied, then connection reset",
    "apply_then_500": "Applied, then 500",
    "apply_then_400": "Applied, then 400 with a time-out of an inner service",
    "proxy_timeout": "Applied, then 400 that another server had no answer in time (CmdletProxyException)",
    "late_apply": "Connection reset; the write takes effect later (default 5 s)",
    "cut_short": "Applied, then the connection ends in the middle of the answer",
    "redirect_same": "302 to the same host",
    "redirect_307": "307 to the same host",
    "redirect_foreign": "302 to a foreign host",
    "errors_in_200": "200 that carries @adminapi.errors, nothing applied",
    "error_key_in_200": "200 that is an error object, nothing applied",
    "missing_key": "200 without AllowLegacyTLSClients",
    "null_value": "200 whose value is null",
    "empty_value": "200 whose value is empty",
    "two_rows": "200 with two rows",
    "wrong_type": "200 with AllowLegacyTLSClients as a string",
    "truncated": "200 with half of the JSON",
    "html_200": "200 with an HTML page, nothing applied",
    "other_tenant": "200 from another tenant",
    "page_expired": "400, pagination cursor expired",
    "entra_secret_expired": "Entra, next token: AADSTS7000222, credential expired",
    "entra_blocked": "Entra, next token: AADSTS53003, blocked by Conditional Access",
    "entra_unavailable": "Entra, next token: 503",
}
"""Name of each fault and its label for people. Shapes are those of the admin API as observed in public
clients."""


TOKEN = "(token)"
"""Stands for a token request where others name a cmdlet; only the ``entra_`` faults meet it, and they meet
nothing else."""


@dataclass(frozen=True, slots=True)
class Fault(Ordered):
    """A fault ordered for the next calls, of ``cmdlet`` only if one is named.

    Raises ``KeyError`` for an unknown name.
    """

    name: str
    cmdlet: str | None = None

    def __post_init__(self) -> None:
        if self.name not in FAULTS:
            raise KeyError(self.name)

    def meets(self, call: str, detail: str = "") -> bool:
        """Tell whether a call of the cmdlet ``call`` is one this fault was ordered for."""
        if call == TOKEN or self.name.startswith("entra_"):
            return call == TOKEN and self.name.startswith("entra_")
        return self.cmdlet is None or self.cmdlet.lower() == call.lower()
