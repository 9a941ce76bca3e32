"""Reads a file of answers, YAML or in the form of ``.env``, for machines, which are asked nothing."""

import codecs
import difflib
import io
import re
import sys
from pathlib import Path
from typing import Annotated

from dotenv.parser import parse_stream
from pydantic import BeforeValidator, RootModel

from bot.settings.load import ELSEWHERE, WrongSettings
from bot.settings.model import NAMES
from handlers.calendar import yaml_lines

STANDARD_INPUT = Path("-")

_LINE = re.compile(r"(export\s+)?[A-Za-z_][A-Za-z0-9_]*[ \t]*=")
"""How the first line of settings begins in the form of ``.env``; in YAML it has a colon there."""


def _listed(value: object) -> object:
    """A list is what people and groups may be written as."""
    every = isinstance(value, list) and all(isinstance(one, str) for one in value)
    return ",".join(value) if isinstance(value, list) and every else value


class _Answers(RootModel[dict[str, Annotated[str, BeforeValidator(_listed)]]]):
    """Names and values, each a text or a list of texts."""


def read(path: Path) -> tuple[dict[str, str], list[str]]:
    """Read the answers by the settings' names, without empty ones, and every mistake.

    Raises ``WrongSettings`` where that is no text file.
    """
    text = _text(path)
    begins = next((line for line in text.splitlines() if line.strip() and line.lstrip()[0] != "#"), "")
    found, lines, mistakes = _as_env(text) if _LINE.match(begins.lstrip()) else _as_yaml(text)
    mistakes += [f"line {lines[name]}: {_unknown(name)}" for name in found if not _is_known(name)]
    given = {name: value for name, value in found.items() if value.strip() and _is_known(name)}
    return given, [f"{path}: {one}" for one in mistakes]


_Read = tuple[dict[str, str], dict[str, int], list[str]]
"""The values, the line of each, and the mistakes."""


def _as_env(text: str) -> _Read:
    found, lines, mistakes = dict[str, str](), dict[str, int](), list[str]()
    for binding in parse_stream(io.StringIO(text)):
        line = binding.original.line + _blank_lines(binding.original.string)
        if binding.error or (binding.key is not None and binding.value is None):
            mistakes.append(f"line {line}: is no NAME=value")
        elif binding.key is not None:
            mistakes += [f"line {line}: {binding.key} is given twice"] if binding.key in found else []
            found[binding.key], lines[binding.key] = binding.value or "", line
    return found, lines, mistakes


def _blank_lines(text: str) -> int:
    return text[: len(text) - len(text.lstrip())].count("\n")


def _as_yaml(text: str) -> _Read:
    try:
        answers, places = yaml_lines.read(_Answers, text)
    except yaml_lines.WrongFile as wrong:
        return {}, {}, list(wrong.mistakes)
    return answers.root, {name: places[name,] for name in answers.root}, []


def _text(path: Path) -> str:
    try:
        data = sys.stdin.buffer.read() if path == STANDARD_INPUT else path.read_bytes()
        return data.decode("utf-16" if data[:2] in _UTF16 else "utf-8-sig")
    except (OSError, UnicodeError, AttributeError):
        mend = "name a text file in UTF-8 that this account may read, or - for standard input"
        raise WrongSettings([f"{path}: cannot be read; {mend}"]) from None


_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""What older PowerShell puts before what it redirects into a file."""


def _is_known(name: str) -> bool:
    return name in NAMES or name.upper() in ELSEWHERE


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name.upper(), NAMES, n=1)
    return f"{name} is not a setting" + (f"; the nearest is {near[0]}" if near else "")
