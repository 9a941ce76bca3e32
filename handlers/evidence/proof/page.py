"""Make the pack's ``index.html``: one page without a script, every word of the record escaped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from handlers.evidence.proof.cells import moment, text_of
from handlers.evidence.proof.change import NEEDS_OTHERS, Change
from handlers.evidence.proof.facts import Facts
from handlers.evidence.proof.register import Register
from handlers.evidence.proof.tables import (
    DEVICES,
    POPULATION,
    Span,
    day_rows,
)

Named = Callable[[str], str]
"""A person's name and id by the id; the bare id where no name is known."""

STYLE = """
:root { color-scheme: light }
body { font: 15px/1.45 system-ui, sans-serif; color: #1d1c1d; margin: 2rem auto; max-width: 76rem;
  padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.2rem; margin-top: 2rem } code { overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; font-size: .85em }
td:first-child { white-space: nowrap }
th, td { border: 1px solid #c9c9c9; padding: .3em .5em; text-align: left; vertical-align: top }
td:nth-child(2), td:last-child { overflow-wrap: anywhere }
th { background: #f2f2f2 } tr { break-inside: avoid } thead { display: table-header-group }
.proven { border-left: .5rem solid #1a7f37; background: #eaf6ec; padding: .6rem 1rem }
.unproven { border-left: .5rem solid #b3261e; background: #fdeceb; padding: .6rem 1rem }
.red { color: #b3261e; font-weight: 600 }
.days { display: flex; flex-wrap: wrap; gap: 2px; list-style: none; padding: 0 }
.days li { width: 4.7rem; padding: .2rem; font-size: .68rem; border: 1px solid #999; text-align: center }
.in { background: #ffd9a8 } .out { background: #d7ecd9 } .not { background: #e9e9ef }
.unknown { background: #fff; border-style: dashed }
.more { color: #555; white-space: pre-line }
@media screen and (max-width: 50rem) { body { margin: 1rem auto } h1 { font-size: 1.3rem }
  td + td { min-width: 7rem } td:nth-child(2) { min-width: 13rem }
  table { display: block; overflow-x: auto } }
@media print { body { margin: 0; max-width: none; font-size: 11px; print-color-adjust: exact }
  a { color: inherit } h2 { break-after: avoid } }
"""

_CLASSES = {"opted in": "in", "opted out": "out", "not set": "not"}


class Population(NamedTuple):
    """What a sample is drawn from."""

    changes: int
    """Of which something was recorded in the period."""
    outside: int
    """Those of them that were made outside the bot."""
    newest: str
    """The day of the period's newest event; empty: it has none."""


def page_begin(manifest: Mapping[str, Any], population: Population) -> Iterator[str]:
    """Return the lines up to the verdict: the page's period, its number of changes, what is not proven."""
    title = f"Changes of AllowLegacyTLSClients, {manifest['from']} to {manifest['to']}"
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield (
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
    )
    yield f"<p>Tenant <code>{escape(manifest['tenant'])}</code>. Days and times are UTC.</p>\n"
    yield from _population(population, manifest["head"])
    missing = manifest["missing"]
    if missing:
        yield (
            '<div class="unproven" role="alert">\n<p class="red">Not proven to be complete: '
            f"{_counted(len(missing), 'gap')}.</p>\n<ul>\n"
        )
        yield from (f"<li>{escape(sentence)}</li>\n" for sentence in missing)
        yield "</ul>\n</div>\n"
    else:
        yield (
            '<div class="proven">\n<p><strong>Proven to be complete.</strong> The record has no gap: each\n'
            "event names the hash of the one before. Every change of the setting in Exchange's audit log,\n"
            "searched for the whole period, is one of the changes below, and each of them that was sent is\n"
            "there.</p>\n</div>\n"
        )
    yield (
        '<p class="more">No pack proves by itself that its record was not written anew from its beginning: '
        "compare the head with one posted in Slack, or with a time stamp (below).</p>\n"
    )


