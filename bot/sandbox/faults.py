"""The faults a person or a test can order for the next calls, and the queue they wait in.

Names, labels and order only: how each looks on the wire is said in ``fault_answers`` and ``exchange``.
"""

import threading
from dataclasses import dataclass, replace

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
"""Name of each fault and its label for people. Shapes are those of the admin API as observed in public clients."""


TOKEN = "(token)"
"""Stands for a token request where others name a cmdlet; only the ``entra_`` faults meet it, and they meet nothing else."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault ordered for the next ``remaining`` calls, of ``cmdlet`` only if one is named."""

    name: str
    cmdlet: str | None = None
    remaining: int = 1
    seconds: float | None = None
    """Length of the delay or the Retry-After; ``None`` for the fault's own default."""

    def meets(self, cmdlet: str) -> bool:
        """Whether a call of ``cmdlet`` is one this fault was ordered for."""
        if cmdlet == TOKEN or self.name.startswith("entra_"):
            return cmdlet == TOKEN and self.name.startswith("entra_")
        return self.cmdlet is None or self.cmdlet.lower() == cmdlet.lower()

    def patience(self, default: float) -> float:
        """``seconds`` or the default of this fault."""
        return default if self.seconds is None else self.seconds


class FaultQueue:
    """Faults in the order they were ordered; thread-safe."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Queue ``fault``. Raises ``KeyError`` for an unknown name, ``ValueError`` for a senseless count or time."""
        if fault.name not in FAULTS:
            raise KeyError(fault.name)
        if fault.remaining < 1 or fault.patience(0) < 0:
            raise ValueError("a fault needs a count of at least 1 and no negative time")
        with self._lock:
            self._waiting.append(fault)

    def take(self, cmdlet: str) -> Fault | None:
        """The fault meant for this call, if any; it is used up once per call."""
        with self._lock:
            for index, fault in enumerate(self._waiting):
                if fault.meets(cmdlet):
                    left = replace(fault, remaining=fault.remaining - 1)
                    self._waiting[index : index + 1] = [left] if left.remaining else []
                    return fault
        return None

    def pending(self) -> list[Fault]:
        """What still waits, next first."""
        with self._lock:
            return list(self._waiting)

    def clear(self) -> None:
        """Forget everything that waits."""
        with self._lock:
            self._waiting.clear()
