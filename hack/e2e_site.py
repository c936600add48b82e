"""Bring up what the end-to-end tests use, with its progress in sight; pytest would hide it for minutes."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hack.cluster.layout import Layout

CLUSTER = os.environ.get("PADDLE_SLA_TEST_CLUSTER", "e2e")
"""Another name lets two checkouts test beside each other, each on a cluster of its own."""
BARE_CLUSTER = f"b{CLUSTER}"[:8]
"""A node beside it, without add-ons, for tests that bring an operator of their own."""


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Processes of tests that install something in the cluster take turns: helm refuses two at once."""
    root = Layout.of(CLUSTER).root
    root.mkdir(parents=True, exist_ok=True)
    with (root / "tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Quick when everything is there; a failure is one line with the next step."""
    # Here, so that naming the cluster costs no import of the whole embedded cluster.
    from hack.cluster.errors import ClusterError  # noqa: PLC0415
    from hack.cluster.progress import Progress  # noqa: PLC0415
    from hack.demo.embedded import embedded_site  # noqa: PLC0415

    try:
        embedded_site(CLUSTER, Progress())
    except ClusterError as failure:
        print(f"the tests' cluster did not come up: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