def _population(population: Population, head: str) -> Iterator[str]:
    last = head.partition(":")[0]
    yield (
        f"<p><strong>The population: {_counted(population.changes, 'change')}</strong>, whatever became of "
        f"them; {population.outside or 'none'} made outside the bot.\n"
    )
    if last == "0":
        yield "The record holds no event of the period.</p>\n"
        return
    newest = f", the period's newest of {escape(population.newest)}" if population.newest else ""
    yield (
        f"They are drawn from all events of the record, 1 to {escape(last)}{newest}. The record stands at\n"
        f"<code>{escape(head)}</code>.</p>\n"
    )


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def timeline(facts: Facts, span: Span) -> Iterator[str]:
    """Return the lines with the value of each day."""
    yield "<h2>The value, day by day</h2>\n"
    cells = list(day_rows(facts, span))
    if not cells:
        yield "<p>No day of the period is over yet, or its value was not recorded.</p>\n"
        return
    yield f"<p>On record: {len(cells)} of the {_counted(span.days, 'day')} of the period.</p>\n"
    yield '<ol class="days">\n'
    for day, value, unobserved in cells:
        gap = (
            f'<br><span class="red">{escape(unobserved)} h unobserved</span>' if unobserved != "0.00" else ""
        )
        yield f'<li class="{_CLASSES.get(value, "unknown")}">{escape(day)}<br>{escape(value)}{gap}</li>\n'
    yield "</ol>\n"


def changes_begin() -> Iterator[str]:
    """Return the head of the table of changes."""
    yield (
        "<h2>The changes</h2>\n<p>Approvals are those that stood before the change was sent; separation of "
        "duties is\n"
    )
    yield "reckoned here from every single vote.</p>\n<table>\n<thead>\n<tr>"
    names = ("Change", "Asked by, why", "From, to, until", "Approved by", "Outcome", "Separation of duties")
    yield "".join(f'<th scope="col">{name}</th>' for name in names)
    yield "</tr>\n</thead>\n<tbody>\n"


def change_row(
    change: Change, population: list[str], missing: Sequence[str], facts: Facts, named: Named
) -> Iterator[str]:
    """Return one change: who and when, the approvals before it was made, and what of it is not proven."""
    cells = dict(zip(POPULATION, population))  # noqa: B905 - Python 3.9 has no strict
    who = "outside the bot" if change.outside else "the bot"
    asked = named(cells["requester"]) if cells["requester"] else who
    approvals = [f"{named(vote.person)}, {_spoken(vote.at)}" for vote in change.judge()]
    yield f"<tr><td>{_lines(f'#{change.number}', change.kind.replace('_', ' '))}</td>"
    reason = _lines(
        text_of(change.opened.get("reason")), _said("For", cells["devices"]), _said("Ticket", cells["ticket"])
    )
    yield f"<td>{_lines(asked, _spoken(change.opened.get('created_at')))}"
    yield f'<div class="more">{reason}</div></td>' if reason else "</td>"
    values = f"{cells['from']} \u2192 {cells['to']}" if cells["from"] else cells["to"]
    yield (
        f"<td>{_lines(values, _said('until', _spoken(cells['window_end'])))}</td><td>{_lines(*approvals)}</"
        "td>"
    )
    votes = change.votes if change.state == "rejected" else []
    rejected = [f"by {named(vote.person)}" for vote in votes if vote.vote == "reject"]
    yield f"<td>{_lines(cells['outcome'], *rejected, _spoken(cells['applied_at']))}</td>"
    yield f"<td>{_duties(change, missing, facts)}</td></tr>\n"


def _lines(*texts: str) -> str:
    return "<br>".join(escape(text) for text in texts if text)


def _said(word: str, text: str) -> str:
    return f"{word} {text}" if text else ""


def _spoken(at: Any) -> str:
    """Spell an instant for people, to the minute; the tables have it to the second."""
    text = moment(at)
    return f"{text[:10]} {text[11:16]}" if text[10:11] == "T" and text.endswith("Z") else text


def _duties(change: Change, missing: Sequence[str], facts: Facts) -> str:
    flaws = [f'<span class="red">{escape(sentence)}</span>' for sentence in missing]
    if change.outside:
        flaws.insert(0, '<span class="red">made outside the bot: nobody was asked</span>')
    if flaws:
        return "<br>".join(flaws)
    if change.kind not in NEEDS_OTHERS or not (change.made or change.sent_at):
        return "no second person needed" if change.kind not in NEEDS_OTHERS else "nothing was changed"
    _, needed = facts.rule_at(change.approved[0] if change.approved else 0)
    return f"kept: {len(change.judge())} of {needed}"


