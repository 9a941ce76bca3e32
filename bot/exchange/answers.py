"""Judge what came back from the admin API: status, headers and bytes in, a typed outcome out.

Pure, and total: any bytes get an outcome, none raises. Statuses alone say little here: transient trouble
comes as 400, and a 200 may carry errors; so status, body and the names of exceptions are judged together.
"""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bot.exchange.answer_details import (
    Detail,
    claims_of,
    clean,
    detail_of,
    detail_of_errors,
    header,
    retry_after,
)
from bot.exchange.http.transport import Answer, Silence
from bot.exchange.outcomes import Meaning, Outcome, is_busy, proven_by, turned_away

_TRANSIENT: Final = (
    "ServerBusyException",
    "TimeoutException",
    "CmdletProxyNotAvailableFailure",
    "TransientException",
    "BackendCommunicationException",
    "DCOverloadedException",
    "SuitabilityDirectoryException",
    "ServerInMMException",
    "ADServerSettingsChangedException",
)
"""Exceptions that pass by themselves although they arrive as 400 or 500 (M365Permissions; Microsoft's own V3
module).

That one is named anywhere in an error says nothing of what the command did; for a busy server see
``proofs.is_busy``.
"""

_NOT_ACCEPTED: Final = (
    "Check that the app registration holds the application permission Exchange.ManageAsApp with admin "
    "consent, and that AZURE_TENANT_ID and EXCHANGE_CLOUD are right."
)
_NOT_ALLOWED: Final = (
    "Check that the app holds Exchange.ManageAsApp and is in a role group whose role allows this command; "
    "a new grant takes from minutes to hours to arrive."
)
"""Mends of a 401 and a 403: without the permission it is the one, with it but without a role the other."""
_PROXY: Final = "Check EXCHANGE_API_URL, and whether a proxy answers in place of Exchange Online."
_OUTAGE: Final = "If this lasts, see Health > Service health in the Microsoft 365 admin center for an outage."
"""Where nothing is to be mended on our side, and waiting usually does it."""
_WORDS: Final = 4096
"""Bytes of a plain text that are looked at."""


def judge(answer: Answer | Silence, *, cmdlet: str, now: datetime) -> Outcome:
    """Return the outcome of one call of ``cmdlet``; ``now`` is for a ``Retry-After`` that names a date."""
    if isinstance(answer, Silence):
        return _SILENCES[answer]
    if 200 <= answer.status < 300:
        return _success(answer)
    if 300 <= answer.status < 400:
        return Outcome(
            Meaning.REDIRECTED, "Exchange Online pointed to another address instead of answering.", _PROXY
        )
    wait = retry_after(header(answer, "Retry-After").strip(), now)
    detail = detail_of(_json(answer.body), header(answer, "x-ExceptionType"))
    if answer.status == 429 or (answer.status == 503 and wait is not None) or is_busy(detail.types):
        return _throttled(detail, wait)
    if turned_away(answer.status, detail.types):
        return _turned_away(answer, detail, cmdlet)
    if (known := proven_by(detail.types)) is not None:
        return Outcome(Meaning.REFUSED, _with(known.lead, detail), known.mend)
    if detail.mentions(*_TRANSIENT):
        return _transient(detail, wait)
    if answer.status >= 500 or answer.status == 408:
        return _fault(answer.status, detail, wait)
    return _client_error(answer, detail)


_SILENCES: Final[Mapping[Silence, Outcome]] = {
    Silence.NOT_SENT: Outcome(
        Meaning.NO_CONNECTION,
        "Exchange Online could not be reached; nothing was sent.",
        "If this lasts, check the network, proxy and firewall.",
    ),
    Silence.UNTRUSTED: Outcome(
        Meaning.UNTRUSTED,
        "The TLS certificate of Exchange Online could not be verified; nothing was sent.",
        "If a proxy inspects TLS here, name its certificate authority in REQUESTS_CA_BUNDLE.",
    ),
    Silence.LOST: Outcome(
        Meaning.NO_ANSWER, "Exchange Online did not answer in time, or the connection broke.", _OUTAGE
    ),
}


