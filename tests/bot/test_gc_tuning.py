"""A running bot looks for garbage among what came after it was wired, and nowhere before."""

import os
import subprocess
import sys
from pathlib import Path

from tests.bot.machine import ROOT, Machine

START = """
import gc
from bot import cli, process

wire = process.wire
told = lambda: print(gc.isenabled(), gc.get_freeze_count() > 10_000)
process.wire = lambda *arguments, **named: (told(), wire(*arguments, **named))[1]
process._serve = lambda *arguments: told()
cli.main(["run"])
"""


def test_while_it_is_put_together_nothing_is_collected_and_what_it_is_made_of_never_is(
    tmp_path: Path,
) -> None:
    with Machine(tmp_path) as machine:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | machine.settings
        done = subprocess.run(
            [sys.executable, "-c", START],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.split() == ["False", "False", "True", "True"]
