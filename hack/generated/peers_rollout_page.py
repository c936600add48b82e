"""The section of docs/benchmarks.md on a broken second version under this operator and under its peers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hack.generated.benchmark_table import Result, spread, summary, table

HEAD = (
    "system",
    "rolled back",
    "callers hit",
    "seconds from its first request to its last",
    "requests that it took",
    "failed otherwise",
    "other runs beside",
    "load average of two CPUs",
    "of commit",
)

UNLIKE = "Runs met unlike loads: compare those of a like load and commit."
NOTHING_FOUND = ("query failed", "no values")
"""What Flagger says of a look that found nothing out, and that counts as a failed one."""
BESIDE = """\
What they do that this operator does not:

- Flagger rolls out any Deployment or DaemonSet, through a dozen meshes and gateways; sends by header or
  cookie and keeps a caller on one version; asks web hooks before, during and after; tells chats; takes
  metrics from eleven kinds of servers.
- Argo Rollouts rolls out any pods, in any steps of share, number and time; starts a fresh baseline
  beside the canary; judges by Jobs and web pages, too, and by as many kinds of servers; has a dashboard.
  It looks as often as it is told to.
- Both judge by whatever a query can say, and need no promise.

What the fast settings cost: one failed look is enough for them, and a good version has such looks, too.
How often is counted in the [simulation](reference/gate.md). The weights of Argo Rollouts' routes were
written by a stand-in for its plugin, whose module could not be had, and Flagger is the newest one whose
module could: [0057](decisions/0057-peers-on-the-same-cluster.md).
"""


def peers_rollout(figures: Result) -> list[str]:
    """Who was hit and for how long; how each was set."""
    systems: Mapping[str, Any] = figures["systems"]
    began = (
        f"A second version that fails 30 % of its requests, {figures['requests_a_second']:g} requests a "
        "second through one gateway, on one cluster; one pod of the digit classifier, the same for all. "
        "Counted is from the second version's first request to its last. Prometheus scrapes every 5 s, and "
        "all three judge by the same counters of Envoy or, this operator, by these and the pods' own.\n"
    )
    rows = [(name, *of_system(found["runs"]), found["commit"][:7]) for name, found in systems.items()]
    shown = [f"- {name}: `{json.dumps(found['settings'])}`" for name, found in systems.items()]
    return [
        "## A broken second version, beside Flagger and Argo Rollouts\n",
        began,
        table(HEAD, rows),
        f"By the median, fewest callers were hit under {_fewest_hit(systems)}. {UNLIKE}\n",
        "Settings; of this operator `spec.rollout`, of Flagger `spec.analysis`:\n",
        "\n".join(shown) + "\n",
        BESIDE,
    ]


def _fewest_hit(systems: Mapping[str, Any]) -> str:
    hit = {
        name: summary([run["callers_hit"] for run in found["runs"]])["median"]
        for name, found in systems.items()
    }
    return " and under ".join(name for name, median in hit.items() if median == min(hit.values()))


def of_system(runs: Sequence[Result]) -> tuple[str, ...]:
    """The cells of one system's runs."""
    back = [one for one in runs if one["rolled_back"]]
    unasked = sum(any(said in one["why"] for said in NOTHING_FOUND) for one in back)
    return (
        f"{len(back)} of {len(runs)}" + (f", {unasked} for want of an answer" if unasked else ""),
        *(
            spread(summary([one[what] for one in runs]), ".0f")
            for what in (
                "callers_hit",
                "seconds_to_rollback",
                "of_the_second_version",
                "failed_otherwise",
                "others_at_its_beginning",
                "load_average",
            )
        ),
    )