def _success(answer: Answer) -> Outcome:
    if not answer.complete:
        return Outcome(Meaning.GARBLED, "The answer of Exchange Online broke off or is too long.", _OUTAGE)
    if not answer.body.strip():
        return Outcome(Meaning.ANSWERED, "Exchange Online accepted the command.")
    document = _json(answer.body)
    if not isinstance(document, dict):
        return Outcome(Meaning.GARBLED, "The answer of Exchange Online cannot be read.", _PROXY)
    if document.get("error") is not None:
        return _failure(detail_of(document))
    if document.get("@adminapi.errors"):
        return _failure(detail_of_errors(document["@adminapi.errors"]))
    return Outcome(Meaning.ANSWERED, "Exchange Online accepted the command.", document=document)


def _failure(detail: Detail) -> Outcome:
    """An error inside a 200.

    A busy server is passing trouble here, too, but no proof that nothing was done.
    """
    if detail.mentions(*_TRANSIENT):
        return _transient(detail, None)
    return Outcome(Meaning.FAILED, _with("Exchange Online reported a failure", detail))


def _throttled(detail: Detail, wait: float | None) -> Outcome:
    asked = f" and asks to wait {math.ceil(wait)} s" if wait else ""
    named = f" ({detail.exception})" if detail.exception else ""
    return Outcome(
        Meaning.THROTTLED,
        f"Exchange Online is too busy for this app{asked}{named}.",
        _OUTAGE,
        retry_after=wait,
    )


def _transient(detail: Detail, wait: float | None) -> Outcome:
    return Outcome(
        Meaning.TRANSIENT, _with("Exchange Online has passing trouble", detail), _OUTAGE, retry_after=wait
    )


def _fault(status: int, detail: Detail, wait: float | None) -> Outcome:
    return Outcome(
        Meaning.FAULT,
        _with(f"Exchange Online failed with status {status}", detail),
        _OUTAGE,
        retry_after=wait,
    )


def _turned_away(answer: Answer, detail: Detail, cmdlet: str) -> Outcome:
    """A 401, 403 or 405: given before the command is run.

    With words of Exchange's own, a 401 is about the caller's role, too. An empty 401 is about the token; who
    it is for was not looked at (measured by rknightion/graph2otel).
    """
    if answer.status == 405:
        return _no_api(Meaning.MISDIRECTED, answer.status)
    claims = claims_of(header(answer, "WWW-Authenticate")) if answer.status == 401 else None
    words = detail.text or _plain_text(answer)
    if answer.status == 401 and (claims is not None or not words):
        return Outcome(
            Meaning.UNAUTHORIZED,
            "Exchange Online did not accept the app's token.",
            _NOT_ACCEPTED,
            claims=claims,
        )
    if words:
        return Outcome(
            Meaning.FORBIDDEN,
            _with(f"Exchange Online does not let the app run {cmdlet}", Detail(words)),
            _NOT_ALLOWED,
        )
    sentence = f"The app is not allowed to run {cmdlet}, or the permission has not reached it yet."
    return Outcome(Meaning.FORBIDDEN, sentence, _NOT_ALLOWED)


def _client_error(answer: Answer, detail: Detail) -> Outcome:
    if answer.status == 404 and detail.mentions("ManagementObjectNotFoundException"):
        return Outcome(Meaning.NOT_FOUND, _with("Exchange Online does not know the object", detail))
    if answer.status == 404:
        return _no_api(Meaning.FAILED, answer.status)
    if not answer.complete:
        return Outcome(
            Meaning.GARBLED, f"The answer of Exchange Online (status {answer.status}) broke off.", _OUTAGE
        )
    return Outcome(
        Meaning.FAILED, _with(f"Exchange Online answered with an error (status {answer.status})", detail)
    )


def _no_api(meaning: Meaning, status: int) -> Outcome:
    sentence = f"There is no admin API at this address (status {status})."
    return Outcome(meaning, sentence, "Check EXCHANGE_API_URL, EXCHANGE_CLOUD and AZURE_TENANT_ID.")


def _plain_text(answer: Answer) -> str:
    """Return the text of a plain-text body; some 401 and 403 name the missing role in one."""
    if not header(answer, "Content-Type").lower().startswith("text/plain"):
        return ""
    return clean(answer.body[:_WORDS].decode("utf-8", "replace"))


def _with(lead: str, detail: Detail) -> str:
    """One sentence for people, the exception's name at its end."""
    named = f" ({detail.exception})" if detail.exception else ""
    return f"{lead}: {detail.text.rstrip('.')}{named}." if detail.text else f"{lead}{named}."


def _json(body: bytes) -> object:
    """The decoded body, or ``None`` when it is not JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
