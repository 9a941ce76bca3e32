"""The command line with several tenants: which of them a verb is for, and all of them at once where it reads.

One that fails stops no other. What a verb writes to standard output is gathered for each tenant and written
in the order of the file; progress goes to standard error.
"""

import argparse
import difflib
import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TextIO

from bot.failure_messages import WRONG_SETTINGS

if TYPE_CHECKING:
    from bot.settings.model import Settings
    from bot.settings.tenants import Fleet, TenantSettings

ALL = "all"
AT_ONCE = 16
"""Tenants that are read at a time."""

MOST_NAMED = 20
"""Aliases that a mistake names."""

MILDEST_FIRST = (0, 3, 1, 2)
"""Exit codes: done, evidence with gaps, failed, wrong call. Of many tenants' the worst is the program's."""

Act = Callable[["Settings", argparse.Namespace], int]
Attempt = Callable[[Callable[[], int], Callable[[str], object]], int]
"""Acts and returns the exit code, whatever goes wrong: then the second is handed what there is to say."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What a verb said of one tenant."""

    code: int
    text: str


def add_tenant(parser: argparse.ArgumentParser, *, attempt: Attempt | None = None) -> None:
    """Let a tenant be named: before the verb with ``attempt``, behind it without one."""
    default = argparse.SUPPRESS if attempt is None else None
    if attempt is not None:
        parser.set_defaults(attempt=attempt)
    what = "of several tenants (LEGACYTLS_TENANTS) this one; all, where it reads"
    parser.add_argument("--tenant", metavar="ALIAS", default=default, help=what)


def for_tenants(
    options: argparse.Namespace, settings: "Settings", act: Act, *, alone: str = "", gathers: bool = True
) -> int:
    """Do ``act`` for the tenant or the tenants that are meant; returns the exit code.

    ``alone`` says why it is done for one tenant only; empty where it can be done for all. What does not
    gather is written as it comes, one tenant after the other.
    """
    from bot.settings.tenants import fleet_of  # noqa: PLC0415 - its validator is loaded with the settings

    fleet, name = fleet_of(settings), options.tenant
    if fleet is None:
        if name is not None:
            return _wrong("there is one tenant, because LEGACYTLS_TENANTS is not set; leave --tenant out.")
        return act(settings, options)
    if name is None:
        return _wrong(f"name the tenant with --tenant, or {ALL} where the verb reads: {_named(fleet)}.")
    if name.lower() == ALL:
        if alone:
            return _wrong(f"{alone}; name one with --tenant: {_named(fleet)}.")
        return _gathered(options, fleet, act) if gathers else _in_turn(options, fleet, act)
    one = fleet.find(name)
    return act(one.settings, options) if one is not None else no_such(name, fleet)


def no_such(name: str, fleet: "Fleet") -> int:
    """Say that there is no such tenant, and which is the nearest; returns the exit code."""
    if name.lower() == ALL:
        return _wrong(f"this is of one tenant at a time; name one of {_named(fleet)}.")
    near = difflib.get_close_matches(name.lower(), [alias.lower() for alias in fleet.aliases], n=1)
    hint = f" The nearest is {near[0]}." if near else ""
    return _wrong(f"there is no tenant of this name.{hint} There are: {_named(fleet)}.")


def _named(fleet: "Fleet") -> str:
    """The aliases, as many as one reads."""
    more = f" and {len(fleet.aliases) - MOST_NAMED} more" if len(fleet.aliases) > MOST_NAMED else ""
    return ", ".join(fleet.aliases[:MOST_NAMED]) + more


def is_all(options: argparse.Namespace) -> bool:
    """Tell whether every tenant is meant."""
    return options.tenant is not None and str(options.tenant).lower() == ALL


def _wrong(sentence: str) -> int:
    sys.stderr.write(f"legacytls: {sentence}\n")
    return WRONG_SETTINGS


def _in_turn(options: argparse.Namespace, fleet: "Fleet", act: Act) -> int:
    def failed(line: str) -> object:
        return sys.stderr.write(f"{line}\n")

    attempt: Attempt = options.attempt
    return _worst([attempt(partial(act, one.settings, options), failed) for one in fleet.tenants])


def _gathered(options: argparse.Namespace, fleet: "Fleet", act: Act) -> int:
    said: dict[str, _Said] = {}
    with _apart() as output, ThreadPoolExecutor(AT_ONCE, thread_name_prefix="tenant") as pool:
        begun = {pool.submit(_one, output, one, options, act): one.alias for one in fleet.tenants}
        try:
            for finished in as_completed(begun):
                alias = begun[finished]
                said[alias] = finished.result()
                outcome = "done" if said[alias].code == 0 else "see below"
                sys.stderr.write(f"{alias}: {outcome} ({len(said)} of {len(begun)})\n")
                sys.stderr.flush()
        finally:  # stopped in between, those that are under way are awaited and no other begins
            pool.shutdown(wait=False, cancel_futures=True)
    in_order = {alias: said[alias] for alias in fleet.aliases}
    if getattr(options, "json", False):
        sys.stdout.write(
            json.dumps({alias: _data(one.text) for alias, one in in_order.items()}, indent=2) + "\n"
        )
    else:
        sys.stdout.write("\n".join(f"== {alias} ==\n{one.text}" for alias, one in in_order.items()))
    return _worst([one.code for one in said.values()])


def _one(output: "_Apart", one: "TenantSettings", options: argparse.Namespace, act: Act) -> _Said:
    """Act for one tenant, on a thread of its own."""
    kept = output.begin()
    as_json = getattr(options, "json", False)
    own = argparse.Namespace(**vars(options), alias=one.alias)

    def failed(line: str) -> object:
        return kept.write(json.dumps({"error": line}) if as_json else f"{line}\n")

    attempt: Attempt = options.attempt
    return _Said(attempt(partial(act, one.settings, own), failed), kept.getvalue())


def _data(text: str) -> Any:
    """What was printed for machines; a verb that broke off after it had begun to write leaves text."""
    try:
        return json.loads(text)
    except ValueError:
        return {"error": text.strip()}


def _worst(codes: list[int]) -> int:
    return max(
        codes, key=lambda code: MILDEST_FIRST.index(code) if code in MILDEST_FIRST else len(MILDEST_FIRST)
    )


class _Apart(io.TextIOBase):
    """Standard output and error for as long as many tenants write to them: each thread has a text of its own.

    Whoever has begun none writes to ``real``.
    """

    def __init__(self, real: TextIO, own: threading.local) -> None:
        self._real = real
        self._own = own

    def begin(self) -> io.StringIO:
        """Begin this thread's text."""
        self._own.text = io.StringIO()
        return self._own.text  # type: ignore[no-any-return]

    def write(self, text: str) -> int:
        """Write to this thread's text."""
        return int(getattr(self._own, "text", self._real).write(text))

    def flush(self) -> None:
        """Hand on what was not begun."""
        self._real.flush()


@contextmanager
def _apart() -> Iterator[_Apart]:
    kept, own = (sys.stdout, sys.stderr), threading.local()
    sys.stdout, sys.stderr = (apart := _Apart(sys.stdout, own)), _Apart(sys.stderr, own)
    try:
        yield apart
    finally:
        sys.stdout, sys.stderr = kept
