"""The node's first process: pid 1 of the bundle. It starts the components, starts them again when they end,
and collects orphans. When it ends, the kernel ends everything else.

Run as `python -m hack.cluster.first_process NAME` inside new namespaces, by `node.py` only.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from hack.cluster import network
from hack.cluster.commands import run
from hack.cluster.components import (
    API,
    CONTAINERD,
    ETCD,
    ETCD_HEALTH,
    NOTHING,
    Component,
    Plan,
    all_components,
)
from hack.cluster.configuration import CONTAINERD_SOCKET
from hack.cluster.constants import API_PORT, PROCESS_MARK, addresses_of, node_name_of
from hack.cluster.layout import Layout, bin_dir

_RESTART_AFTER_SECONDS = 1.0
_POLL_SECONDS = 0.05
_IDLE_SECONDS = 60.0
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What containerd remembers of dead containers; the images themselves are kept.
_DEAD_STATE = ("io.containerd.grpc.v1.cri", "io.containerd.runtime.v2.task", "tmpmounts")


@dataclass
class Running:
    """A component with its process, or the moment from which it may start again."""

    component: Component
    process: subprocess.Popen[bytes] | None = None
    not_before: float = 0.0
    starts: int = 0


@dataclass
class Node:
    """All that the first process holds."""

    name: str
    layout: Layout
    plan: Plan
    components: list[Running] = field(default_factory=list)
    containerd_clean: bool = False


def mount_private(layout: Layout) -> None:
    """Give the node a /run, /var/lib and /var/log of its own; the machine's stay as they are."""
    run(["mount", "--make-rshared", "/"])
    for target in ("/run", "/var/lib"):
        run(["mount", "-t", "tmpfs", "-o", "mode=0755", "paddle-sla", target])
    binds = {
        "/var/lib/kubelet": layout.kubelet,
        "/var/lib/containerd": layout.images,
        "/var/log": layout.pod_logs,
    }
    for target, source in binds.items():
        source.mkdir(parents=True, exist_ok=True)
        Path(target).mkdir(exist_ok=True)
        run(["mount", "--bind", source, target])
    for name in _DEAD_STATE:
        shutil.rmtree(layout.images / name, ignore_errors=True)


def _answers(url: str, context: ssl.SSLContext | None = None) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2, context=context) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def may_start(node: Node, after: str) -> bool:
    """Whether what a component waits for is there."""
    if after == ETCD:
        return _answers(ETCD_HEALTH)
    if after == API:
        trust = ssl.create_default_context(cafile=node.plan.file("ca.crt"))
        return _answers(f"https://{node.plan.addresses.node}:{API_PORT}/readyz", trust)
    if after == CONTAINERD:
        return node.containerd_clean or _forget_dead_containers(node)
    return after == NOTHING


def _forget_dead_containers(node: Node) -> bool:
    """Remove the containers of an earlier life from the image store, so that kubelet starts with none.

    containerd has read them by then, so it is started again when there were any.
    """
    if not Path(CONTAINERD_SOCKET).exists():
        return False
    client = ("ctr", "-n", "k8s.io", "containers")
    listed = run([*client, "ls", "-q"], check=False)
    if listed.returncode != 0:
        return False
    node.containerd_clean = True
    dead = listed.stdout.split()
    if dead:
        run([*client, "rm", *dead], check=False, timeout=120)
        running = next(each for each in node.components if each.component.name == "containerd")
        if running.process is not None:
            running.process.terminate()
            Path(CONTAINERD_SOCKET).unlink(missing_ok=True)
        return False
    return True


def start(node: Node, running: Running) -> None:
    """Start a component with a clean environment and a log of its own."""
    environment = {
        "PATH": f"{bin_dir()}:{_SYSTEM_PATH}",
        "HOME": "/root",
        "LANG": "C.UTF-8",
        PROCESS_MARK: node.name,
    }
    with (node.layout.logs / f"{running.component.name}.log").open("ab") as log:
        running.process = subprocess.Popen(
            running.component.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd="/"
        )
    running.starts += 1


def report(node: Node) -> None:
    """Write what runs, for `status` and for tests that kill a component."""
    content = {
        "components": {
            each.component.name: {"pid": each.process.pid, "starts": each.starts}
            for each in node.components
            if each.process is not None
        }
    }
    draft = node.layout.node_status.with_suffix(".draft")
    draft.write_text(json.dumps(content, indent=2))
    draft.replace(node.layout.node_status)


def reap(node: Node, now: float) -> bool:
    """Collect ended processes, orphans of containers among them; True when a component was one."""
    changed = False
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return changed
        if pid == 0:
            return changed
        for running in node.components:
            if running.process is not None and running.process.pid == pid:
                running.process.returncode = os.waitstatus_to_exitcode(status)
                running.process = None
                running.not_before = now + _RESTART_AFTER_SECONDS
                changed = True


def start_what_may(node: Node, now: float) -> bool:
    """Start every component whose turn it is; True when there was one."""
    waiting = [each for each in node.components if each.process is None and now >= each.not_before]
    conditions = {after: may_start(node, after) for after in {each.component.after for each in waiting}}
    startable = [each for each in waiting if conditions[each.component.after]]
    for running in startable:
        start(node, running)
    return bool(startable)


def _wake_on_child() -> int:
    """A file descriptor that becomes readable when a child ends.

    Not by blocking SIGCHLD: the components would inherit the mask, and containerd's shims need that signal.
    """
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return reader


def supervise(node: Node) -> None:
    """Start what may start, for ever."""
    wake = _wake_on_child()
    while True:
        changed = reap(node, time.monotonic())
        changed = start_what_may(node, time.monotonic()) or changed
        if changed:
            report(node)
        waiting = any(each.process is None for each in node.components)
        if select.select([wake], [], [], _POLL_SECONDS if waiting else _IDLE_SECONDS)[0]:
            os.read(wake, 4096)


def main(name: str) -> None:
    """Prepare mounts and network of the new namespaces, then run the components."""
    layout = Layout.of(name)
    plan = Plan(bin_dir(), layout.etc, layout.audit_log, node_name_of(name), addresses_of(name))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    mount_private(layout)
    socket.sethostname(node_name_of(name))
    network.prepare_inside(plan.addresses)
    supervise(Node(name, layout, plan, [Running(component) for component in all_components(plan)]))


if __name__ == "__main__":
    main(sys.argv[1])
