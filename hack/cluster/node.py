"""Bringing the embedded node up, down, and telling how it is."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hack.cluster import certificates, cgroups, configuration, network, packages, programs
from hack.cluster.api import ClusterInfo
from hack.cluster.commands import run
from hack.cluster.constants import API_PORT, PAUSE_IMAGE, PROCESS_MARK, cgroup_of, check_name
from hack.cluster.errors import ClusterError, NotReady
from hack.cluster.health import readiness, running_components
from hack.cluster.images import pause
from hack.cluster.layout import bin_dir, cache_root
from hack.cluster.processes import first_process, kill_cluster, owned
from hack.cluster.progress import Progress, Step

_REPOSITORY = Path(__file__).resolve().parents[2]
_NODE_PROGRAMS = ("pause", "kubernetes")
_FIRST_READY_SECONDS = 180.0
_STILL_READY_SECONDS = 45.0
_NAMESPACES_SECONDS = 15.0
_IMAGE_STORE_LIMIT_BYTES = 15 * 10**9
_KUBECONFIGS = ("controller-manager", "scheduler", "kubelet", "kube-proxy")


@contextmanager
def exclusive(cluster: ClusterInfo) -> Iterator[None]:
    """One `up` or `down` at a time; the kernel lets go of the lock when its holder is killed."""
    cluster.layout.root.mkdir(parents=True, exist_ok=True)
    with cluster.layout.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def require_root() -> None:
    """The node needs namespaces, mounts and cgroups."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise ClusterError(
            "the embedded node runs on Linux as root: use sudo, or point KUBECONFIG at a cluster of your own"
        )


