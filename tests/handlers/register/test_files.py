"""Exports are known by their content, in whatever coding, language and notation; the rest is refused
whole."""

import gzip
import io
import json
import time
import zipfile
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.register.files.decoding import LARGEST, NotRead
from handlers.register.files.kind_detection import read
from handlers.register.files.parsed_file import FileKind, Parsed

HEADER = "Sender address,Domain,TLS 1.0 (percentage),TLS 1.1 (percentage),TLS 1.2 (percentage),Messages sent"
ROWS = ("scan@contoso.com,contoso.com,100,0,0,12", "erp@contoso.com,contoso.com,0,0,100,7")
REPORT = "\r\n".join([HEADER, *ROWS]) + "\r\n"
GERMAN = (
    "Absenderadresse;Domäne;TLS 1.0 (Prozent);TLS 1.1 (Prozent);TLS 1.2 (Prozent);Gesendete Nachrichten\r\n"
    "scan@contoso.com;contoso.com;62,5;0;37,5;1.234\r\nerp@contoso.com;contoso.com;0;0;100;7\r\n"
)
SIGN_INS = (
    'Date (UTC),Request ID,User agent,Username,IP address,Status,Sign-in error code,Client app,"Incoming '
    'token type",'
    '"Incoming token type"\r\n'
    "2026-11-20T08:19:41Z,1,BAV2ROPC,scan@contoso.com,203.0.113.7,Success,0,Authenticated SMTP,none,none\r\n"
    "2026-11-21T08:19:41Z,2,BAV2ROPC,scan@contoso.com,203.0.113.7,Failure,50126,Authenticated "
    "SMTP,none,none\r\n"
    "2026-11-22T08:19:41Z,3,Outlook,alice@contoso.com,203.0.113.7,Success,0,Mobile Apps and Desktop "
    "clients,none,none\r\n"
)
MESSAGE = (
    "Received: from DB1.eurprd01.prod.outlook.com (2603:10a6::1) by AM2.eurprd02.prod.outlook.com with "
    "HTTPS\r\n"
    "Received: from scanner (203.0.113.7) by DB1.eurprd01.prod.outlook.com (10.0.0.1)\r\n"
    " with Microsoft SMTP Server (version=TLS1_0, cipher=TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA) id 15.20.1\r\n"
    "From: Scanner <Scan@Contoso.com>\r\nDate: Fri, 20 Nov 2026 08:00:00 +0100\r\nSubject: "
    "Scan\r\n\r\nHello\r\n"
)


def shares(parsed: Parsed) -> dict[str, tuple[float | None, float | None, float | None, int | None]]:
    return {one.sender: (one.tls10, one.tls11, one.tls12, one.messages) for one in parsed.seen}


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("text", [REPORT, GERMAN])
def test_the_report_is_read_in_every_coding(text: str, coding: str) -> None:
    parsed = read(text.encode(coding))
    assert (parsed.kind, parsed.rows, parsed.skipped) == (FileKind.SMTP_CLIENTS, 2, ())
    first = (100.0, 0.0, 0.0, 12) if text is REPORT else (62.5, 0.0, 37.5, 1234)
    assert shares(parsed) == {"scan@contoso.com": first, "erp@contoso.com": (0.0, 0.0, 100.0, 7)}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("begin", ["", "sep={}\r\n", "\r\n"])
def test_separators_are_told_by_the_header(separator: str, begin: str) -> None:
    parsed = read((begin.format(separator) + REPORT.replace(",", separator)).encode())
    assert len(parsed.seen) == 2


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (("a@b.example,x,0.25,0,0.75,4", "c@b.example,x,0,0,1,9"), (25.0, 0.0, 75.0, 4)),
        (("a@b.example,x,25.0%,0%,75.0%,4", "c@b.example,x,0%,0%,100%,9"), (25.0, 0.0, 75.0, 4)),
        (("a@b.example,x,1,0,3,4", "c@b.example,x,0,0,9,9"), (25.0, 0.0, 75.0, 4)),
    ],
)
def test_fractions_percent_and_counts_are_told_by_what_rows_add_up_to(
    rows: tuple[str, ...], expected: tuple[float, ...]
) -> None:
    assert shares(read("\n".join([HEADER, *rows]).encode()))["a@b.example"] == expected


def test_microsofts_own_keys_are_known() -> None:
    text = "SenderAddress,Tls10Count,Tls11Count,Tls12Count,MessageCount\nscan@contoso.com,3,0,1,4\n"
    assert shares(read(text.encode()))["scan@contoso.com"] == (75.0, 0.0, 25.0, 4)


def test_columns_are_mapped_by_name_where_none_is_known() -> None:
    text = "wer,alt,älter,neu,Zahl\nscan@contoso.com,0,90,10,4\n".encode()
    with pytest.raises(NotRead, match=r"`wer`, `alt`.*--map"):
        read(text)
    named = {"sender": "wer", "tls10": "älter", "tls11": "alt", "tls12": "neu", "messages": "Zahl"}
    assert shares(read(text, named)) == {"scan@contoso.com": (90.0, 0.0, 10.0, 4)}


@pytest.mark.parametrize("named", [{"nonsense": "wer"}, {"sender": "nowhere"}])
def test_a_mapping_of_what_there_is_not_is_refused(named: dict[str, str]) -> None:
    with pytest.raises(NotRead, match=r"no field nonsense|nowhere for sender"):
        read(REPORT.encode(), named)


def test_a_sender_of_two_rows_is_one_weighed_by_its_messages() -> None:
    text = f"{HEADER}\nscan@contoso.com,x,100,0,0,30\nSCAN@contoso.com,x,0,0,100,10\n"
    assert shares(read(text.encode())) == {"scan@contoso.com": (75.0, 0.0, 25.0, 40)}


