"""What counts as this machine is decided once: tokens may go there in plain text, and nowhere else."""

import pytest

from handlers.context.web_addresses import is_loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2", "127.255.255.254", "::1"])
def test_loopback_is_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "127.0.0.1.example.com",
        "localhost.example.com",
        "0.0.0.0",
        "10.0.0.1",
        "::",
        "127.1",
        "2130706433",
        "[::1]",
    ],
)
def test_what_only_looks_like_it_is_not(host: str) -> None:
    assert not is_loopback(host)
