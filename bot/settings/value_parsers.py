"""How single settings are spelled: text in, value out, or a sentence that says what to write instead.

Every function raises ``ValueError`` with that sentence. It never repeats what was written: a secret pasted
into the wrong setting must not reach a terminal or a log.
"""

import difflib
import re
from datetime import date, time, timedelta
from ipaddress import ip_address
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from handlers.context.web_addresses import Address, taken_apart
from handlers.policy.tickets import PLACE, pattern_problem
from handlers.slack.emoji import is_known, nearest

ADDED = "Emoji that a workspace added decide nothing, because whoever may add emoji can change what they show"

LONGEST = timedelta(days=3650)
"""No duration is longer: a window of more than ten years is a typing mistake, and dates stay within the
calendar."""

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


def duration(text: str) -> timedelta:
    """``90s``, ``15m``, ``24h``, ``30d``."""
    found = re.fullmatch(r"([0-9]{1,9})([smhd])", text.lower())
    if not found or int(found[1]) < 1:
        raise ValueError("write a duration such as 90s, 15m, 24h or 30d")
    length = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if length > LONGEST:
        raise ValueError(f"at most {LONGEST.days}d")
    return length


def request_ttl(text: str) -> timedelta | None:
    """Return a duration, or ``workday`` (``None``): until working hours end on the next working day."""
    if text.lower() == "workday":
        return None
    try:
        return duration(text)
    except ValueError as wrong:
        raise ValueError(f"{wrong}; or workday, for when working hours end on the next working day") from None


def at_least(text: str, *, days: int) -> timedelta:
    """Return a duration of so many days or more."""
    length = duration(text)
    if length < timedelta(days=days):
        raise ValueError(f"at least {days}d")
    return length


def count(text: str) -> int:
    """Return a whole number from 1 on."""
    if not re.fullmatch(r"[0-9]{1,6}", text) or int(text) < 1:
        raise ValueError("write a whole number, 1 or more")
    return int(text)


def port(text: str) -> int:
    """Return a TCP port."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise ValueError("write a port number between 1 and 65535")
    return int(text)


def host(text: str) -> str:
    """A name or an address of this machine, to listen on; bare, so without scheme, brackets and port."""
    try:
        ip_address(text)
    except ValueError:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*", text):
            mend = (
                "write a name or an address of this machine, such as 127.0.0.1 or 0.0.0.0, without http:// "
                "and port"
            )
            raise ValueError(mend) from None
    return text


def truth(text: str) -> bool:
    """``true`` or ``false``."""
    if text.lower() not in _TRUE | _FALSE:
        raise ValueError("write true or false")
    return text.lower() in _TRUE


def working_hours(text: str) -> tuple[time, time]:
    """``09:00-17:00``: from when until when on a weekday; the second comes later on the same day."""
    found = re.fullmatch(r"([0-9]{2}:[0-9]{2})\s?-\s?([0-9]{2}:[0-9]{2})", text)
    try:
        opens, closes = (time.fromisoformat(clock) for clock in found.groups()) if found else (time(), time())
    except ValueError:
        opens = closes = time()
    if opens >= closes:
        raise ValueError("write from when until when on the same day, such as 09:00-17:00")
    return opens, closes


def day(text: str) -> date:
    """Return a day of the calendar, ``2027-03-31``."""
    try:
        return date.fromisoformat(text if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else "")
    except ValueError:
        raise ValueError("write a day such as 2027-03-31") from None


def zone(text: str) -> ZoneInfo:
    """Return a name of the IANA time zone database."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = difflib.get_close_matches(text, available_timezones(), n=1)
        hint = f"; the nearest is {near[0]}" if near else ""
        raise ValueError(f"write an IANA time zone such as Europe/Berlin or UTC{hint}") from None


def channel(text: str) -> str:
    """Return the id of a Slack channel."""
    if not re.fullmatch(r"[CG][A-Z0-9]+", text):
        raise ValueError("write the channel's id (C…, at the bottom of its details in Slack), not its name")
    return text


