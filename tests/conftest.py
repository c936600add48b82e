"""What holds for all tests."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import settings
from xdist.remote import Producer

from tests.sharing import Sharing, rank

# Property tests look for wrong answers, not for slow ones: a busy machine is no failure.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first."""
    items.sort(key=lambda item: rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Sharing | None:
    """Let `--dist loadfile` know which files belong together."""
    return Sharing(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:
    """How a process of xdist that is lost ended, a negative number being a signal: xdist keeps it quiet."""
    if error is None:
        return
    try:
        ended = node.gateway._io.popen.wait(10)
    except subprocess.TimeoutExpired:
        ended = "not yet: it runs on, and its connection is lost"
    print(f"\n{node.gateway.id} ended: {ended}", file=sys.stderr, flush=True)