def page_end(
    register: Register,
    reconciliation: Iterable[list[str]],
    heads: Iterable[list[str]],
    probes: Iterable[list[str]],
    named: Named,
) -> Iterator[str]:
    """Return the rest: Exchange's audit log, the heads, and how to check all of it."""
    yield "</tbody>\n</table>\n<h2>The devices when the period ended</h2>\n"
    yield from _table(
        _DEVICES, _device_rows(register, named), red=lambda cells: _is_late(cells, register.day)
    )
    yield "<h2>Exchange's audit log</h2>\n"
    names = ("At", "By", "Value", "Result", "Paired", "Change", "Why")
    yield from _table(names, _paired(reconciliation), red=lambda cells: cells[4] in ("no", "awaited"))
    yield "<h2>Heads of the record posted in Slack</h2>\n"
    posted = ([seq, digest, _spoken(at), link] for seq, digest, at, link in heads)
    yield from _table(("Event", "Hash", "Posted", "Where"), posted, red=lambda cells: False, show=_linked)
    yield from _probes(probes)
    yield (
        "<h2>To check it</h2>\n<p>In the folder of the unpacked files: <code>python3 verify.py</code>. It "
        "needs nothing but\n"
    )
    yield (
        "Python, recomputes every table and this page from <code>events.jsonl</code>, and names file and "
        "line of what was\n"
    )
    yield (
        "altered. A time stamp: <code>openssl ts -verify -data timestamps/N.txt -in timestamps/N.tsr "
        "-CAfile root.pem</code>.\n"
    )
    yield "</p>\n"
    yield "</body>\n</html>\n"


def _probes(probes: Iterable[list[str]]) -> Iterator[str]:
    """What endpoints were seen to take; nothing where none was probed."""
    found = [[host, port, tls, outcome, _spoken(since)] for host, port, tls, outcome, since in probes]
    if found:
        yield "<h2>TLS versions of the endpoints when the period ended</h2>\n"
        yield "<p>As probed from the bot's machine. It never tells that the tenant is opted in.</p>\n"
        yield from _table(("Host", "Port", "TLS", "Outcome", "Since"), found, red=lambda cells: False)


_DEVICES = ("No.", "Device", "Owner", "Due", "State", "Moves", "Last seen", "TLS 1.0, 1.1 (%)")


def _device_rows(register: Register, named: Named) -> Iterator[list[str]]:
    for cells in register.rows():
        told = dict(zip(DEVICES, cells))  # noqa: B905 - Python 3.9 has no strict
        name = ", ".join(text for text in (told["device"], told["site"], told["sender"]) if text)
        owner = named(told["owner"]) if told["owner"] else "nobody"
        shares = ", ".join(told[share] or "unknown" for share in ("tls10", "tls11"))
        seen = told["last_seen"] or "never told"
        yield [told["id"], name, owner, told["due"], told["state"], told["moves"], seen, shares]


def _is_late(cells: list[str], day: str) -> bool:
    """Tell whether an entry stands without an owner, or beyond its due day."""
    return cells[4] in ("proposed", "active") and (cells[2] == "nobody" or cells[3] < day)


def _paired(reconciliation: Iterable[list[str]]) -> Iterator[list[str]]:
    for cells in reconciliation:
        number = f"#{cells[5]}" if cells[5] else ""
        yield [_spoken(cells[0]), *cells[1:5], number, *cells[6:]]


def _table(
    names: Sequence[str],
    rows: Iterable[list[str]],
    *,
    red: Callable[[list[str]], bool],
    show: Callable[[str], str] = escape,
) -> Iterator[str]:
    """Yield a table, or that there is nothing to show."""
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    empty = True
    for cells in rows:
        if empty:
            yield f"<table>\n<thead>\n<tr>{head}</tr>\n</thead>\n<tbody>\n"
            empty = False
        mark = ' class="red"' if red(cells) else ""
        yield f"<tr{mark}>" + "".join(f"<td>{show(text_of(cell))}</td>" for cell in cells) + "</tr>\n"
    yield "<p>None.</p>\n" if empty else "</tbody>\n</table>\n"


def _linked(text: str) -> str:
    """Make the permalink of a head, which the bot itself recorded, a link."""
    return f'<a href="{escape(text)}">{escape(text)}</a>' if text[:8] == "https://" else escape(text)
