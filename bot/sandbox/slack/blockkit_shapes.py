"""Write Block Kit's shapes down as small checks that are combined into larger ones.

A check takes a value and its place (a JSON pointer) and yields what is wrong, in the words Slack uses.
Nothing here knows a single block; ``blockkit_elements`` and ``blockkit`` do.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Check = Callable[[Any, str], Iterator[str]]

Shape = Mapping[str, Check]


def problem(sentence: str, at: str) -> str:
    """Return one finding, worded as in ``response_metadata.messages``."""
    return f"[ERROR] {sentence} [json-pointer:{at or '/'}]"


def anything(_value: object, _at: str) -> Iterator[str]:
    """Accept whatever it is."""
    yield from ()


def boolean(value: object, at: str) -> Iterator[str]:
    """True or false."""
    if not isinstance(value, bool):
        yield problem("must be a boolean", at)


def integer(least: int, most: int) -> Check:
    """Return a whole number between two bounds, both included."""

    def check(value: object, at: str) -> Iterator[str]:
        if isinstance(value, bool) or not isinstance(value, int):
            yield problem("must be an integer", at)
        elif not least <= value <= most:
            yield problem(f"must be between {least} and {most}", at)

    return check


def string(most: int, *, least: int = 1) -> Check:
    """Return a string of bounded length, counted in characters."""

    def check(value: object, at: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield problem("must be a string", at)
        elif len(value) > most:
            yield problem(f"must be less than {most + 1} characters", at)
        elif len(value) < least:
            yield problem(f"must be more than {least - 1} characters", at)

    return check


def pattern(form: str, name: str) -> Check:
    """Return a string of a given form, such as a date."""
    expression = re.compile(form)

    def check(value: object, at: str) -> Iterator[str]:
        if not isinstance(value, str) or not expression.fullmatch(value):
            yield problem(f"must be in the format {name}", at)

    return check


def one_of(*allowed: str) -> Check:
    """Return one of a few words."""

    def check(value: object, at: str) -> Iterator[str]:
        if value not in allowed:
            yield problem(f"must be one of: {', '.join(allowed)}", at)

    return check


def array(item: Check, most: int, *, least: int = 1) -> Check:
    """Return a list of bounded length whose items all pass ``item``."""

    def check(value: object, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield problem("must be an array", at)
            return
        if len(value) > most:
            yield problem(f"no more than {most} items allowed", at)
        if len(value) < least:
            yield problem(f"no less than {least} items allowed", at)
        for index, element in enumerate(value):
            yield from item(element, f"{at}/{index}")

    return check


def shaped(required: Shape, optional: Shape | None = None) -> Check:
    """Return an object with these fields and no others; a null counts as absent."""
    fields = {**required, **(optional or {})}

    def check(value: object, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem("must provide an object", at)
            return
        given = {name: content for name, content in value.items() if content is not None}
        yield from (problem(f"missing required field: {name}", at) for name in required if name not in given)
        yield from (
            problem(f"invalid additional property: {name}", at) for name in given if name not in fields
        )
        for name, content in given.items():
            if name in fields:
                yield from fields[name](content, f"{at}/{name}")

    return check


def variant(kinds: Mapping[str, Check]) -> Check:
    """Return an object whose ``type`` says which check applies."""

    def check(value: object, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem("must provide an object", at)
        elif value.get("type") not in kinds:
            yield problem(f"unsupported type: {value.get('type')}", f"{at}/type")
        else:
            yield from kinds[value["type"]](value, at)

    return check


def both(*checks: Check) -> Check:
    """Return everything that any of ``checks`` finds."""

    def check(value: object, at: str) -> Iterator[str]:
        for each in checks:
            yield from each(value, at)

    return check


def either(*names: str) -> Check:
    """Return an object with at least one of these fields."""

    def check(value: object, at: str) -> Iterator[str]:
        if isinstance(value, dict) and not any(value.get(name) is not None for name in names):
            yield problem(f"must define either {' or '.join(f'`{name}`' for name in names)}", at)

    return check
