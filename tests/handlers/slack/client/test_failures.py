"""Why Slack was not reached is said in words, whichever exception it was and however ``urllib`` wrapped
it."""

import builtins
import http.client
import re
import socket
import ssl
from urllib.error import URLError

import pytest

from handlers.slack.client.calls import why_lost
from tests.sentences import says

EVERY = [
    *(
        found
        for found in vars(builtins).values()
        if isinstance(found, type) and issubclass(found, OSError | ValueError)
    ),
    *(
        socket.gaierror,
        ssl.SSLError,
        ssl.SSLCertVerificationError,
        ssl.SSLEOFError,
        http.client.BadStatusLine,
    ),
    *(http.client.IncompleteRead, http.client.RemoteDisconnected, http.client.InvalidURL),
]


@pytest.mark.parametrize("kind", [kind for kind in EVERY if not issubclass(kind, UnicodeError)])
def test_no_class_shows(kind: type[Exception]) -> None:
    for failure in (kind("secret"), URLError(kind("secret"))):
        said = why_lost(failure)
        assert re.fullmatch(r"[a-zTLS ]{10,}", said)
        assert "secret" not in said


def test_the_closest_reason_is_told() -> None:
    assert why_lost(URLError(socket.gaierror(-2, "x"))) == says("its_name_cannot_be_resolved")
    assert why_lost(URLError(ssl.SSLCertVerificationError())) == says("its_certificate_could_not_be_verified")
    assert why_lost(URLError(TimeoutError())) == why_lost(TimeoutError()) == says("no_answer_in_time")
    assert why_lost(http.client.RemoteDisconnected()) == says("the_connection_broke_off")
    assert why_lost(URLError(says("unknown_url_type_carrier"))) == says("no_connection_came_about")
