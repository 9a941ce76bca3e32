"""Why a call did not reach Slack, in words: the name of Python's class tells an operator nothing."""

import http.client
import socket
import ssl
from urllib.error import URLError

_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "its name cannot be resolved"),
    (ssl.SSLCertVerificationError, "its certificate could not be verified"),
    (ssl.SSLError, "no TLS connection came about"),
    (TimeoutError, "no answer in time"),
    (ConnectionRefusedError, "the connection was refused"),
    (ConnectionError, "the connection broke off"),
    (http.client.HTTPException, "the answer broke off"),
    (UnicodeError, "the address or the proxy is not written as it has to be"),
    (OSError, "no connection came about"),
    (ValueError, "the address or the proxy is not written as it has to be"),
)
"""The first that fits; each class stands before those it is one of."""


def why_lost(failure: BaseException) -> str:
    """Say what kept the call from Slack.

    ``urllib`` wraps most failures into one of its own, which is taken off.
    """
    cause = (
        failure.reason
        if isinstance(failure, URLError) and isinstance(failure.reason, BaseException)
        else failure
    )
    return next((said for kind, said in _REASONS if isinstance(cause, kind)), "the call failed")