def people(text: str) -> tuple[str, ...]:
    """Slack ids of people and user groups, comma-separated; each once, in the order written."""
    entries = [entry.strip() for entry in text.split(",")]
    ids = tuple(dict.fromkeys(entry for entry in entries if entry))
    wrong = [
        str(place)
        for place, entry in enumerate(entries, start=1)
        if entry and not re.fullmatch(r"[UWS][A-Z0-9]+", entry)
    ]
    if wrong or not ids:
        which = f"entry {', '.join(wrong)} is none" if wrong else "there is none"
        raise ValueError(
            f"write Slack ids of people (U…, W…) and user groups (S…), separated by commas; {which}"
        )
    return ids


def emoji(text: str) -> str:
    """Return the name of one of Slack's own emoji, without colons; a skin tone is left away."""
    name = re.sub(r"::skin-tone-[2-6](-[2-6])?$", "", text)
    if not re.fullmatch(r"[a-z0-9_+'-]+", name):
        raise ValueError("write the emoji's name in small letters, without colons, such as white_check_mark")
    if not is_known(name):
        near = nearest(name)
        raise ValueError(
            f"write the name of an emoji of Slack's own{f'; the nearest is {near}' if near else ''}. {ADDED}"
        )
    return name


def directory_id(text: str) -> str:
    """Return an application's id, in small letters."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", text):
        raise ValueError("write the id (a GUID) that Entra shows on the app's overview page")
    return text.lower()


def tenant(text: str) -> str:
    """Return a tenant's id or one of its domains, in small letters.

    Entra takes any case, and the record is kept under the tenant's id: one tenant in two spellings must not
    have two records.
    """
    if not _GUID.fullmatch(text) and not (
        _DOMAIN.fullmatch(text) and re.search(r"[A-Za-z]", text.rpartition(".")[2])
    ):
        raise ValueError(
            "write the tenant's id (a GUID, on Entra's overview page) or its domain, such as "
            "contoso.onmicrosoft.com"
        )
    return text.lower()


_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})+")


def domain(text: str) -> str:
    """Return a domain name, in small letters."""
    if not _DOMAIN.fullmatch(text):
        raise ValueError("write the tenant's initial domain, such as contoso.onmicrosoft.com")
    return text.lower()


def ticket_pattern(text: str) -> str:
    """Return a regular expression that is quick on every text."""
    if problem := pattern_problem(text):
        raise ValueError(problem)
    return text


def ticket_url(text: str) -> str:
    """An address with ``{ticket}`` in its path, query or fragment, which people follow and nothing calls."""
    refused = (
        f"write an address that begins with https:// or http://, with {PLACE} where the number of the "
        "ticket stands"
    )
    try:
        one, two = (taken_apart(text.replace(PLACE, sign)) for sign in "12")
    except ValueError:
        raise ValueError(refused) from None
    here = one.scheme in {"http", "https"} and (one.host, one.port) == (two.host, two.port)
    if PLACE not in text or not here or re.search(r"[|<>]", text) or len(text) > LONGEST_ADDRESS:
        raise ValueError(refused)
    return text


LONGEST_ADDRESS = 500
"""Characters of the address of a ticket, so that a message has room for it."""


def base_url(text: str) -> str:
    """Return the base URL of Slack's Web API, with its trailing slash."""
    url = _url(text, loopback_http=True)
    return f"{url.origin}{url.target.rstrip('/')}/"


def origin(text: str) -> str:
    """Scheme and host, without a trailing slash; plain http for loopback only."""
    return _bare(_url(text, loopback_http=True))


def authority(text: str) -> str:
    """Scheme and host of the sign-in service. Always https, loopback included: MSAL takes nothing else."""
    return _bare(_url(text if "://" in text else f"https://{text}", loopback_http=False))


def database(text: str) -> str:
    """Read a SQLAlchemy URL for SQLite or PostgreSQL (psycopg 3), with known options only."""
    from storage.database import address  # noqa: PLC0415 - SQLAlchemy takes a moment, and the sandbox itself has no database

    return address.parse(text)


def _url(text: str, *, loopback_http: bool) -> Address:
    also = ", or http:// for this machine only" if loopback_http else ", always"
    refused = ValueError(
        f"write an address that begins with https://{also}; no name, password, query or fragment in it"
    )
    try:
        url = taken_apart(text)
    except ValueError:
        raise refused from None
    plain = url.scheme == "http" and loopback_http and url.stays_here
    if not (url.scheme == "https" or plain) or "?" in text or "#" in text:
        raise refused
    return url


def _bare(url: Address) -> str:
    if url.target.strip("/"):
        raise ValueError("write scheme and host only, without a path")
    return url.origin
