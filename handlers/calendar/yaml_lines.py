"""Read a YAML file by a pydantic model and name every mistake with its line. Pure.

For the files that people write by hand: nothing is guessed, an unknown or doubled key is a mistake, and all
mistakes are told at once. Every scalar but null reaches the model as the text that stands there:
``2026-08-01`` and ``0123`` stay what they are.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same language, read by libyaml where PyYAML has it: every start of the bot reads the packaged
milestones."""

_NULL = "tag:yaml.org,2002:null"

Place = tuple[str | int, ...]
"""Where a value stands: keys and indices from the root, as pydantic's ``loc``."""

_Model = TypeVar("_Model", bound=BaseModel)


class WrongFile(Exception):
    """Refuse the file; ``mistakes`` holds one sentence each, with the line where it has one."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


Between = Callable[[object], Iterable[tuple[Place, str]]]
"""Finds what is wrong between the values of a file of whatever shape: the place of each mistake, and its
sentence."""


def nothing(document: object) -> Iterable[tuple[Place, str]]:
    """Find nothing: the model says all there is to say."""
    return ()


def read(model: type[_Model], text: str, *, between: Between = nothing) -> tuple[_Model, Mapping[Place, int]]:
    """Read ``text`` as one object of ``model``; returns it with the line of each of its values.

    ``between`` is asked in any case, so that what it finds is told together with what the model finds.
    Raises ``WrongFile`` with every mistake, in the order of the file.
    """
    document = _Document(_root(text))
    told = [(_line(place, document.lines), sentence) for place, sentence in between(document.value)]
    found = None
    try:
        found = model.model_validate(document.value)
    except ValidationError as wrong:
        told += _judged(wrong.errors(), document.lines)
    told += document.mistakes
    if found is None or told:
        raise WrongFile(f"line {line}: {sentence}" for line, sentence in sorted(told))
    return found, document.lines


def _root(text: str) -> Node:
    try:
        root = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as broken:
        line = broken.problem_mark.line + 1 if broken.problem_mark else 1
        raise WrongFile([f"line {line}: not readable as YAML: {broken.problem or broken.context}"]) from None
    except yaml.YAMLError as broken:
        raise WrongFile([f"line 1: not readable as YAML: {str(broken).splitlines()[0]}"]) from None
    if root is None:
        raise WrongFile(["line 1: the file is empty"])
    return root


class _Document:
    """Hold a composed file as plain values, with each value's line, doubled keys and aliases."""

    def __init__(self, root: Node) -> None:
        self.lines: dict[Place, int] = {(): root.start_mark.line + 1}
        self.mistakes: list[tuple[int, str]] = []
        self._met: set[int] = set()
        self.value = self._plain(root, ())

    def _plain(self, node: Node, place: Place) -> object:
        if isinstance(node, ScalarNode):
            return None if node.tag == _NULL else str(node.value).strip()
        if id(node) in self._met:
            self.mistakes.append((self.lines[place], "an alias stands here; write the value itself"))
            return None
        self._met.add(id(node))
        if isinstance(node, SequenceNode):
            return [self._item(item, (*place, index)) for index, item in enumerate(node.value)]
        return self._mapping(node, place) if isinstance(node, MappingNode) else None

    def _item(self, node: Node, place: Place) -> object:
        self.lines[place] = node.start_mark.line + 1
        return self._plain(node, place)

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in found:
                self.mistakes.append((line, f"{name} is given twice"))
                continue
            self.lines[(*place, name)] = line
            found[name] = self._plain(value, (*place, name))
        return found


def _judged(errors: Iterable[ErrorDetails], lines: Mapping[Place, int]) -> list[tuple[int, str]]:
    """Each mistake as its line and sentence; what is missing from one mapping is told together."""
    missing: dict[Place, list[str]] = {}
    told: list[tuple[int, str]] = []
    for error in errors:
        place = error["loc"]
        if error["type"] == "missing":
            missing.setdefault(place[:-1], []).append(str(place[-1]))
        else:
            told.append((_line(place, lines), _sentence(error)))
    return told + [(_line(place, lines), f"missing: {', '.join(names)}") for place, names in missing.items()]


def _line(place: Place, lines: Mapping[Place, int]) -> int:
    """The line of a place, or of the nearest thing around it that stands in the file."""
    while place not in lines:
        place = place[:-1]
    return lines[place]


def _sentence(error: ErrorDetails) -> str:
    kind, place = error["type"], error["loc"]
    name = next((str(part) for part in reversed(place) if isinstance(part, str)), "")
    if kind == "extra_forbidden":
        return f"unknown field {name}"
    why = (
        "must not be null"
        if error["input"] is None and kind not in _OWN
        else _WHY.get(kind) or _reason(error)
    )
    return f"{name}: {why}" if name else why


_OWN = frozenset({"value_error"})
"""What a validator of the model says itself."""

_WHY = {
    "string_type": "expected a text",
    "string_too_short": "expected a text",
    "model_type": "expected fields with values",
    "model_attributes_type": "expected fields with values",
    "dict_type": "expected fields with values",
    "list_type": "expected a list with at least one entry",
    "tuple_type": "expected a list with at least one entry",
    "too_short": "expected a list with at least one entry",
}
"""By pydantic's own error types (docs.pydantic.dev, errors/validation_errors), in plain words."""


def _reason(error: ErrorDetails) -> str:
    context: Mapping[str, Any] = error.get("ctx") or {}
    if error["type"] in _OWN:
        return str(context.get("error"))
    if "expected" in context:
        return f"expected one of {context['expected']}"
    return error["msg"][:1].lower() + error["msg"][1:]
