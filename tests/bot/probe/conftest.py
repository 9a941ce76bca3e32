"""One self-signed pair for every server of these tests."""

from pathlib import Path

import pytest

from bot.probe.handshake import _certificate


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _certificate(tmp_path_factory.mktemp("pair"))
