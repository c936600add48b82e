"""A second version that fails 30 % of its requests, rolled out by each system: who is hit, and for how long.

    python -m benchmarks.peers_rollout                       all of them, 5 runs each, fifty minutes
    python -m benchmarks.peers_rollout --systems Flagger     those whose names begin so; other results stay
    python -m benchmarks.peers_rollout --good                without a fault; nothing is written

20 requests a second over each route of one gateway, on connections of their own, to one pod of the digit
classifier that everybody is given alike; counted are requests from the second version's first to its last.
Prometheus scrapes every 5 s. Each run has a namespace of its own. Two go on at a time, and beside them five
of the systems that take long (`at_once`): each run says how many others there were.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from benchmarks.peers_rollout.argo import ARGO
from benchmarks.peers_rollout.callers import Callers, met
from benchmarks.peers_rollout.flagger import FLAGGER
from benchmarks.peers_rollout.pods import NAME, Pods, pods_of
from benchmarks.peers_rollout.systems import OURS, System, promised
from benchmarks.runtime_record import COMMIT, ROOT, write
from hack.cluster import addons, programs
from hack.cluster.addons_extras import EXTRAS
from hack.cluster.api import ClusterInfo
from hack.cluster.progress import Progress
from hack.demo.embedded import EmbeddedSite, embedded_site
from hack.e2e_site import CLUSTER
from tests.e2e.load import Request
from tests.e2e.resources import DIGITS_REQUEST
from tests.e2e.wrapped_runtime import FAULTY, wrapped_runtime

SYSTEMS: tuple[System, ...] = (*OURS, *FLAGGER, *ARGO)
RESULT = ROOT / "benchmarks" / "results" / "peers_rollout.json"
PER_SECOND = 20.0
BEFORE_SECONDS, AFTER_SECONDS = 20.0, 10.0


@dataclass
class Going:
    """How many runs go on."""

    count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def change(self, by: int) -> int:
        """Begin or end one; how many there are."""
        with self.lock:
            self.count += by
            return self.count


@dataclass(frozen=True)
class Series:
    """What all runs share."""

    site: EmbeddedSite
    pods: Pods
    until: float
    """After this moment, of the monotonic clock, none is begun."""
    going: Going = field(default_factory=Going)

    def run(self, system: System, number: int) -> dict[str, Any]:
        """One rollout, from nothing to the end of its namespace."""
        if time.monotonic() > self.until:
            raise TimeoutError(f"{system.name}, run {number}: not begun, since the time was over")
        namespace = f"peers-{SYSTEMS.index(system)}-{number}"
        self.site.make_namespace(namespace)
        beside = self.going.change(1) - 1
        try:
            found = self._measured(system, namespace)
        finally:
            self.going.change(-1)
            self.site.kube(namespace).delete("namespace", namespace, "--wait=false")
        found |= {"others_at_its_beginning": beside}
        print(f"{system.name}, run {number}: {found}", file=sys.stderr, flush=True)
        return found

    def _measured(self, system: System, namespace: str) -> dict[str, Any]:
        kube, host = self.site.kube(namespace), f"{namespace}.example.com"
        system.deploy(kube, host, self.pods)
        url = f"{self.site.gateway_url}/v2/models/{NAME}/infer"
        request = Request(url, DIGITS_REQUEST.read_bytes(), "application/json", host)
        began = datetime.now(UTC)
        with Callers(request, PER_SECOND) as callers:
            time.sleep(BEFORE_SECONDS)
            system.update(kube, host, self.pods)
            rolled_back = system.rolled_back(kube)
            time.sleep(AFTER_SECONDS)
            why = system.why(kube)
        return {
            "began": began.isoformat(timespec="seconds"),
            "rolled_back": rolled_back,
            "why": why,
            "load_average": round(os.getloadavg()[0], 1),
            **met(callers.answers),
        }


def measure(series: Series, systems: Sequence[System], runs: int, together: int) -> dict[str, Any]:
    """All runs: the short ones in turn, one of each and then the next of each."""
    long = [system for system in systems if system.at_once]
    short = [system for system in systems if not system.at_once]
    with (
        ThreadPoolExecutor(together) as in_turn,
        ThreadPoolExecutor(runs) as at_once,  # more pods than those of one system do not fit a node of 24 GiB
    ):
        order = [(at_once, system, number) for system in long for number in range(runs)]
        order += [(in_turn, system, number) for number in range(runs) for system in short]
        asked = [(system, pool.submit(series.run, system, number)) for pool, system, number in order]
    return {
        system.name: {
            "settings": dict(system.settings),
            "commit": COMMIT,
            "runs": [found for its, run in asked if its is system and (found := of(run)) is not None],
        }
        for system in systems
    }


def of(run: Future[dict[str, Any]]) -> dict[str, Any] | None:
    """What it found; none of a run that did not come to its end, which costs no other its result."""
    if (error := run.exception()) is None:
        return run.result()
    print(f"a run failed: {error}", file=sys.stderr, flush=True)
    return None


def prepared(site: EmbeddedSite, good: bool) -> Pods:
    """The pods, by way of one service of this operator's."""
    broken = wrapped_runtime(ClusterInfo(CLUSTER), FAULTY, Progress())
    namespace = "peers-pods"
    site.make_namespace(namespace)
    try:
        pods = pods_of(site.kube(namespace), promised(), broken)
    finally:
        site.kube(namespace).delete("namespace", namespace, "--wait=false")
    return replace(pods, fault="") if good else pods


def versions() -> dict[str, str]:
    """Of the peers, as their tools modules pin them."""
    return {name: EXTRAS[name].version() for name in addons_of(SYSTEMS)}


def addons_of(systems: Sequence[System]) -> list[str]:
    """What they need in the cluster."""
    return sorted({system.addon for system in systems if system.addon})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--together", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=60, help="begin no run after so many")
    parser.add_argument("--systems", nargs="*", default=[""])
    parser.add_argument("--good", action="store_true")
    asked = parser.parse_args()
    systems = [system for system in SYSTEMS if system.name.startswith(tuple(asked.systems))]
    needed = addons_of(systems)
    programs.ensure(Progress(), needed)
    site = embedded_site(CLUSTER, Progress())
    if needed:
        addons.install(ClusterInfo(CLUSTER), Progress(), needed)
    series = Series(site, prepared(site, asked.good), time.monotonic() + 60 * asked.minutes)
    found = measure(series, systems, asked.runs, asked.together)
    if asked.good:
        return
    earlier = json.loads(RESULT.read_text())["figures"]["systems"] if RESULT.exists() else {}
    both = {**earlier, **found}
    in_order = {system.name: both[system.name] for system in SYSTEMS if system.name in both}
    write("peers_rollout", {"requests_a_second": PER_SECOND, "systems": in_order}, versions())


if __name__ == "__main__":
    main()
