"""How processes share the tests: files whole, the longest first, and one node's files to one process."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

LONGEST_FIRST = (
    "tests/e2e/test_calm_service.py",
    "tests/e2e/operator/",
    "tests/e2e/test_accelerators.py",
    "tests/e2e/test_rollout.py",
    "tests/e2e/test_hostile_requests.py",
    "tests/e2e/prometheus/",
    "tests/runtime/",
    "tests/sweep/",
)
"""A long file that begins last keeps one process busy and the other waiting."""
TOGETHER = ("tests/e2e/operator/",)
"""Folders whose files share a node with one operator on it."""


def rank(nodeid: str) -> int:
    """Which turn a test has; those of one turn keep their order."""
    found = (place for place, start in enumerate(LONGEST_FIRST) if nodeid.startswith(start))
    return next(found, len(LONGEST_FIRST))


def share(nodeid: str) -> str:
    """What is handed out as a whole."""
    return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid.partition("::")[0])


class Sharing(LoadFileScheduling):
    """Hand out shares."""

    def _split_scope(self, nodeid: str) -> str:
        return share(nodeid)
