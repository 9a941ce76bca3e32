"""One row for each answer the admin API is known to give: status, headers and bytes in, meaning, sentence and
fate out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from bot.exchange.answers import judge
from bot.exchange.http.transport import Answer, Silence
from bot.exchange.outcomes import Meaning
from storage.records import WriteOutcome
from tests.bot.exchange.bodies import STACK, envelope, error, reading

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TASKS = "Microsoft.Exchange.Configuration.Tasks"
INVOCATION = "Microsoft.Exchange.AdminApi.CommandInvocation"
HTML = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
NO_OP = (
    "The command completed successfully but no settings of 'contoso.onmicrosoft.com\\Transport Settings' "
    "have been modified."
)


@dataclass(frozen=True)
class Case:
    """What comes in, and what has to come out; ``says`` is part of the sentence."""

    name: str
    status: int
    body: object
    meaning: Meaning
    says: str
    outcome: WriteOutcome
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float | None = None
    complete: bool = True

    def answer(self) -> Answer:
        body = (
            self.body
            if isinstance(self.body, bytes)
            else self.body.encode()
            if isinstance(self.body, str)
            else json.dumps(self.body).encode()
        )
        return Answer(self.status, self.headers, body, self.complete)


def _inner(kind: str, text: str) -> dict[str, object]:
    return error(None, message="Invalid Operation", internal=(f"{INVOCATION}.{kind}", text))


def _busy(name: str) -> dict[str, object]:
    return error(f"Ex0B61A4|Microsoft.Exchange.Data.Directory.{name}|The server is too busy.")


def _plain(kind: str, text: str = "It did not work.") -> dict[str, object]:
    return error(f"Ex1|Microsoft.Exchange.{kind}|{text}")


def _details(*kinds: str) -> dict[str, object]:
    body = error("")
    body["error"]["details"] = [
        {"code": "Context", "message": f"Ex1|{kind}|It did not work."} for kind in kinds
    ]  # type: ignore[index]
    return body


def _proxied(cause: str) -> dict[str, object]:
    """What one server answers that handed the command on to another one, as in public transcripts of Exchange
    Online."""
    boilerplate = (
        "Error on proxy command 'Set-TransportConfig -Confirm:$False -AllowLegacyTLSClients:$True "
        "-OrganizationalUnit:contoso.onmicrosoft.com,OU=Microsoft Exchange Hosted "
        "Organizations,DC=EURPR02A004,DC=prod,"
        "DC=outlook,DC=com' to server A4433.CANPRD01.PROD.OUTLOOK.COM: Server version 15.20.6699.0000, Proxy "
        "method PSWS:\r\n"
    )
    return error(f"|Microsoft.Exchange.Configuration.CmdletProxyException|{boilerplate}{cause}")


def _after(text: str) -> dict[str, str]:
    return {"Retry-After": text}


def _errors(errors: object) -> dict[str, object]:
    return {**envelope([]), "@adminapi.errors": errors}


M, F = Meaning, WriteOutcome
FOLDED = json.dumps(
    {
        "Message": "The object exists.",
        "TypeName": "Microsoft.Exchange.ADObjectAlreadyExistsException",
        "StackTrace": STACK,
    }
)
REBUILT = json.dumps(
    {
        "localizedString": {"stringId": "Ex1"},
        "ClassName": "Microsoft.Exchange.SomeException",
        "Message": "Gone.",
    }
)
FOLDED_BUSY = json.dumps(
    {"Message": "Busy.", "TypeName": "Microsoft.Exchange.Data.Directory.ServerBusyException"}
)
BUSY_LINE = "Ex0B61A4|Microsoft.Exchange.Data.Directory.ServerBusyException|The server is too busy."
BUSY_TEXT = f"Ex1|{TASKS}.TaskException|Written, but the audit record met a ServerBusyException."
NOT_CALLED = "User is not allowed to call Set-TransportConfig"
NOT_SUPPORTED = "The role assigned to application a isn't supported in this scenario."
WEB = "Request return error with following error message:\r\nThe remote server returned an error: "
LATE = "The operation has timed out (System.TimeoutException)."
REFUSED_THERE = " BadRequest: " + json.dumps(
    error("|A.AmbiguousParameterSetException|Bogus")["error"], indent=2
)
BUSY_THERE = "Cmdlet error with following error message:\r\n" + json.dumps(
    error("Ex1|A.ServerBusyException|Busy.")
)
CUT_FOLDED = '{"Message":"The object", "StackTrace":"   at Microsoft.Exchange'

CASES = [
    Case("a reading", 200, reading(None), M.ANSWERED, "accepted", F.ACCEPTED),
    Case("a write", 200, envelope([]), M.ANSWERED, "accepted", F.ACCEPTED),
    Case("a write with value null", 200, envelope(None), M.ANSWERED, "accepted", F.ACCEPTED),
    Case("a write with an empty body", 200, b"", M.ANSWERED, "accepted", F.ACCEPTED),
    Case("a write with 204", 204, b"", M.ANSWERED, "accepted", F.ACCEPTED),
    Case("a byte order mark", 200, b"\xef\xbb\xbf" + json.dumps(envelope([])).encode(), M.ANSWERED,
        "accepted", F.ACCEPTED),
    Case("a warning", 200, envelope([], [NO_OP]), M.ANSWERED, "accepted", F.ACCEPTED),
    Case("no errors listed", 200, {**envelope([]), "@adminapi.errors": [], "error": None}, M.ANSWERED,
        "accepted", F.ACCEPTED),
    Case("truncated JSON", 200, json.dumps(reading(False))[:-9], M.GARBLED, "cannot be read", F.UNKNOWN),
    Case("broken off", 200, envelope([]), M.GARBLED, "broke off", F.UNKNOWN, complete=False),
    Case("a sign-in page", 200, "<!DOCTYPE html><title>Sign in</title>", M.GARBLED, "cannot be read",
        F.UNKNOWN),
    Case("a list", 200, [], M.GARBLED, "cannot be read", F.UNKNOWN),
    Case("a number", 200, 7, M.GARBLED, "cannot be read", F.UNKNOWN),
    Case("too deep", 200, b"[" * 200_000, M.GARBLED, "cannot be read", F.UNKNOWN),
    Case("not UTF-8", 200, b'{"value":"\xff"}', M.GARBLED, "cannot be read", F.UNKNOWN),
    Case("errors in a 200", 200, _errors(["It could not be done."]), M.FAILED, "It could not be done",
        F.UNKNOWN),
    Case("an error object in a 200", 200, _errors([{"Message": "No."}]), M.FAILED, "failure: No.", F.UNKNOWN),
    Case("errors of another shape", 200, _errors(7), M.FAILED, "reported a failure", F.UNKNOWN),
    Case("an error key in a 200", 200, error(f"Ex1|{TASKS}.TaskException|Not possible."), M.FAILED,
        "Not possible", F.UNKNOWN),
    Case("a busy server in a 200", 200, _busy("ServerBusyException"), M.TRANSIENT, "ServerBusyException",
        F.UNKNOWN),
    Case("a busy server listed", 200, _errors([BUSY_LINE]), M.TRANSIENT, "ServerBusyException", F.UNKNOWN),
    Case("passing trouble in a 200", 200, _busy("ADTransientException"), M.TRANSIENT, "passing trouble",
        F.UNKNOWN),
    Case("302", 302, b"", M.REDIRECTED, "another address", F.UNKNOWN,
        headers={"Location": "https://example.com/"}),
    Case("304", 304, b"", M.REDIRECTED, "another address", F.UNKNOWN),
    Case(
        "400, form 1", 400, error(f"Ex6F9304|{TASKS}.TaskArgumentException|One | two | three."),
        M.FAILED, "answered with an error (status 400): One | two | three (TaskArgumentException).",
        F.UNKNOWN,
    ),
    Case(
        "400, form 2", 400,
        error(f"|{INVOCATION}.AmbiguousParameterSetException|Invalid cmdlet parameters specified. Bogus"),
        M.REFUSED,
        "does not let the app use this parameter: Invalid cmdlet parameters specified. Bogus (Ambiguous",
        F.REFUSED,
    ),
    Case("400, form 3", 400, error(FOLDED), M.FAILED, "The object exists (ADObjectAlreadyExistsException).",
        F.UNKNOWN),
    Case("400, form 3 rebuilt", 400, error(REBUILT), M.FAILED, "Gone (SomeException).", F.UNKNOWN),
    Case("400, form 3 cut off", 400, error(CUT_FOLDED), M.FAILED, "Error executing cmdlet", F.UNKNOWN),
    Case(
        "400, a bad value", 400,
        _inner("ParameterTransformationException", "Cannot convert value to type System.Boolean."), M.REFUSED,
        "does not understand the value: Cannot convert value to type System.Boolean", F.REFUSED,
    ),
    Case("400, plain text", 400, "Bad Request - Invalid URL", M.FAILED, "an error (status 400).", F.UNKNOWN),
    Case("400, empty", 400, b"", M.FAILED, "an error (status 400).", F.UNKNOWN),
    Case("400, no role", 400, _plain("CmdletAccessDeniedException"), M.REFUSED, "does not let the app run",
        F.REFUSED),
    Case("400, no such command", 400, _plain("CommandNotFoundException"), M.REFUSED,
        "does not let the app run", F.REFUSED),
    Case("400, unbound", 400, _plain("ParameterBindingException"), M.REFUSED, "understand the parameters",
        F.REFUSED),
    Case(
        "400, dehydrated", 400, _plain("InvalidOperationInDehydratedContextException"),
        M.REFUSED, "does not take changes of its settings yet", F.REFUSED,
    ),
    Case(
        "500, dehydrated", 500, _plain("InvalidOperationInDehydratedContextException"),
        M.REFUSED, "does not take changes of its settings yet", F.REFUSED,
    ),
    Case(
        "400, a refusal in words only", 400,
        _plain("TaskException", "It met an AmbiguousParameterSetException."), M.FAILED,
        "an error (status 400)", F.UNKNOWN,
    ),
    Case(
        "400, a refusal and then a time-out", 400,
        _details("AmbiguousParameterSetException", "System.TimeoutException"), M.TRANSIENT, "passing",
        F.UNKNOWN,
    ),
    Case(
        "400, a refusal by details, something else by header", 400, _plain("AmbiguousParameterSetException"),
        M.FAILED, "an error (status 400)", F.UNKNOWN,
        headers={"x-ExceptionType": "Microsoft.Exchange.TaskException"},
    ),
    Case("400, a time-out", 400, _plain("TimeoutException", "It took too long."), M.TRANSIENT, "too long",
        F.UNKNOWN),
    Case("403, a time-out", 403, _plain("TimeoutException", "It took too long."), M.TRANSIENT, "too long",
        F.UNKNOWN),
    Case("401, of a cmdlet", 401, _plain("TaskException", "It broke."), M.FAILED, "It broke", F.UNKNOWN),
    Case("400, handed on", 400, _proxied(f"{WEB}(400) Bad Request."), M.FAILED, "error: (400) Bad Request",
        F.UNKNOWN),
    Case("400, handed on, too late", 400, _proxied(f"{WEB}{LATE}"), M.TRANSIENT, LATE.rstrip("."), F.UNKNOWN),
    Case("400, handed on, refused", 400, _proxied(REFUSED_THERE), M.FAILED, ": Bogus (Ambiguous", F.UNKNOWN),
    Case("400, handed on, busy", 400, _proxied(BUSY_THERE), M.TRANSIENT, ": Busy (ServerBusy", F.UNKNOWN),
    Case("400, broken off", 400, b'{"error":', M.GARBLED, "(status 400) broke off", F.UNKNOWN,
        complete=False),
    Case("400, busy", 400, _busy("ServerBusyException"), M.THROTTLED, "too busy", F.NOT_PROCESSED),
    Case(
        "400, busy by header", 400, b"", M.THROTTLED, "too busy", F.NOT_PROCESSED,
        headers={"x-ExceptionType": "Microsoft.Exchange.Data.Directory.ServerBusyException"},
    ),
    Case("400, busy by inner type", 400, _inner("ServerBusyException", "Busy."), M.THROTTLED, "too busy",
        F.NOT_PROCESSED),
    Case("400, busy as JSON", 400, error(FOLDED_BUSY), M.THROTTLED, "too busy", F.NOT_PROCESSED),
    Case("400, busy in words only", 400, error(BUSY_TEXT), M.TRANSIENT, "passing", F.UNKNOWN),
    Case("500, busy in words only", 500, error(BUSY_TEXT), M.TRANSIENT, "passing", F.UNKNOWN),
    Case("500, busier than known", 500, _busy("NotServerBusyException"), M.TRANSIENT, "passing", F.UNKNOWN),
    Case("400, proxy", 400, error("CmdletProxyNotAvailableFailure"), M.TRANSIENT, "passing", F.UNKNOWN),
    Case("400, transient", 400, _busy("ADTransientException"), M.TRANSIENT, "passing", F.UNKNOWN),
    Case("400, storage", 400, _busy("StorageTransientException"), M.TRANSIENT, "passing", F.UNKNOWN),
    Case("400, back end", 400, _busy("BackendCommunicationException"), M.TRANSIENT, "passing", F.UNKNOWN),
    Case("400, controller", 400, _busy("DCOverloadedException"), M.TRANSIENT, "passing", F.UNKNOWN),
    Case("400, suitability", 400, _busy("SuitabilityDirectoryException"), M.TRANSIENT, "passing", F.UNKNOWN),
    Case("400, maintenance", 400, _busy("ServerInMMException"), M.TRANSIENT, "passing", F.UNKNOWN),
    Case("400, settings", 400, _busy("ADServerSettingsChangedException"), M.TRANSIENT, "passing", F.UNKNOWN),
    Case(
        "400, transient by header", 400, b"", M.TRANSIENT, "passing", F.UNKNOWN,
        headers={"x-exceptiontype": "StorageTransientException"},
    ),
    Case("401", 401, b"", M.UNAUTHORIZED, "did not accept the app's token", F.REFUSED),
    Case("401, a page", 401, HTML, M.UNAUTHORIZED, "the app's token", F.REFUSED,
        headers={"Content-Type": "text/html"}),
    Case("401, role", 401, error(None, code="Forbidden", message=NOT_CALLED), M.FORBIDDEN, f": {NOT_CALLED}.",
        F.REFUSED),
    Case(
        "401, role as text", 401, f"{NOT_SUPPORTED}\r\n", M.FORBIDDEN,
        f"run Set-TransportConfig: {NOT_SUPPORTED}", F.REFUSED,
        headers={"content-type": "text/plain; charset=utf-8"},
    ),
    Case("403, role as text", 403, NOT_SUPPORTED, M.FORBIDDEN, NOT_SUPPORTED, F.REFUSED,
        headers={"Content-Type": "text/plain"}),
    Case(
        "403, NUL", 403, b"\0" * 4096, M.FORBIDDEN, "not allowed to run Set-TransportConfig", F.REFUSED,
        headers={"Content-Encoding": "gzip"},
    ),
    Case("403, empty", 403, b"", M.FORBIDDEN, "not reached it yet", F.REFUSED),
    Case("403, broken off", 403, b"\0", M.FORBIDDEN, "not allowed", F.REFUSED, complete=False),
    Case("403, JSON", 403, error(None, code="Forbidden", message="User is not allowed"), M.FORBIDDEN,
        "not allowed", F.REFUSED),
    Case("403, text", 403, "The role assigned to application a isn't supported.", M.FORBIDDEN, "not allowed",
        F.REFUSED),
    Case(
        "404, object", 404,
        error(f"Ex6F9304|{TASKS}.ManagementObjectNotFoundException|'x' couldn't be found on 'DC'."),
        M.NOT_FOUND, "does not know the object: 'x' couldn't be found", F.UNKNOWN,
    ),
    Case("404, page", 404, HTML, M.FAILED, "no admin API at this address (status 404)", F.UNKNOWN),
    Case("405", 405, b"", M.MISDIRECTED, "no admin API at this address (status 405)", F.REFUSED),
    Case("408", 408, b"", M.FAULT, "status 408", F.UNKNOWN),
    Case("413", 413, b"", M.FAILED, "(status 413)", F.UNKNOWN),
    Case("429, bare", 429, "throttled", M.THROTTLED, "too busy for this app.", F.NOT_PROCESSED),
    Case("429, seconds", 429, b"", M.THROTTLED, "asks to wait 30 s", F.NOT_PROCESSED, headers=_after("30"),
        wait=30),
    Case("429, float", 429, b"", M.THROTTLED, "asks to wait 2 s", F.NOT_PROCESSED,
        headers={"retry-after": "1.5"}, wait=1.5),
    Case(
        "429, date", 429, b"", M.THROTTLED, "asks to wait 90 s", F.NOT_PROCESSED,
        headers=_after("Mon, 23 Nov 2026 12:01:30 GMT"), wait=90,
    ),
    Case(
        "429, a past date", 429, b"", M.THROTTLED, "too busy", F.NOT_PROCESSED,
        headers=_after("Mon, 23 Nov 2026 11:00:00 GMT"), wait=0,
    ),
    Case("429, nonsense", 429, b"", M.THROTTLED, "too busy", F.NOT_PROCESSED, headers=_after("soon")),
    Case("429, nan", 429, b"", M.THROTTLED, "too busy", F.NOT_PROCESSED, headers=_after("nan")),
    Case("429, infinite", 429, b"", M.THROTTLED, "too busy", F.NOT_PROCESSED, headers=_after("1e999")),
    Case("429, a year", 429, b"", M.THROTTLED, "3600 s", F.NOT_PROCESSED, headers=_after("31536000"),
        wait=3600),
    Case("500, JSON", 500, error(f"Ex1|{TASKS}.X|It broke."), M.FAULT, "status 500: It broke (X).",
        F.UNKNOWN),
    Case("500, transient", 500, _busy("ADTransientException"), M.TRANSIENT, "passing", F.UNKNOWN),
    Case("500, busy", 500, _busy("ServerBusyException"), M.THROTTLED, "too busy", F.NOT_PROCESSED),
    Case("502, HTML", 502, HTML, M.FAULT, "failed with status 502.", F.UNKNOWN),
    Case("502, broken off", 502, HTML[:20], M.FAULT, "status 502", F.UNKNOWN, complete=False),
    Case("503, bare", 503, b"", M.FAULT, "failed with status 503.", F.UNKNOWN),
    Case("503, with a wait", 503, b"", M.THROTTLED, "too busy", F.NOT_PROCESSED, headers=_after("5"), wait=5),
    Case("504", 504, b"", M.FAULT, "failed with status 504.", F.UNKNOWN),
    Case("504, with a wait", 504, b"", M.FAULT, "504", F.UNKNOWN, headers=_after("5"), wait=5),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_answer_has_its_meaning_and_its_sentence(case: Case) -> None:
    outcome = judge(case.answer(), cmdlet="Set-TransportConfig", now=NOON)
    assert (outcome.meaning, outcome.outcome) == (case.meaning, case.outcome)
    assert outcome.retryable is (
        case.outcome in {F.NOT_PROCESSED, F.UNKNOWN}
        and case.meaning not in {M.REDIRECTED, M.FAILED, M.NOT_FOUND}
    )
    assert case.says in outcome.sentence
    assert outcome.retry_after == case.wait
    assert outcome.sentence.endswith(".")
    assert ".." not in outcome.sentence
    assert "\n" not in outcome.sentence
    assert "StackTrace" not in outcome.sentence
    assert "CommandInvocation.InvokeCommand" not in outcome.sentence


@pytest.mark.parametrize(
    ("silence", "meaning", "write_outcome", "retryable"),
    [
        (Silence.NOT_SENT, M.NO_CONNECTION, F.NOT_PROCESSED, True),
        (Silence.UNTRUSTED, M.UNTRUSTED, F.NOT_PROCESSED, False),
        (Silence.LOST, M.NO_ANSWER, F.UNKNOWN, True),
    ],
)
def test_silence_has_a_meaning_too(
    silence: Silence, meaning: Meaning, write_outcome: WriteOutcome, *, retryable: bool
) -> None:
    outcome = judge(silence, cmdlet="Set-TransportConfig", now=NOON)
    assert (outcome.meaning, outcome.outcome, outcome.retryable) == (meaning, write_outcome, retryable)


def test_every_meaning_is_in_the_catalogue() -> None:
    seen = {case.meaning for case in CASES} | {M.NO_CONNECTION, M.UNTRUSTED, M.NO_ANSWER}
    assert seen == set(Meaning)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_trouble_of_microsoft_s_own_says_where_outages_are_told(status: int) -> None:
    assert (
        "Health > Service health"
        in judge(Answer(status, {}, b""), cmdlet="Get-TransportConfig", now=NOON).mend
    )


def test_an_answer_that_never_came_says_where_outages_are_told() -> None:
    assert "Health > Service health" in judge(Silence.LOST, cmdlet="Get-TransportConfig", now=NOON).mend


def test_a_refusal_that_an_admin_can_mend_says_how() -> None:
    for status, word in (
        (401, "Exchange.ManageAsApp"),
        (403, "Exchange.ManageAsApp"),
        (405, "EXCHANGE_API_URL"),
    ):
        assert word in judge(Answer(status, {}, b""), cmdlet="Get-TransportConfig", now=NOON).mend
