"""The soak knows what a process has open, and for what."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.soak.descriptors import DATABASE, FILES, KINDS, REST, descriptors


def opened(tmp_path: Path) -> list[object]:
    return [(tmp_path / "one").open("w"), (tmp_path / "two").open("w")]


def connected(server: socket.socket) -> list[object]:
    return [socket.create_connection(server.getsockname()) for _ in range(3)]


@pytest.mark.parametrize(
    ("kind", "number", "act"),
    [
        (FILES, 2, lambda folder, _: opened(folder)),
        (DATABASE, 3, lambda _, server: connected(server)),
        (REST, 2, lambda *_: list(socket.socketpair())),
    ],
    ids=["files", "connections to a server", "sockets of its own"],
)
def test_what_was_opened_is_counted_under_its_kind(
    tmp_path: Path, kind: str, number: int, act: Callable[[Path, socket.socket], list[object]]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        servers = {server.getsockname()[1]: DATABASE}
        before = descriptors(os.getpid(), servers)
        held = act(tmp_path, server)
        after = descriptors(os.getpid(), servers)
        for one in held:
            one.close()  # type: ignore[attr-defined]
    grew = {name: after[name] - before[name] for name in KINDS if after[name] != before[name]}
    assert grew == {kind: number}
    assert descriptors(os.getpid(), servers) == before | {REST: before[REST] - 1}, "all but the server"
