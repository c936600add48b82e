"""`make demo`, `make demo-clean`, `make clean-all`: from nothing to a page through the gateway, and back."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from hack.cluster import leftovers, node
from hack.cluster.constants import DEFAULT_NAME
from hack.cluster.errors import ClusterError
from hack.cluster.progress import Progress, seconds
from hack.demo import own_cluster, reading
from hack.demo.embedded import embedded_site
from hack.demo.site import Site
from hack.demo.view import watch_until_ready
from hack.e2e_site import BARE_CLUSTER, CLUSTER

NAMESPACE = "demo"
READY_SECONDS = 300.0


def up(environment: Mapping[str, str]) -> int:
    """THE DEMO: a cluster with everything in it, a service, a page, what was read."""
    started, progress, console = time.monotonic(), Progress(), Console(stderr=True)
    progress.say("paddle-sla: from nothing to a page read through the gateway")
    site = build_site(environment, progress)
    site.make_namespace(NAMESPACE)
    example = site.example
    name = site.kube(NAMESPACE).apply_file(example)
    progress.say(f"  applied {example.relative_to(Path.cwd())}; its conditions, until it is ready:")
    took = watch_until_ready(site.kube(NAMESPACE), name, console, timeout=READY_SECONDS)
    progress.say(f"  ✓ {name} is Ready  ({seconds(took)})")
    with site.reach(NAMESPACE, name) as service:
        reading.show(service, console)
    progress.say(f"\ndone in {seconds(time.monotonic() - started)}. To look further:")
    progress.say(site.hints(NAMESPACE, name))
    return 0


def build_site(environment: Mapping[str, str], progress: Progress) -> Site:
    """The user's cluster where there is one, else the embedded node."""
    if own := own_cluster.kubeconfig_of(environment):
        progress.say(f"  KUBECONFIG is set: using the cluster of {own}")
        return own_cluster.from_kubeconfig(own, environment, progress)
    if engine := own_cluster.kind_engine(environment):
        progress.say(f"  kind and {engine} are here: using a kind cluster")
        return own_cluster.from_kind(engine, progress)
    return embedded_site(DEFAULT_NAME, progress)


def clean(environment: Mapping[str, str]) -> int:
    """Take away what `up` made, and prove that nothing of it is left. Other clusters stay."""
    progress = Progress()
    if own := own_cluster.kubeconfig_of(environment):
        return own_cluster.clean(own, progress)
    own_cluster.clean_kind(environment, progress)
    node.down(DEFAULT_NAME, progress)
    return _proven(leftovers.find(DEFAULT_NAME), "the demo", progress)


def clean_all(environment: Mapping[str, str]) -> int:
    """Take away the demo and the clusters of the tests, and prove that nothing of any cluster is left."""
    progress = Progress()
    code = clean(environment)
    for name in (CLUSTER, BARE_CLUSTER):
        node.down(name, progress)
    return _proven(leftovers.find(None), "any cluster", progress) or code


def _proven(left: Sequence[str], of: str, progress: Progress) -> int:
    for line in left:
        progress.say(f"  left behind: {line}")
    progress.say(f"nothing of {of} is left" if not left else "see the lines above")
    return 1 if left else 0


COMMANDS: Mapping[str, Callable[[Mapping[str, str]], int]] = {
    "up": up,
    "clean": clean,
    "clean-all": clean_all,
}


def main() -> int:
    """Run one command; a failure of ours is one line with the next step, not a traceback."""
    parser = argparse.ArgumentParser(prog="python -m hack.demo", description=__doc__)
    parser.add_argument("command", choices=sorted(COMMANDS))
    command = parser.parse_args().command
    try:
        return COMMANDS[command](os.environ)
    except ClusterError as failure:
        print(
            f"\nthe demo stopped: {failure}\n"
            "`make demo` again continues; `make demo-clean` removes everything",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("\nstopped; `make demo` again continues, `make demo-clean` removes everything", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
