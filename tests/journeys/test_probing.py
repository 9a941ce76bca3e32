"""The probe through Slack, at the sandbox's mail hosts: the legacy ones still take old TLS, the standard one
does not."""

import re

import pytest

from tests.journeys.stage import DAVE, Stage

pytestmark = pytest.mark.once("which database and which way to Slack make no difference to a probe")


def test_the_hosts_are_probed_from_the_bots_machine(stage: Stage) -> None:
    stage.command(DAVE, "probe")  # its answer, or that it takes a moment
    said = stage.wait(
        lambda: next((text for text in stage.ephemeral(DAVE) if "smtp.localhost" in text), None)
    )
    assert re.sub(r":\d+`", "`", said).splitlines()[:4] == [
        "• `smtp-legacy.localhost` takes TLS 1.0, 1.1, 1.2, 1.3",
        "• `pop-legacy.localhost` takes TLS 1.0, 1.1, 1.2, 1.3",
        "• `imap-legacy.localhost` takes TLS 1.0, 1.1, 1.2, 1.3",
        "• `smtp.localhost` takes TLS 1.2, 1.3; refuses 1.0, 1.1",
    ]
