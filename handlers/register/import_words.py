"""What an imported report says in words, the same in Slack and at the command line.

Nothing in it is escaped.
"""

from collections.abc import Sequence

from handlers.register.imports import Imported

NAMED = 20
"""Senders, entries and rows that are named of each sort."""


def imported_lines(found: Imported) -> list[str]:
    """The same for a person, the answer first."""
    again = "" if found.is_new else " It was imported before, so nothing was changed."
    lines = [f"{found.rows} rows read ({found.kind.value}).{again}"]
    lines.append(f"Still on old TLS and registered: {found.registered}")
    lines.append(_named("Still on old TLS and on nobody's list", found.unregistered))
    lines.append(_named("Registered and not seen", [f"D{number}" for number in found.unseen]))
    lines.append(_named("Registered and modern by now", [f"D{number}" for number in found.modern]))
    lines += [f"Row {one.row} was not understood: {one.why}" for one in found.skipped[:NAMED]]
    more = len(found.skipped) - NAMED
    return [*lines, f"and {more} more rows"] if more > 0 else lines


def _named(what: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{what}: {len(names)}" + (f" ({', '.join(names[:NAMED])}{more})" if names else "")
