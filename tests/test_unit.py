"""The systemd unit: systemd takes it, rates it as hardened, and the bot starts under what can be tried
without it."""

import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "docs" / "legacytls@.service"
SYSTEMD = shutil.which("systemd-analyze")
REFUSE_EXEC_GAIN = 65
"""``PR_SET_MDWE`` (linux/prctl.h, since 6.3): what MemoryDenyWriteExecute asks of the kernel."""


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """An instance of the unit whose program is there."""
    found = tmp_path / "legacytls@1.service"
    found.write_text(
        re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(encoding="utf-8")),
        encoding="utf-8",
    )
    return found


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    if SYSTEMD is None:
        if os.environ.get("CI"):
            pytest.fail("systemd-analyze is not installed (Debian: systemd)", pytrace=False)
        pytest.skip("systemd-analyze is not installed (Debian: systemd)")
    return subprocess.run([SYSTEMD, *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_systemd_understands_every_line(unit: Path) -> None:
    done = analyze("verify", unit)
    assert (done.returncode, done.stderr) == (0, "")


def test_it_is_rated_below_two(unit: Path) -> None:
    done = analyze("security", "--offline=yes", "--threshold=20", "--no-pager", unit)
    exposure = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert exposure, done.stdout + done.stderr
    assert float(exposure[1]) < 2.0
    assert done.returncode == 0


def test_the_threshold_would_notice(unit: Path) -> None:
    kept = [
        line
        for line in unit.read_text(encoding="utf-8").splitlines()
        if not line.startswith(("System", "Protect"))
    ]
    unit.write_text("\n".join(kept), encoding="utf-8")
    assert analyze("security", "--offline=yes", "--threshold=20", "--no-pager", unit).returncode != 0


def test_the_bot_starts_where_no_memory_becomes_executable(tmp_path: Path) -> None:
    libc = ctypes.CDLL(None)
    if subprocess.run(
        [
            sys.executable,
            "-c",
            f"import ctypes, sys; sys.exit(ctypes.CDLL(None).prctl({REFUSE_EXEC_GAIN}, 1, 0, 0, 0) != 0)",
        ],
        check=False,
    ).returncode:
        pytest.skip("this kernel has no PR_SET_MDWE")
    done = subprocess.run(
        [sys.executable, "-m", "bot", "history"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "AZURE_TENANT_ID": "contoso.example"},
        cwd=tmp_path, preexec_fn=lambda: libc.prctl(REFUSE_EXEC_GAIN, 1, 0, 0, 0),
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "No change is on record yet.\n", "")
