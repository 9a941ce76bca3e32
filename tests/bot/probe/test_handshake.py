"""What is read of a server's bytes, whatever they are and however they come in pieces; and what may be
concluded of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.probe.handshake import End, Records, Seen
from bot.probe.verdicts import judge
from handlers.probe_ports import ProbeOutcome, TlsVersion

TLS10, TLS11, TLS12, TLS13 = TlsVersion
COMPLETE = Seen(End.COMPLETE, choice=0x0303, cipher="AES")


def record(content: int, body: bytes) -> bytes:
    return bytes([content, 3, 1]) + len(body).to_bytes(2) + body


def server_hello(version: int, extensions: bytes = b"") -> bytes:
    body = version.to_bytes(2) + bytes(32) + b"\x00" + b"\xc0\x14\x00"
    body += len(extensions).to_bytes(2) + extensions if extensions else b""
    return b"\x02" + len(body).to_bytes(3) + body


def fed(*pieces: bytes) -> Records:
    records = Records()
    for piece in pieces:
        records.feed(piece)
    return records


@given(st.lists(st.binary(max_size=80), max_size=12))
def test_no_bytes_break_it_and_pieces_do_not_matter(pieces: list[bytes]) -> None:
    whole, parts = fed(b"".join(pieces)), fed(*pieces)
    assert (whole.foreign, whole.alert, whole.choice, whole.silent) == (
        parts.foreign,
        parts.alert,
        parts.choice,
        parts.silent,
    )


@given(st.integers(1, 40), st.sampled_from([0x0300, 0x0301, 0x0302, 0x0303, 0x0304]))
def test_the_version_chosen_is_read_from_hellos_in_any_pieces(size: int, version: int) -> None:
    extension = b"\x00\x17\x00\x00" + b"\x00\x2b\x00\x02" + version.to_bytes(2)
    hello = server_hello(0x0303, extension) if version == 0x0304 else server_hello(version)
    said = record(22, hello[:size]) + record(22, hello[size:])
    assert fed(*(said[at : at + size] for at in range(0, len(said), size))).choice == version


def test_a_warning_is_no_end_and_plain_text_is_no_tls() -> None:
    assert fed(record(21, b"\x01\x70")).alert is None
    assert fed(record(21, b"\x02\x46")).alert == 70
    assert fed(b"220 mail.example ESMTP\r\n").foreign
    assert fed(b"\x16\x02").foreign
    assert fed().silent


@pytest.mark.parametrize(
    ("seen", "others", "outcome"),
    [
        (COMPLETE, {}, ProbeOutcome.ACCEPTED),
        (Seen(End.ALERT, alert=70), {}, ProbeOutcome.REFUSED),
        (Seen(End.ALERT, alert=40), {}, ProbeOutcome.UNKNOWN),
        (Seen(End.ALERT, alert=40), {TLS11: COMPLETE}, ProbeOutcome.REFUSED),
        (Seen(End.ALERT, alert=199), {TLS12: COMPLETE}, ProbeOutcome.REFUSED),
        (Seen(End.ALERT, choice=0x0301, alert=40), {TLS12: COMPLETE}, ProbeOutcome.UNKNOWN),
        (Seen(End.CLOSED), {}, ProbeOutcome.UNKNOWN),
        (Seen(End.CLOSED), {TLS11: COMPLETE}, ProbeOutcome.UNKNOWN),
        (Seen(End.CLOSED), {TLS12: COMPLETE}, ProbeOutcome.REFUSED),
        (Seen(End.CLOSED), {TLS13: COMPLETE}, ProbeOutcome.REFUSED),
        (Seen(End.CLOSED, choice=0x0301), {TLS12: COMPLETE}, ProbeOutcome.UNKNOWN),
        (Seen(End.RESET), {TLS12: COMPLETE}, ProbeOutcome.UNKNOWN),
        (Seen(End.TIMED_OUT), {TLS12: COMPLETE}, ProbeOutcome.UNKNOWN),
        (Seen(End.FOREIGN), {TLS12: COMPLETE}, ProbeOutcome.UNKNOWN),
        (Seen(End.GIVEN_UP, choice=0x0303), {}, ProbeOutcome.REFUSED),
        (Seen(End.GIVEN_UP, choice=0x0300), {}, ProbeOutcome.REFUSED),
        (
            Seen(End.GIVEN_UP, choice=0x0301, reason="EE_KEY_TOO_SMALL"),
            {TLS12: COMPLETE},
            ProbeOutcome.NOT_TESTABLE,
        ),
        (Seen(End.GIVEN_UP, choice=0x0301, reason="BAD_SIGNATURE"), {TLS12: COMPLETE}, ProbeOutcome.UNKNOWN),
        (
            Seen(End.GIVEN_UP, reason="NO_CIPHERS_AVAILABLE", answered=False),
            {TLS12: COMPLETE},
            ProbeOutcome.NOT_TESTABLE,
        ),
        (Seen(End.GIVEN_UP, reason="BAD_PACKET"), {TLS12: COMPLETE}, ProbeOutcome.UNKNOWN),
    ],
)
def test_what_may_be_concluded_for_tls_1_0(
    seen: Seen, others: dict[TlsVersion, Seen], outcome: ProbeOutcome
) -> None:
    found, detail = judge({TLS10: seen} | others)[TLS10]
    assert found is outcome
    assert detail


@given(st.sampled_from(list(End)), st.none() | st.integers(0, 0xFFFF), st.none() | st.integers(0, 255))
def test_only_a_completed_handshake_is_acceptance(end: End, choice: int | None, alert: int | None) -> None:
    found, detail = judge({TLS10: Seen(end, choice=choice, alert=alert, reason="X", cipher="Y")})[TLS10]
    assert (found is ProbeOutcome.ACCEPTED) == (end is End.COMPLETE)
    assert detail
