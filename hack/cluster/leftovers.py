"""What of ours is still on the machine, so that tests and `make demo-clean` can show that nothing is.

Everything is recognised by names and paths that are ours only.
"""

from __future__ import annotations

from pathlib import Path

from hack.cluster import cgroups, network, packages
from hack.cluster.constants import LINK_PREFIX, addresses_of
from hack.cluster.layout import clusters_root
from hack.cluster.processes import owned

_MOUNT_SOURCE = "paddle-sla"


def mounts_of_ours(mountinfo: str, state: Path) -> list[str]:
    """Mount points below our state folder, or made from our named tmpfs (fields as in proc(5))."""
    found = []
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        point, source = before.split()[4], after.split()[1]
        if source == _MOUNT_SOURCE or Path(point).is_relative_to(state):
            found.append(point)
    return found


def _command_line(pid: int) -> str:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return "(ended)"
    return raw.replace(b"\0", b" ").decode(errors="replace")[:100].strip()


def _named_namespaces() -> list[str]:
    folder = Path("/run/netns")
    return [str(entry) for entry in folder.glob(f"{LINK_PREFIX}*")] if folder.is_dir() else []


def find(name: str | None = None) -> list[str]:
    """One line for everything that is left of a cluster, or of all clusters when no name is given."""
    mountinfo = Path("/proc/self/mountinfo").read_text()
    state = clusters_root() if name is None else clusters_root() / name
    links = [link for link in network.links() if name is None or link == f"{LINK_PREFIX}{name}"]
    ranges = {addresses_of(found.removeprefix(LINK_PREFIX)).whole for found in links}
    if name is not None:
        ranges.add(addresses_of(name).whole)
    routes = [route for route in network.routes() if route["dst"] in ranges]
    return [
        *(f"process {pid}: {_command_line(pid)}" for pid in sorted(owned(name))),
        *(f"mount {point}" for point in mounts_of_ours(mountinfo, state)),
        *(f"namespace {path}" for path in _named_namespaces()),
        *(f"link {link}" for link in links),
        *(f"route {route['dst']} dev {route.get('dev')}" for route in routes),
        *(f"nft table {table}" for table in network.tables()),
        *(f"cgroup {path}" for path in cgroups.remaining(name)),
        *(f"file {path}" for path in packages.interrupted_install()),
    ]
