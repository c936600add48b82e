"""An engine may not bind workers to one CPU. In processes of their own, since it cannot be taken back."""

from __future__ import annotations

import platform
import subprocess
import sys

# Paddle's builds for other machines have no OpenVINO, and nothing is forbidden there.
FORBIDDEN = platform.machine() == "x86_64"

BOUND_BY_HAND = """
import os, threading
from paddle_runtime.predictor.pinning import forbid_pinning
all_of_them = os.sched_getaffinity(0)
forbid_pinning(), forbid_pinning()
def bind():
    os.sched_setaffinity(0, {min(all_of_them)})
    print(os.sched_getaffinity(0) == all_of_them)
bind()
later = threading.Thread(target=bind)
later.start()
later.join()
"""

# What the kernel lets the thread use while it computes is looked at from another thread.
COMPUTING = """
import os, threading
import numpy
from paddle_runtime.bundle.store import builtin_path, open_bundle
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.opening import open_session
session = open_session(open_bundle(builtin_path("ppocr-v4-mobile")), "detect", DeviceSettings())
computing, done, seen = threading.get_native_id(), threading.Event(), []
def look():
    while not done.wait(0.002):
        seen.append(len(os.sched_getaffinity(computing)))
looking = threading.Thread(target=look)
looking.start()
for _ in range(3):
    session.run_one(numpy.zeros((1, 3, 640, 640), numpy.float32))
done.set()
looking.join()
print(len(seen) > 10, set(seen) == {len(os.sched_getaffinity(0))})
"""

WITHOUT_FILTERS = """
import logging
from paddle_runtime.predictor import pinning
logging.basicConfig(format="%(message)s")
pinning.SYS_SECCOMP = 100000
print(pinning.forbid_pinning())
"""


def said(program: str) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout, done.stderr


def test_a_thread_and_its_later_threads_cannot_be_bound() -> None:
    assert said(BOUND_BY_HAND)[0].split() == [str(FORBIDDEN)] * 2


def test_openvino_computes_wherever_the_scheduler_puts_it() -> None:
    assert said(COMPUTING)[0].split() == ["True", "True"]


def test_a_kernel_that_refuses_the_filter_is_told_in_the_log() -> None:
    out, err = said(WITHOUT_FILTERS)
    assert out.split() == ["False"]
    assert ("bind" in err) == ("OneDNN" in err) == FORBIDDEN
