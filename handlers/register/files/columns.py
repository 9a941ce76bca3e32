"""Find which column holds what: by portal names, Microsoft's keys, or its content.

Nobody outside Microsoft has published the header of the report (facts of 30 November 2026): what is not
recognised is shown, and ``--map`` says it. Nothing is guessed where two columns would do.
"""

import re
from collections.abc import Mapping, Sequence

from handlers.register.files.decoding import NotRead

SENDER, TLS10, TLS11, TLS12, MESSAGES, LAST_SEEN = (
    "sender",
    "tls10",
    "tls11",
    "tls12",
    "messages",
    "last_seen",
)
USER, APP, WHEN, STATUS, CODE = "user", "app", "when", "status", "code"
OF_REPORT = (SENDER, TLS10, TLS11, TLS12, MESSAGES, LAST_SEEN)
"""What ``--map`` may name of a report: the keys of ``devices --json``."""
STATE = "state"
OF_LIST = ("device", SENDER, "site", "owner", "protocol", "reason", "plan", "due", STATE)
"""The columns of our own list."""

_NAMES: Mapping[str, frozenset[str]] = {
    SENDER: frozenset(
        {
            *("sender address", "sender", "senderaddress", "from address", "mail", "email", "e-mail address"),
            *("absenderadresse", "absender", "adresse des absenders", "indirizzo del mittente", "mittente"),
            *(
                "adresse de l'expéditeur",
                "expéditeur",
                "dirección del remitente",
                "remitente",
                "afzenderadres",
            ),
        }
    ),
    MESSAGES: frozenset(
        {
            *("messages sent", "messagessent", "messages", "messagecount", "message count", "sent messages"),
            *(
                "gesendete nachrichten",
                "nachrichten gesendet",
                "nachrichten",
                "messaggi inviati",
                "messages envoyés",
            ),
            *("mensajes enviados", "verzonden berichten"),
        }
    ),
    LAST_SEEN: frozenset({"last_seen", "last seen"}),
    USER: frozenset(
        {
            "username",
            "user principal name",
            "userprincipalname",
            "benutzername",
            "nom d'utilisateur",
            "nome utente",
        }
    ),
    APP: frozenset(
        {
            "client app",
            "clientappused",
            "client app used",
            "client-app",
            "clientanwendung",
            "application cliente",
        }
    ),
    WHEN: frozenset({"date (utc)", "date", "createddatetime", "datum (utc)", "datum", "date (utc+00:00)"}),
    STATUS: frozenset({"status", "état", "stato"}),
    CODE: frozenset(
        {
            *(
                "sign-in error code",
                "errorcode",
                "error code",
                "anmeldefehlercode",
                "fehlercode bei der anmeldung",
            ),
            *("fehlercode der anmeldung", "code d'erreur de connexion"),
        }
    ),
}
_AUTH_DETAILS = frozenset(
    {"authentication method", "authentication method detail", "authentifizierungsmethode"}
)


def plain(header: str) -> str:
    """Return a header for comparing: small letters, single blanks, no quotes around it."""
    return " ".join(header.split()).strip("\"' ").casefold()


def columns_of_report(header: Sequence[str], named: Mapping[str, str]) -> dict[str, int]:
    """Return the place of each field of the admin centre's report, ``named`` ones first.

    Raises ``NotRead`` where two would do.
    """
    found = _named(header, named, OF_REPORT)
    for place, name in enumerate(map(plain, header)):
        field = _tls(name) or next((each for each in (SENDER, MESSAGES) if name in _NAMES[each]), "")
        if field and field not in named:
            if field in found:
                found[field] = _better(header, found[field], place, field)
            else:
                found[field] = place
    return found


def columns_of_sign_ins(header: Sequence[str]) -> dict[str, int]:
    """Return the place of each field of an Entra download; the first of two columns of one name."""
    names = [plain(name) for name in header]
    fields = (USER, APP, WHEN, STATUS, CODE)
    return {field: place for field in fields for place in [_first(names, _NAMES[field])] if place is not None}


def is_auth_details(header: Sequence[str]) -> bool:
    """Tell whether a table is the sign-in download's part on methods, which has another schema."""
    names = {plain(name) for name in header}
    return bool(names & _AUTH_DETAILS) and not names & _NAMES[APP]


def columns_of_list(header: Sequence[str], named: Mapping[str, str]) -> dict[str, int]:
    """Return the place of each column of our own list."""
    found = _named(header, named, OF_LIST)
    names = [plain(name) for name in header]
    return {**{field: names.index(field) for field in OF_LIST if field in names}, **found}


def _named(header: Sequence[str], named: Mapping[str, str], known: Sequence[str]) -> dict[str, int]:
    names = [plain(name) for name in header]
    found = {}
    for field, column in named.items():
        if field not in known:
            raise NotRead(f"There is no field {field} to map: {', '.join(known)} are.")
        if names.count(plain(column)) != 1:
            raise NotRead(f"The column {column} for {field} is not there once. {seen(header)}")
        found[field] = names.index(plain(column))
    return found


def seen(header: Sequence[str]) -> str:
    """Return what the header of a file says, for a sentence."""
    shown = ", ".join(f"`{_shown(name)}`" for name in header[:12]) + (
        ", and more" if len(header) > 12 else ""
    )
    return f"Its columns are {shown}."


def _shown(name: str) -> str:
    return "".join(sign for sign in name[:40] if sign.isprintable() and sign != "`").strip()


def _tls(name: str) -> str:
    """Return the field of a TLS version's column in any language: Microsoft's key is ``Tls10Count``."""
    found = re.search(r"tls\s*v?1[._ ]?([012])(?!\d)", name)
    return {"0": TLS10, "1": TLS11, "2": TLS12}[found[1]] if found else ""


def _better(header: Sequence[str], one: int, other: int, field: str) -> int:
    """Of two columns of one field the one that says percent, where the other says count."""
    percent = [place for place in (one, other) if _is_percent(header[place])]
    if len(percent) == 1:
        return percent[0]
    raise NotRead(f"Two columns could be {field}. Say which with `--map {field}=COLUMN`. {seen(header)}")


def _is_percent(name: str) -> bool:
    return "%" in name or any(word in plain(name) for word in ("percent", "prozent", "pourcent", "porcent"))


def _first(names: Sequence[str], wanted: frozenset[str]) -> int | None:
    return next((place for place, name in enumerate(names) if name in wanted), None)
