"""Which mounts are ours."""

from __future__ import annotations

from pathlib import Path

from hack.cluster.leftovers import mounts_of_ours

STATE = Path("/root/.cache/paddle-sla/cluster")
MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:26 / /run rw,nosuid shared:5 - tmpfs tmpfs rw
31 22 0:27 / /var/lib rw - tmpfs paddle-sla rw
32 22 254:0 /x /root/.cache/paddle-sla/cluster/demo/fresh/kubelet rw - ext4 /dev/vda rw
33 22 254:0 /x /root/.cache/paddle-sla-other rw master:1 - ext4 /dev/vda rw
"""


def test_a_mount_is_ours_by_its_place_or_by_the_name_of_its_source() -> None:
    assert mounts_of_ours(MOUNTS, STATE) == [
        "/var/lib",
        "/root/.cache/paddle-sla/cluster/demo/fresh/kubelet",
    ]


def test_a_machine_without_a_cluster_has_none() -> None:
    assert mounts_of_ours(MOUNTS.splitlines()[0], STATE) == []
