"""A handful of the trials of tests/soak/kill.py, which by hand does at least a hundred of each."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "soak" / "kill.py"


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")
@pytest.mark.parametrize("scenario", ["rate", "move", "move-away", "undo", "recover", "cull", "choose", "export"])
def test_killed_at_random_moments_nothing_is_lost(scenario: str) -> None:
    command = [sys.executable, str(SCRIPT), "--trials", "2", "--only", scenario]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    if "not possible" in done.stdout:
        pytest.skip(done.stdout.strip())
