"""``/legacytls probe``: who may, what it refuses, once for everybody who waits, and what it says."""

import threading
from dataclasses import replace

import pytest
from slack_bolt import Respond

from handlers.probe_ports import ProbeOutcome, ProbeRow, ProbeTarget, TlsVersion
from handlers.queries.probe import Probed, Probing
from handlers.slack.listeners.commands import Commands
from handlers.slack.views import probe_view
from handlers.slack.views.mrkdwn import sentence
from handlers.suggested import without_alias
from tests.handlers.driver import ALICE, ERIN, House
from tests.handlers.slack.shapes import command

LEGACY, OWN = ProbeTarget("smtp-legacy.example", 587), ProbeTarget("2001:db8::25", 25)
TLS10, TLS11, TLS12, TLS13 = TlsVersion


def row(
    version: TlsVersion, outcome: ProbeOutcome, detail: str = "", target: ProbeTarget = LEGACY
) -> ProbeRow:
    return ProbeRow(target, version, outcome, detail)


ROWS = [
    row(TLS10, ProbeOutcome.NOT_TESTABLE, "NO_CIPHERS_AVAILABLE"),
    row(TLS11, ProbeOutcome.REFUSED, "alert 70"),
    row(TLS12, ProbeOutcome.ACCEPTED, "AES"),
    row(TLS13, ProbeOutcome.ACCEPTED, "AES"),
    *(row(version, ProbeOutcome.UNREACHABLE, "no <!channel> there", OWN) for version in TlsVersion),
]


class Endpoints:
    """Counts how often it is probed."""

    def __init__(self) -> None:
        self.probes = 0

    def __call__(self) -> list[ProbeRow]:
        self.probes += 1
        return ROWS


@pytest.fixture
def endpoints(house: House) -> Endpoints:
    found = Endpoints()
    house.edge = replace(house.edge, probing=Probing(found))
    return found


def say(house: House, person: str, text: str) -> str:
    respond = Respond(response_url=None, proxy=None, ssl=None)
    Commands(house.edge).listen(lambda *a, **k: None, command(person, text), respond)  # type: ignore[arg-type]
    return str(house.windows.said[-1]["text"])


def test_a_full_member_reads_a_line_for_each_endpoint_and_what_it_does_not_prove(
    house: House, endpoints: Endpoints
) -> None:
    house.workspace.change(ERIN, is_guest=False)
    assert say(house, ERIN, "probe").splitlines() == [
        "• `smtp-legacy.example:587` takes TLS 1.2, 1.3; refuses 1.1; 1.0 not testable here",
        "• `[2001:db8::25]:25` unreachable (no &lt;!channel&gt; there)",
    ]
    assert without_alias(probe_view.PROVES) in str(house.windows.said[-1]["blocks"])
    assert endpoints.probes == 1
    assert house.events("refused") == []


def test_a_guest_is_refused_and_nothing_is_probed(house: House, endpoints: Endpoints) -> None:
    house.workspace.change(ERIN, is_guest=True)
    say(house, ERIN, "probe")
    assert [event.payload["what"] for event in house.events("refused")] == ["probe"]
    assert endpoints.probes == 0


@pytest.mark.parametrize(
    "text",
    ["probe relay.contoso.com:25", "probe  10.0.0.1:22 10.0.0.2:22", "probe help", "probe <http://a.b>"],
)
def test_it_takes_no_host_and_says_so(house: House, endpoints: Endpoints, text: str) -> None:
    assert say(house, ALICE, text) == without_alias(sentence(probe_view.TAKES_NO_HOST))
    assert endpoints.probes == 0


def test_within_a_minute_the_same_is_shown_with_its_age(house: House) -> None:
    endpoints, seconds = Endpoints(), [1000.0]
    probing, told = Probing(endpoints, monotonic=lambda: seconds[0]), list[Probed]()
    probing.ask(told.append)
    seconds[0] += 59
    probing.ask(told.append)
    seconds[0] += 1
    probing.ask(told.append)
    assert [report.age for report in told] == [None, 59, None]
    assert endpoints.probes == 2
    assert "59 s" in str(probe_view.probed(told[1]).blocks)


def test_everybody_who_asks_meanwhile_gets_the_one_answer_and_waits_for_nobody() -> None:
    begun, go_on, told, probes = threading.Event(), threading.Event(), list[Probed](), list[int]()

    def slow() -> list[ProbeRow]:
        probes.append(1)
        begun.set()
        assert go_on.wait(10)
        return ROWS

    probing = Probing(slow)
    first = threading.Thread(target=probing.ask, args=(told.append,))
    first.start()
    assert begun.wait(10)
    for _ in range(3):
        probing.ask(told.append)  # returns at once, though nothing is known yet
    assert told == []
    go_on.set()
    first.join(10)
    assert told == [Probed(tuple(ROWS))] * 4
    assert len(probes) == 1


def test_a_defect_is_told_to_everybody_and_the_next_one_probes_again() -> None:
    told, outcomes = list[Probed](), [RuntimeError("nobody thought of this"), None]

    def broken() -> list[ProbeRow]:
        if (error := outcomes.pop(0)) is not None:
            raise error
        return ROWS

    probing = Probing(broken)
    with pytest.raises(RuntimeError):
        probing.ask(told.append)
    assert probe_view.probed(told[0]).text == probe_view.FAILED
    probing.ask(told.append)
    assert told[1].rows == tuple(ROWS)


def test_twenty_long_names_keep_to_slacks_limits() -> None:
    rows = [
        row(version, ProbeOutcome.UNKNOWN, "why " * 40, ProbeTarget("x" * 250, port))
        for port in range(20)
        for version in TlsVersion
    ]
    blocks = [block.to_dict() for block in probe_view.probed(Probed(tuple(rows))).blocks]
    assert len(blocks) <= 50
    assert all(len(block["text"]["text"]) <= 3000 for block in blocks if block["type"] == "section")
