"""Has everything imported and forks whenever a process is asked for: a start costs a twentieth of an
interpreter of its own.

Run as ``python -m tests.forking CONTROL``, the number of a connected socket. A request is one message on it:
a module, its arguments, an environment and a folder, with four descriptors: standard input, output and error,
and where to report the number of the process and, once it has ended, its exit code. The child runs the module
as ``python -m`` does and ends as every process does, but that it takes nothing apart (``leave``). That
importing does nothing, so that it does not matter when it was done, is shown by
``tests/test_architecture.py``. What SQLAlchemy compiles for SQLite is kept as well (``tests/compiling.py``).
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import sys
import tempfile
import threading
import time
from typing import Any, NoReturn

LONGEST = 1 << 20
"""Bytes of the longest request."""


def load() -> None:
    """Import the whole product, but for what runs by being imported, and let nothing of it be moved by
    collecting garbage."""
    from bot.cli import load_logging_plainly

    load_logging_plainly()
    for room in ("bot", "handlers", "storage"):
        for module in pkgutil.walk_packages([room], f"{room}."):
            if not module.name.endswith((".__main__", ".robot")) and ".versions." not in module.name:
                importlib.import_module(module.name)
    rehearse()
    assert threading.active_count() == 1, threading.enumerate()
    gc.collect()
    gc.freeze()


def rehearse() -> None:
    """Live through one change, so that what a bot asks its database is compiled once and not by every process
    that is forked."""
    from storage.engine import Database
    from storage.migrate import upgrade
    from tests.compiling import compile_once
    from tests.handlers.driver import ALICE, BOB, House
    from tests.validating import validate_by_class

    compile_once()
    validate_by_class()
    with tempfile.TemporaryDirectory() as folder:
        upgrade(url := f"sqlite:///{folder}/rehearsal.db")
        database = Database(url)
        house = House(database)
        house.observe()
        number = house.ask(ALICE).id
        house.approve(BOB, number)
        house.run()
        house.deliver()
        database.close()


def serve(control: socket.socket) -> dict[str, Any] | None:
    """Fork for every request; returns what a child is to run, and in the parent ``None`` once nobody asks any
    more."""
    reports: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as ready:
        ready.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.data is not None:
                    ready.unregister(key.fileobj)
                    _report_end(key.fd, reports.pop(key.fd), key.data)
                    continue
                said, descriptors, _, _ = socket.recv_fds(control, LONGEST, 4)
                if not said:
                    return None
                report = socket.socket(fileno=descriptors[3])
                if (child := os.fork()) == 0:
                    ready.close()
                    for ours in (control, report, *reports.values()):
                        ours.close()
                    for pidfd in reports:
                        os.close(pidfd)
                    return json.loads(said) | {"streams": descriptors[:3]}
                for descriptor in descriptors[:3]:
                    os.close(descriptor)
                pidfd = os.pidfd_open(child)
                reports[pidfd] = report
                report.sendall(f"{child}\n".encode())
                ready.register(pidfd, selectors.EVENT_READ, data=child)


def _report_end(pidfd: int, report: socket.socket, child: int) -> None:
    """Only now is the number of the process free for another one."""
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(pidfd)
    with report:
        try:
            report.sendall(f"{code}\n".encode())
        except BrokenPipeError:
            return  # nobody waits for it


def become(wanted: dict[str, Any]) -> None:
    """Be the process that was asked for."""
    for number, stream in enumerate(wanted["streams"]):
        os.dup2(stream, number)
        os.close(stream)
    _open_streams()
    os.environ.clear()
    os.environ.update(wanted["environment"])
    time.tzset()
    os.chdir(wanted["folder"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["", *wanted["arguments"]]
    sys.modules.pop(wanted["module"], None)  # others import it as well, and it is to be run
    runpy.run_module(wanted["module"], run_name="__main__", alter_sys=True)


def _open_streams() -> None:
    """Open the standard streams as Python does when it starts: what was found out of the former ones is
    remembered in them."""
    known = {"encoding": sys.stdout.encoding, "errors": sys.stdout.errors, "closefd": False}
    sys.stdin = sys.__stdin__ = os.fdopen(0, **known)
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", 1 if os.isatty(1) else -1, **known)
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", 1, **known | {"errors": "backslashreplace"})


def leave(code: int) -> NoReturn:
    """End in the order in which Python ends, up to where it would take every module apart: of all that was
    imported most is not the child's, and touching it, to throw it away, took four fifths of a short
    process."""
    threading._shutdown()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(code)  # Python's own way tells it, and has a code for it
    os._exit(code)


def main() -> None:
    """Serve until the other end of the control socket is closed."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # at a terminal it reaches everybody
    load()
    control = socket.socket(fileno=int(sys.argv[1]))
    if (wanted := serve(control)) is not None:
        try:
            become(wanted)
        except SystemExit as end:
            if not isinstance(end.code, int | None):
                raise
            leave(end.code or 0)


if __name__ == "__main__":
    main()
