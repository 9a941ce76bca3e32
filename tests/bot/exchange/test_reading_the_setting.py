"""The client reads: what it sends, what it retries and for how long, whose answer it believes."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.exchange.auth.credentials import Certificate, FederatedToken
from bot.exchange.client import ExchangeOnline
from handlers.ports import Unavailable
from storage.records import SettingValue, WriteOutcome
from tests.bot.exchange import certificates
from tests.bot.exchange.bodies import ORGANIZATION, envelope, error, reading
from tests.bot.exchange.conftest import NOON
from tests.bot.exchange.entra_stub import TENANT, Entra, token
from tests.bot.exchange.stage import Act, Stage, answer, drip, hang, reset

Client = Callable[..., ExchangeOnline]
BUSY = error("Ex1|Microsoft.Exchange.Data.Directory.ServerBusyException|Busy.")
CHALLENGE = (
    'Bearer error="insufficient_claims", '
    'claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ=="'
)


HOSTED = (
    "NAMPR09A006.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/contoso.onmicrosoft.com - "
    "NAMPR09A006.PROD.OUTLOOK.COM/ConfigurationUnits/contoso.onmicrosoft.com/Configuration"
)


def keeper() -> tuple[list[str], Callable[[str], str]]:
    """A place to keep the organisation in, and the deed of keeping it."""
    kept: list[str] = []

    def keep(name: str) -> str:
        kept.append(name)
        return name

    return kept, keep


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.exchange.retries.PAUSES", (0.01, 0.01, 0.01, 0.01))


def test_a_reading_is_asked_for_as_the_admin_api_wants_it(client: Client, exchange: Stage) -> None:
    exchange.plays(answer(200, reading(True)))
    found = client().read()
    (request,) = exchange.requests
    assert request.path == f"/adminapi/beta/{TENANT}/InvokeCommand"
    assert request.json() == {"CmdletInput": {"CmdletName": "Get-TransportConfig", "Parameters": {}}}
    headers = request.headers
    assert headers["authorization"] == f"Bearer {token(1)}"
    assert headers["x-anchormailbox"] == f"APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{TENANT}"
    assert headers["x-responseformat"] == "json"
    assert headers["user-agent"].startswith("legacytls/")
    assert headers["client-request-id"] == found.client_request_id
    assert "x-clientapplication" not in headers
    assert (found.value, found.organization, found.read_at) == (SettingValue.OPTED_IN, ORGANIZATION, NOON)


@pytest.mark.parametrize(
    "trouble",
    [
        answer(429),
        answer(400, BUSY),
        answer(500, "{}"),
        answer(502, "<html>"),
        answer(503),
        answer(504),
        answer(200, "{"),
        reset,
    ],
)
def test_passing_trouble_is_waited_out(trouble: Act, client: Client, exchange: Stage) -> None:
    exchange.plays(trouble, answer(200, reading(None)))
    assert client().read(patience=10).value is SettingValue.NOT_SET
    first, second = exchange.requests
    assert first.headers["client-request-id"] != second.headers["client-request-id"]


@pytest.mark.parametrize(
    "trouble",
    [answer(400, error("Ex1|A.X|No.")), answer(403), answer(404), answer(405), answer(200, reading("True"))],
)
def test_what_does_not_pass_by_itself_is_not_tried_again(
    trouble: Act, client: Client, exchange: Stage
) -> None:
    exchange.always(trouble)
    with pytest.raises(Unavailable) as caught:
        client().read(patience=10)
    assert not caught.value.retryable
    assert len(exchange.requests) == 1


def test_the_tries_are_counted_as_well_as_timed(client: Client, exchange: Stage) -> None:
    exchange.always(answer(503))
    with pytest.raises(Unavailable, match="status 503"):
        client().read(patience=30)
    assert len(exchange.requests) == 5


def test_a_wait_longer_than_the_patience_is_handed_on_at_once(client: Client, exchange: Stage) -> None:
    exchange.always(answer(429, "", {"Retry-After": "60"}))
    began = time.monotonic()
    with pytest.raises(Unavailable, match="asks to wait 60 s") as caught:
        client().read(patience=30)
    assert (caught.value.retry_after, len(exchange.requests)) == (60.0, 1)
    assert time.monotonic() - began < 5


def test_a_wait_that_exchange_asks_for_is_kept(client: Client, exchange: Stage) -> None:
    exchange.plays(answer(429, "", {"Retry-After": "0.4"}), answer(200, reading(None)))
    began = time.monotonic()
    client().read(patience=10)
    assert time.monotonic() - began >= 0.4


@pytest.mark.parametrize("how", ["silent", "dripping"])
def test_patience_bounds_the_whole_reading(how: str, client: Client, exchange: Stage) -> None:
    slow = (
        hang(exchange.stop)
        if how == "silent"
        else drip(b"HTTP/1.1 200 OK\r\n\r\n", b" ", 0.05, exchange.stop)
    )
    exchange.always(slow)
    one = client()
    one.tokens.bearer()
    began = time.monotonic()
    with pytest.raises(Unavailable):
        one.read(patience=0.5)
    assert time.monotonic() - began < 3


def test_a_silent_authority_does_not_outlast_the_patience(client: Client, entra: Entra) -> None:
    entra.stage.always(hang(entra.stage.stop))
    began = time.monotonic()
    with pytest.raises(Unavailable, match="sign-in authority"):
        client().read(patience=0.5)
    assert time.monotonic() - began < 3


def test_a_claims_challenge_is_answered_once_with_a_new_token(
    client: Client, exchange: Stage, entra: Entra
) -> None:
    exchange.plays(answer(401, "", {"WWW-Authenticate": CHALLENGE}), answer(200, reading(None)))
    client().read()
    assert [request.headers["authorization"] for request in exchange.requests] == [
        f"Bearer {token(1)}",
        f"Bearer {token(2)}",
    ]
    assert "nbf" in entra.forms[1]["claims"]


@pytest.mark.parametrize("kind", ["certificate", "federated"])
@pytest.mark.parametrize("writes", [False, True])
def test_a_claims_challenge_is_answered_by_assertion_as_well(
    kind: str,
    client: Client,
    exchange: Stage,
    entra: Entra,
    app: certificates.Pair,
    *,
    tmp_path: Path,
    writes: bool,
) -> None:
    path = tmp_path / "credential"
    path.write_bytes(app.pem() if kind == "certificate" else b"canary-federated-1")
    one = client(credential=Certificate(path) if kind == "certificate" else FederatedToken(path))
    one.tokens.bearer()
    if kind == "federated":
        path.write_bytes(b"canary-federated-2")
        entra.federated = "canary-federated-2"
    exchange.plays(
        answer(401, "", {"WWW-Authenticate": CHALLENGE}),
        answer(200, envelope([]) if writes else reading(None)),
    )
    if writes:
        assert one.write(True, client_request_id="1").outcome is WriteOutcome.ACCEPTED
    else:
        one.read()
    assert [request.headers["authorization"] for request in exchange.requests] == [
        f"Bearer {token(1)}",
        f"Bearer {token(2)}",
    ]
    first, second = entra.forms
    assert "nbf" in second["claims"]
    if kind == "federated":  # the file is read anew; a certificate's assertion is good for ten minutes
        assert (first["client_assertion"], second["client_assertion"]) == (
            "canary-federated-1",
            "canary-federated-2",
        )


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_role_drops_the_token_so_that_a_new_grant_shows(
    status: int, client: Client, exchange: Stage
) -> None:
    body = b"\0" * 4096 if status == 403 else b""
    exchange.plays(answer(status, body, {"Content-Encoding": "gzip"}), answer(200, reading(None)))
    one = client()
    with pytest.raises(Unavailable) as caught:
        one.read()
    assert "Exchange.ManageAsApp" in caught.value.mend
    one.read()
    assert [request.headers["authorization"] for request in exchange.requests] == [
        f"Bearer {token(1)}",
        f"Bearer {token(2)}",
    ]


def test_a_regional_host_is_found_by_reading(client: Client, exchange: Stage) -> None:
    exchange.plays(answer(302, "", {"Location": "?fe=eur01"}), answer(200, reading(None)))
    assert client().read().value is SettingValue.NOT_SET
    assert [request.method for request in exchange.requests] == ["POST", "POST"]


def test_the_first_answers_organisation_is_kept_and_remembered_once(client: Client, exchange: Stage) -> None:
    kept, keep = keeper()
    exchange.always(answer(200, reading(None)))
    one = client(keep_organization=keep)
    one.read()
    one.read()
    assert kept == [ORGANIZATION]
    exchange.always(answer(200, reading(None, OrganizationalUnitRoot="fabrikam.onmicrosoft.com")))
    with pytest.raises(
        Unavailable, match=r"another tenant: fabrikam\.onmicrosoft\.com, expected contoso"
    ) as caught:
        one.read()
    assert not caught.value.retryable


def test_the_configured_organisation_is_compared_without_regard_to_case(
    client: Client, exchange: Stage
) -> None:
    kept, keep = keeper()
    exchange.always(answer(200, reading(True)))
    client(organization="Contoso.OnMicrosoft.com", keep_organization=keep).read()
    with pytest.raises(Unavailable, match="another tenant"):
        client(organization="fabrikam.onmicrosoft.com", keep_organization=keep).read()
    assert kept == []


def test_a_name_that_could_not_be_kept_is_offered_again_and_not_relied_on(
    client: Client, exchange: Stage
) -> None:
    offered: list[str] = []
    exchange.always(answer(200, reading(None)))
    one = client(keep_organization=lambda name: offered.append(name) if not offered else name)
    assert [one.read().organization for _ in range(3)] == [ORGANIZATION] * 3
    assert offered == [ORGANIZATION]
    exchange.always(answer(200, reading(None, OrganizationalUnitRoot="fabrikam.onmicrosoft.com")))
    with pytest.raises(Unavailable, match="expected contoso"):
        one.read()


def test_the_name_that_another_replica_kept_first_holds(client: Client, exchange: Stage) -> None:
    exchange.always(answer(200, reading(None)))
    with pytest.raises(
        Unavailable, match=r"answered for another tenant: contoso\.onmicrosoft\.com, expected fabrikam"
    ):
        client(keep_organization=lambda name: "fabrikam.onmicrosoft.com").read()


@pytest.mark.parametrize("nameless", [None, "", 7])
def test_an_answer_that_names_no_tenant_is_read_and_says_so(
    nameless: object, client: Client, exchange: Stage
) -> None:
    exchange.always(answer(200, reading(True, OrganizationalUnitRoot=nameless)))
    found = client(organization=ORGANIZATION).read()
    assert (found.value, found.organization) == (SettingValue.OPTED_IN, None)


def test_the_other_key_names_the_tenant_just_as_well(client: Client, exchange: Stage) -> None:
    exchange.always(answer(200, reading(True, OrganizationalUnitRoot=None, OrganizationId=HOSTED)))
    assert client(organization=ORGANIZATION).read().organization == ORGANIZATION
    with pytest.raises(Unavailable, match=r"another tenant: contoso\.onmicrosoft\.com, expected fabrikam"):
        client(organization="fabrikam.onmicrosoft.com").read()


def test_many_first_readers_remember_one_organisation(client: Client, exchange: Stage) -> None:
    kept, keep = keeper()
    exchange.always(answer(200, reading(None)))
    one = client(keep_organization=keep)
    threads = [threading.Thread(target=one.read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept == [ORGANIZATION]


def test_closing_wakes_a_reader_that_waits(
    client: Client, exchange: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.exchange.retries.PAUSES", (30.0,))
    exchange.always(answer(503))
    one = client()
    failures: list[Unavailable] = []

    def read() -> None:
        with pytest.raises(Unavailable) as caught:
            one.read(patience=60)
        failures.append(caught.value)

    reader = threading.Thread(target=read)
    reader.start()
    until = time.monotonic() + 5
    while not exchange.requests and time.monotonic() < until:
        time.sleep(0.01)
    one.close()
    reader.join(5)
    assert not reader.is_alive()
    assert len(failures) == 1
