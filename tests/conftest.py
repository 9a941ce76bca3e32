"""What holds for every test: no settings of the person who runs it, no threads left behind, fresh databases
on request."""

import gc
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.dev import ConsoleRenderer, plain_traceback

from tests import bytecode, coverage  # noqa: F401 - before whatever is rewritten, or of the product
from tests.chance import SEED, chance, fix_examples
from tests.compiling import compile_once
from tests.processes import TRUSTED
from tests.validating import validate_by_class

pytest_plugins = ["tests.counting", "tests.postgres", "tests.pooler"]

_OURS = ("SLACK_", "AZURE_", "EXCHANGE_", "LEGACYTLS_", "DATABASE_URL")
_ASKED = ("TESTS_",)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_AUTHORITIES = ("requests_ca_bundle", "curl_ca_bundle")

MEMORY, ENOUGH = Path("/dev/shm"), 4 * 2**30
"""A folder in memory, and how many bytes have to be free there: every commit is synced, and thousands of them
wait for a disk."""

LONGEST_FIRST = Path(__file__).with_name("longest_first.txt").read_text(encoding="utf-8").split()
"""Files that take longest, two that wait for each one that computes, so that no processor waits for all
workers at once and no worker for another at the end."""

assert all(Path(__file__).parents[1].joinpath(file).exists() for file in LONGEST_FIRST), "a file was renamed"

fix_examples()
gc.disable()  # until everything is collected: what is imported and collected meanwhile stays


def pytest_configure(config: pytest.Config) -> None:
    """Forget settings, proxies and authorities of the surroundings: a test that meets a real tenant is worse
    than none. Work in memory."""
    for name in list(os.environ):
        if (
            name.startswith(_OURS) and not name.startswith(_ASKED)
        ) or name.lower() in _PROXIES + _AUTHORITIES:
            del os.environ[name]
    os.environ |= TRUSTED
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH:
        os.environ["TMPDIR"], tempfile.tempdir = str(MEMORY), None
    compile_once()
    validate_by_class()
    if coverage.COVERAGE is not None:
        config.pluginmanager.register(coverage.COVERAGE)
    # In colour and with every local variable, a traceback that nobody reads took most of a second.
    ConsoleRenderer.get_active().exception_formatter = plain_traceback


def pytest_report_header() -> str:
    """Say what repeats this run."""
    return f"seed: {SEED} (TESTS_SEED=<number> explores another)"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Play the longest files first, so that no worker is left with one when the others have finished, the
    rest by chance."""
    ranks = {file: rank for rank, file in enumerate(LONGEST_FIRST)}
    files = {item: item.nodeid.partition("::")[0] for item in items}
    drawn = {file: chance(f"order of {file}").random() for file in set(files.values())}
    items.sort(key=lambda item: (ranks.get(files[item], len(ranks)), drawn[files[item]]))


def pytest_collection_finish() -> None:
    """Thousands of tests stay in memory to the end: looking for garbage among them took an eighth of the
    time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5000, 20, 50)
    gc.enable()


def _lasting() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if not thread.daemon}


@pytest.fixture(scope="module", autouse=True)
def no_thread_outlives_its_tests() -> Iterator[None]:
    """A thread that nobody ends keeps the process from ending; daemon threads are let be."""
    before = _lasting()
    yield
    until = time.monotonic() + 5
    for thread in _lasting() - before:
        thread.join(timeout=max(0.0, until - time.monotonic()))
    left = sorted(thread.name for thread in _lasting() - before)
    assert not left, f"threads still running: {left}"


@pytest.fixture(scope="module", autouse=True)
def no_logger_is_left_switched_off() -> Iterator[None]:
    """A library that configures logging can switch off ours: tests that come after read an empty log, if
    chance has it so."""
    yield
    loggers = logging.Logger.manager.loggerDict.values()
    off = sorted(one.name for one in loggers if isinstance(one, logging.Logger) and one.disabled)
    assert not off, f"loggers switched off: {off}"
