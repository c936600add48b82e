"""Debian packages that the node is made of: looked up in one call, installed in one call where missing."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hack.cluster.commands import run
from hack.cluster.errors import ClusterError
from hack.cluster.layout import cache_root
from hack.cluster.progress import Progress

NODE_PACKAGES = (
    "ca-certificates",
    "conntrack",
    "containerd",
    "containernetworking-plugins",
    "etcd-server",
    "iproute2",
    "mount",
    "nftables",
    "openssl",
    "runc",
)

_POLICY = Path("/usr/sbin/policy-rc.d")
_POLICY_TEXT = (
    "#!/bin/sh\n# Put here by paddle-sla while it installs packages: no service is started.\nexit 101\n"
)


def installed(packages: Sequence[str]) -> dict[str, str]:
    """Versions of those of the packages that are installed."""
    shape = "${Package}\t${db:Status-Status}\t${Version}\n"
    shown = run(["dpkg-query", "-W", f"--showformat={shape}", *packages], check=False).stdout
    rows = [line.split("\t") for line in shown.splitlines()]
    return {row[0]: row[2] for row in rows if len(row) == 3 and row[1] == "installed"}


@contextmanager
def _in_turn() -> Iterator[None]:
    """One installation at a time: apt-get refuses a second one, and each has its policy file."""
    cache_root().mkdir(parents=True, exist_ok=True)
    with (cache_root() / "packages.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _services_stay_off() -> Iterator[None]:
    """Debian starts a service when it installs one; etcd or Prometheus on the host are not wanted."""
    mine = not _POLICY.exists()
    if mine:
        _POLICY.write_text(_POLICY_TEXT)
        _POLICY.chmod(0o755)
    try:
        yield
    finally:
        if mine:
            _POLICY.unlink(missing_ok=True)


def interrupted_install() -> list[Path]:
    """The policy file of an installation that was killed, if there is one."""
    ours = _POLICY.exists() and _POLICY.read_text(errors="replace") == _POLICY_TEXT
    return [_POLICY] if ours else []


def forget_interrupted_install() -> None:
    """Remove what an installation that was killed left behind."""
    if interrupted_install():
        with _in_turn():
            for path in interrupted_install():
                path.unlink(missing_ok=True)


def ensure(packages: Sequence[str], progress: Progress) -> dict[str, str]:
    """Install what is missing and return the versions of all; silent when there is nothing to do."""
    if shutil.which("dpkg-query") is None or shutil.which("apt-get") is None:
        raise ClusterError(
            f"apt-get was not found: the embedded node runs on Debian 12 or a relative; elsewhere install "
            f"{', '.join(packages)} and point KUBECONFIG at a cluster of your own"
        )
    have = installed(packages)
    missing = [package for package in packages if package not in have]
    if missing:
        if os.geteuid() != 0:
            raise ClusterError(f"root is needed once to install {' '.join(missing)}: run it with sudo")
        with (
            progress.step(f"Debian packages: {' '.join(missing)}") as step,
            _in_turn(),
            _services_stay_off(),
        ):
            _install(missing)
            have = installed(packages)
            step.done_as(", ".join(f"{name} {have[name]}" for name in missing if name in have))
    return have


def _install(missing: Sequence[str]) -> None:
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing]
    first = run(install, env=quiet, timeout=900, check=False)
    if first.returncode == 0:
        return
    run(["apt-get", "update", "-q"], env=quiet, timeout=300)
    run(install, env=quiet, timeout=900)
