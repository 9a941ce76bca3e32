"""Why Slack was not reached is said in words, whichever exception it was and however ``urllib`` wrapped it."""

import builtins
import http.client
import re
import socket
import ssl
from urllib.error import URLError

import pytest

from handlers.slack.lost import why_lost

EVERY = [
    *(found for found in vars(builtins).values() if isinstance(found, type) and issubclass(found, OSError | ValueError)),
    *(socket.gaierror, ssl.SSLError, ssl.SSLCertVerificationError, ssl.SSLEOFError, http.client.BadStatusLine),
    *(http.client.IncompleteRead, http.client.RemoteDisconnected, http.client.InvalidURL),
]


@pytest.mark.parametrize("kind", [kind for kind in EVERY if not issubclass(kind, UnicodeError)])
def test_no_class_shows(kind: type[Exception]) -> None:
    for failure in (kind("secret"), URLError(kind("secret"))):
        said = why_lost(failure)
        assert re.fullmatch(r"[a-zTLS ]{10,}", said)
        assert "secret" not in said


def test_the_closest_reason_is_told() -> None:
    assert why_lost(URLError(socket.gaierror(-2, "x"))) == "its name cannot be resolved"
    assert why_lost(URLError(ssl.SSLCertVerificationError())) == "its certificate could not be verified"
    assert why_lost(URLError(TimeoutError())) == why_lost(TimeoutError()) == "no answer in time"
    assert why_lost(http.client.RemoteDisconnected()) == "the connection broke off"
    assert why_lost(URLError("unknown url type: carrier")) == "no connection came about"
