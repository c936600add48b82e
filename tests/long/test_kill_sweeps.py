"""kill -9 of the demo at many moments while it works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from hack.cluster import leftovers
from hack.demo.site import ROOT

pytestmark = [pytest.mark.long, pytest.mark.timeout(1500)]
DEMO = (sys.executable, "-m", "hack.demo")


@pytest.mark.parametrize("after_seconds", [1, 4, 9, 15, 25, 40])
def test_a_demo_killed_at_any_moment_is_cleaned_up(after_seconds: int) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "KUBECONFIG"}
    demo = subprocess.Popen(
        [*DEMO, "up"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(after_seconds)
    demo.send_signal(signal.SIGKILL)
    demo.wait()
    cleaned = subprocess.run(
        [*DEMO, "clean"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert cleaned.returncode == 0, cleaned.stderr
    assert leftovers.find("demo") == []