def test_rows_that_are_not_understood_are_named_with_why() -> None:
    rows = (
        "=cmd|' /C calc'!A0,x,1,0,99,1",
        "a@b.example,x,150,0,0,1",
        "c@d.example,x,abc,0,0,1",
        "e@f.example,x,-5,0,105,1",
    )
    parsed = read("\n".join([HEADER, *rows, *ROWS]).encode())
    assert [(one.row, one.why) for one in parsed.skipped] == [
        *((2, "this is no mail address"), (3, "a share beyond 100, or below 0"), (4, "this is no share")),
        (5, "a share beyond 100, or below 0"),
    ]
    assert len(parsed.seen) == 2


def test_sign_ins_tell_the_newest_day_of_mail_clients_that_got_in() -> None:
    parsed = read(SIGN_INS.encode())
    assert (parsed.kind, parsed.rows) == (FileKind.SIGN_INS, 3)
    assert [(one.sender, one.last_seen, one.tls10) for one in parsed.seen] == [
        ("scan@contoso.com", date(2026, 11, 20), None)
    ]


def test_sign_ins_as_json_are_the_same() -> None:
    entry = {
        "createdDateTime": "2026-11-20T08:19:41Z",
        "userPrincipalName": "Scan@contoso.com",
        "clientAppUsed": "Authenticated SMTP",
        "status": {"errorCode": 0},
    }
    for whole in (
        [entry],
        {"value": [entry, entry | {"status": {"errorCode": 50126}, "createdDateTime": "2026-11-25"}]},
    ):
        parsed = read(json.dumps(whole).encode("utf-8-sig"))
        assert [(one.sender, one.last_seen) for one in parsed.seen] == [
            ("scan@contoso.com", date(2026, 11, 20))
        ]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("13/12/2025 7:22:01 AM", date(2025, 12, 13)),
        ("12/13/2025 7:22", date(2025, 12, 13)),
        ("13.12.2025 07:22", date(2025, 12, 13)),
    ],
)
def test_days_that_excel_has_re_saved_are_read_where_they_can_mean_one_thing(
    when: str, expected: date
) -> None:
    assert read(SIGN_INS.replace("2026-11-20T08:19:41Z", when).encode()).seen[0].last_seen == expected


def test_days_that_can_mean_two_things_are_refused() -> None:
    with pytest.raises(NotRead, match="March or December"):
        read(SIGN_INS.replace("2026-11-20T08:19:41Z", "3/12/2025 7:22:01 AM").encode())


def test_a_saved_message_tells_what_its_sender_spoke() -> None:
    parsed = read(MESSAGE.encode())
    assert parsed.kind is FileKind.MESSAGE
    assert [(one.sender, one.tls10, one.tls12, one.last_seen) for one in parsed.seen] == [
        ("scan@contoso.com", 100.0, 0.0, date(2026, 11, 20))
    ]
    with pytest.raises(NotRead, match="No Received header"):
        read(MESSAGE.replace("version=TLS1_0, ", "").encode())


def test_our_own_list_is_known_by_its_columns() -> None:
    parsed = read(
        b"device,sender,site,owner,protocol,reason,plan,due\nScanner,scan@contoso.com,,U0ERIN,pop3,Old,New,"
        b"2026-12-15\n"
    )
    assert (parsed.kind, parsed.listed[0]["owner"], parsed.listed[0]["row"]) == (
        FileKind.DEVICES,
        "U0ERIN",
        "2",
    )


def zipped() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("report.csv", REPORT)
    return packed.getvalue()


AUTH_DETAILS = (
    b"Date (UTC),Request ID,Authentication method,Authentication method "
    b"detail,Succeeded\n2026-11-20,1,Password,,true\n"
)
REFUSED = {
    "a zip named csv": zipped(),
    "compressed": gzip.compress(REPORT.encode()),
    "a PDF": b"%PDF-1.7\n",
    "binary": bytes(range(256)) * 20,
    "zeros": b"\0" * 1000,
    "a text with a zero": REPORT.encode() + b"\0",
    "empty": b"",
    "blank": b"\r\n \r\n",
    "a header alone": HEADER.encode(),
    "no table": b"Just a sentence.\nAnd another.\n",
    "AuthDetails": AUTH_DETAILS,
    "cut off": b'[{"userPrincipalName": "scan@contoso.com"',
    "no sign-ins": b'[{"a": 1}]',
    "a number": b"[1]",
    "deep": b"[" * 200_000,
    "wide number": b"[" + b"9" * 6000 + b"]",
    "one cell of a megabyte": f'{HEADER}\n"{"x" * 2**20}",x,1,0,99,1\n'.encode(),
    "two columns alike": b"Sender address,TLS 1.0,TLS 1.0,TLS 1.2\nscan@contoso.com,1,2,97\n",
    "nothing but nonsense": f"{HEADER}\nx,x,1,0,99,1\n".encode(),
    "too many rows": (HEADER + "\n" + "scan@contoso.com,x,1,0,99,1\n" * 100_001).encode(),
    "too large": b"x" * (LARGEST + 1),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_understood_is_refused_whole_with_a_sentence(what: str) -> None:
    began = time.monotonic()
    with pytest.raises(NotRead) as refused:
        read(REFUSED[what])
    assert str(refused.value).endswith((".", "`"))
    assert all(sign.isprintable() for sign in str(refused.value))
    assert len(str(refused.value)) < 1000
    assert time.monotonic() - began < 10


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for begin in (b"", HEADER.encode() + b"\n", b"[", b"Received: x\r\n", SIGN_INS.encode()):
        with suppress(NotRead):
            assert read(begin + data).rows >= 1
