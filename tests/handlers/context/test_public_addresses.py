"""Which addresses are of the public internet: whatever stands in front of somebody's own network is not."""

import pytest

from handlers.context.web_addresses import is_public, may_be_dialled


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "127.0.0.1", "0.0.0.0",
        "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::",
        "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "ff0e::1",
        "2001:db8::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::10.0.0.1", "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::808:808", "2002:a00:1::1", "", "example.com", "2130706433",
    ],
)  # fmt: skip
def test_what_is_not_of_the_public_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "192.88.99.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"],
)
def test_what_is(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("host", "address", "may"),
    [
        ("events.example.com", "8.8.8.8", True),
        ("events.example.com", "127.0.0.1", False),
        ("localhost", "127.0.0.1", True),
        ("localhost", "::1", True),
        ("localhost", "10.0.0.1", False),
        ("127.0.0.1", "127.0.0.1", True),
    ],
)
def test_this_machine_is_dialled_where_it_was_named(host: str, address: str, may: bool) -> None:
    assert may_be_dialled(host, address) is may