def _wait_until_ready(cluster: ClusterInfo, step: Step, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        ready, missing = readiness(cluster)
        if ready:
            return
        step.note(missing)
        if time.monotonic() > deadline:
            raise NotReady(
                f"cluster {cluster.name!r} is not ready after {seconds:.0f} s: {missing}. "
                f"Its logs are in {cluster.layout.logs}"
            )
        if first_process(cluster.name) is None:
            raise NotReady(f"the node ended: see {cluster.layout.logs / 'first-process.log'}")
        _repair_link(cluster)
        time.sleep(0.1)


def _repair_link(cluster: ClusterInfo) -> None:
    first = first_process(cluster.name)
    if first is not None:
        network.ensure_link(cluster.name, cluster.addresses, first)


def write_configuration(cluster: ClusterInfo) -> None:
    """Certificates, kubeconfigs and configuration of a fresh cluster."""
    etc, addresses = cluster.layout.etc, cluster.addresses
    certificates.make_all(etc, addresses, cluster.node_name)
    for leaf in _KUBECONFIGS:
        (etc / f"{leaf}.kubeconfig").write_text(certificates.kubeconfig(etc, leaf, addresses.node))
    cluster.kubeconfig.write_text(certificates.kubeconfig(etc, "admin", addresses.node))
    cni = etc / "cni"
    cni.mkdir()
    plugins = cluster.layout.fresh / "volume-plugins"
    files = {
        etc / "containerd.toml": configuration.containerd(cni),
        cni / "10-pods.conflist": configuration.network(addresses),
        etc / "resolv.conf": configuration.resolver(addresses),
        etc / "audit-policy.json": configuration.audit_policy(),
        etc / "kubelet.json": configuration.kubelet(addresses, etc, cgroup_of(cluster.name), plugins),
    }
    for path, text in files.items():
        path.write_text(text)


def _launch(cluster: ClusterInfo) -> None:
    """Start the bundle: new namespaces whose first process starts everything else."""
    cluster.layout.logs.mkdir(parents=True, exist_ok=True)
    command = [
        *("setsid", "--fork", "unshare", "--net", "--pid", "--mount", "--uts", "--ipc"),
        *("--fork", "--mount-proc", "--kill-child"),
        *(sys.executable, "-m", "hack.cluster.first_process", cluster.name),
    ]
    environment = {**os.environ, PROCESS_MARK: cluster.name, "PADDLE_SLA_CACHE": str(cache_root())}
    with (cluster.layout.logs / "first-process.log").open("wb") as log:
        subprocess.run(
            command,
            cwd=_REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=True,
        )


def _until(what: Callable[[], bool], seconds: float, otherwise: str) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            raise NotReady(otherwise)
        time.sleep(0.02)


def start_fresh(cluster: ClusterInfo, progress: Progress) -> None:
    """A new cluster from nothing but the image store."""
    with progress.step("node: etcd, control plane, kubelet, containerd") as step:
        clean(cluster)
        network.check_free(cluster.name, cluster.addresses)
        shutil.rmtree(cluster.layout.logs, ignore_errors=True)
        write_configuration(cluster)
        cgroups.create(cluster.name)
        _launch(cluster)
        log = cluster.layout.logs / "first-process.log"
        _until(
            lambda: first_process(cluster.name) is not None,
            _NAMESPACES_SECONDS,
            f"the node's namespaces were not made: see {log}",
        )
        _wait_until_ready(cluster, step, _FIRST_READY_SECONDS)


def clean(cluster: ClusterInfo) -> None:
    """Remove everything of a cluster but its image store and logs, however it came to be."""
    left = kill_cluster(cluster.name)
    if left:
        raise ClusterError(f"processes {left} of cluster {cluster.name!r} do not end")
    if not network.remove_link(cluster.name):
        raise ClusterError(f"the link of cluster {cluster.name!r} cannot be removed")
    remaining = cgroups.remove(cluster.name)
    if remaining:
        raise ClusterError(f"cgroups cannot be removed: {', '.join(map(str, remaining))}")
    shutil.rmtree(cluster.layout.fresh, ignore_errors=True)


def _ensure_pause_image(cluster: ClusterInfo) -> None:
    if PAUSE_IMAGE not in cluster.images():
        archive = cluster.layout.fresh / "pause.tar"
        cluster.load(pause.write_archive(bin_dir() / "pause", PAUSE_IMAGE, archive))
        archive.unlink()


def up(name: str, progress: Progress) -> ClusterInfo:
    """Bring the node up, or check and repair the one that runs. Returns when pods can run."""
    require_root()
    cluster = ClusterInfo(check_name(name))
    packages.forget_interrupted_install()
    packages.ensure(packages.NODE_PACKAGES, progress)
    programs.ensure(progress, _NODE_PROGRAMS)
    with exclusive(cluster):
        if first_process(name) is None or not _recovers(cluster, progress):
            start_fresh(cluster, progress)
        _ensure_pause_image(cluster)
    return cluster


def _recovers(cluster: ClusterInfo, progress: Progress) -> bool:
    if not cluster.kubeconfig.exists():
        return False
    if readiness(cluster)[0]:
        return True
    try:
        with progress.step(f"repairing the running cluster {cluster.name!r}") as step:
            _wait_until_ready(cluster, step, _STILL_READY_SECONDS)
    except NotReady as failure:
        progress.say(f"  {failure}; starting a fresh one")
        return False
    return True


def down(name: str, progress: Progress, *, images: bool = False) -> None:
    """End the cluster and remove all that it made, whatever state it is in; caches stay unless `images`."""
    require_root()
    cluster = ClusterInfo(check_name(name))
    packages.forget_interrupted_install()
    with exclusive(cluster), progress.step(f"taking down cluster {name!r}") as step:
        step.done_as(f"{len(owned(name))} processes")
        clean(cluster)
        if drop_large_store(cluster.layout.images, 0 if images else _IMAGE_STORE_LIMIT_BYTES):
            step.note("image store removed")


def drop_large_store(images: Path, limit_bytes: int = _IMAGE_STORE_LIMIT_BYTES) -> bool:
    """Remove an image store that has grown past the limit; the next `up` imports what it needs again.

    Each change of a source leaves an image behind, and kubelet collects none, since no registry has them.
    """
    if not images.exists():
        return False
    used = int(run(["du", "-s", "--block-size=1", images], check=False).stdout.split()[0])
    if used <= limit_bytes:
        return False
    shutil.rmtree(images, ignore_errors=True)
    return True


def status(name: str) -> dict[str, Any]:
    """What a person or a script wants to know about a cluster."""
    cluster = ClusterInfo(check_name(name))
    ready, missing = readiness(cluster)
    return {
        "name": name,
        "ready": ready,
        "missing": missing,
        "kubeconfig": str(cluster.kubeconfig),
        "logs": str(cluster.layout.logs),
        "api": f"https://{cluster.addresses.node}:{API_PORT}",
        "processes": len(owned(name)),
        "components": running_components(cluster) if owned(name) else {},
    }
