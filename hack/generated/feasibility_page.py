"""docs/reference/feasibility.md: the sums behind SLAFeasible, on examples that the code has added up."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from hack.generated import ROOT
from paddle_operator.documents import render
from paddle_operator.plan.means import means_of
from paddle_operator.reasons import Reason
from paddle_operator.sla.feasibility import feasibility, sum_lines
from paddle_operator.sla.means import NOTHING_KNOWN, Known, Rate, Unhurried
from paddle_operator.spec import parse

PAGE = ROOT / "docs" / "reference" / "feasibility.md"
REASONS = (
    Reason.FEASIBLE,
    Reason.MORE_TO_MEASURE,
    Reason.TOO_FEW_REPLICAS,
    Reason.STARTUP_BUDGET_TOO_SHORT,
    Reason.THRESHOLD_BELOW_SERVICE_TIME,
    Reason.LOAD_EXCEEDS_CAPACITY,
    Reason.BUDGET_BELOW_ONE_REQUEST,
    Reason.NOTHING_PROMISED,
)
HEAD = """\
<!-- Made by `make generate`; do not edit. -->

# Can the promise be kept? The sum behind SLAFeasible

The condition `SLAFeasible` compares what `spec.sla` promises with what there is to keep it: pods, probes,
the time that the model loads, what an answer takes, what a pod serves in time. `paddle-operator plan -f
FILE` prints the sum before anything is applied, as comments, so that its output stays YAML; `kubectl get pms
-o wide` has the column FEASIBLE; the condition's message says what matters of it.

Each figure says where it comes from: `given` in the resource, `default` of the field, `fixed` in every pod
that this version makes, `measured`, `at most` where it is not measured and cannot be more, `sum` of others.

| status | reason | meaning |
| --- | --- | --- |
"""
RULES = """
`False` is said only where figures say it, and always with what would help. What is not measured makes the
answer `Unknown`. A `False` stops nothing: the service is deployed and served all the same.

## What is added up
- **The loss of a pod** beside what availability lets fail, where traffic is even. A pod is lost at its worst
  when it hangs: the probes notice after `periodSeconds` x `failureThreshold` + `timeoutSeconds`. A single
  pod is then ended by the kubelet and loads its model again; of several, one takes its share of the requests
  with it until the probes notice; behind Envoy Gateway the others are sent its requests again, and the loss
  costs nothing. A promise must survive one loss in its window: [why
  one](../decisions/0030-feasible-survives-one-loss.md).
- **Planned replacement** costs nothing: a new pod is ready before an old one ends, which serves on and
  drains. A drained node ends a single pod first, and that is said.
- **The start of a pod** beside `model.preload.timeoutSeconds`, after which the startup probe gives up.
- **The time of an answer** beside each latency threshold. Counted are answers; whoever had to wait for a
  worker is taken for one who would have been in time with more pods. So a threshold that is said to be too
  low is so with any number of pods.
- **The load at its peak** (five minutes' mean) beside what all pods that there can be serve in time.
- **One failed request** beside what may fail of all requests that the window can have at the highest load
  seen.
- **Exclusions** leave less time in which requests count, and less of it may fail. Where they leave less than
  a thousandth of the time, nothing is promised. What they leave is reckoned over a leap year.
- **Objectives beside each other**: one that can never be used up, because another one breaks before it.

Pods that all run on one node are a remark: how often a node is lost is nothing that the resource says.

## Worked examples
"""
CAPACITY = """
## What a pod serves in time
The requests a second that one replica serves while the objectives hold, learned for each revision while it
serves. It is an interval, `low` to `high`, and nothing relies on more than `low`
([why](../decisions/0031-capacity-is-an-interval.md)).

- What a request costs is busy seconds over handled requests, which is right at any load. `workers / cost` is
  what no queue can exceed: that is `high`, or the load at which the objectives were seen broken, where that
  is less.
- `low` is the highest load at which they were seen kept; or, where that is more, what a queue of such
  workers serves in time if callers come independently (M/M/c, slower where costs scatter more), but never
  more than three times the highest load seen.
- Levels of load are a quarter apart; an objective held or broke at a level when its intervals say so with
  2.5 standard deviations. An interval counts for its level with 25 requests or more.
- Intervals in which a process began anew, was not sampled, or had fewer warm workers than it should have
  teach nothing, and neither do idle ones. What is three days old counts for half.

Whether callers come independently is seen from how many find no free worker: where that are clearly more
than by chance, they come in bursts, and only what was seen kept is relied on.
"""


@dataclass(frozen=True)
class Example:
    """A resource, what is known of it, and what one learns from its sum."""

    title: str
    lesson: str
    spec: dict[str, Any]
    known: Known = NOTHING_KNOWN


UP, FAST = "availability", "latency"
EXAMPLES = (
    Example(
        "One pod, 99.9 %, nothing measured yet",
        "Even if the model took all of the 300 s that it may, six such losses could be paid for.",
        {"sla": {"objectives": [{"name": "up", UP: {"targetPercent": "99.9"}}]}},
    ),
    Example(
        "One pod, 99.999 %",
        "The probes and the kubelet alone take longer than the 25 s that may fail: no load time can help.",
        {"sla": {"objectives": [{"name": "up", UP: {"targetPercent": "99.999"}}]}},
    ),
    Example(
        "Three pods behind Envoy Gateway, everything measured",
        "A lost pod costs nothing; the two others are not sure to carry the peak meanwhile.",
        {
            "scaling": {"replicas": 3},
            "routing": {"type": "GatewayAPI", "parentRefs": [{"name": "gw", "namespace": "infra"}]},
            "sla": {
                "objectives": [
                    {"name": "up", UP: {"targetPercent": "99.9"}},
                    {"name": "fast", FAST: {"percentile": "95", "thresholdMilliseconds": 400}},
                ]
            },
        },
        Known(
            load_seconds=Fraction(4),
            answers=Unhurried(41_200, 2_210, ((200, 30_100), (400, 40_950), (1000, 41_200))),
            capacity=Rate(Fraction("8.1"), Fraction("10.4")),
            peak=Rate(Fraction(17), Fraction("17.5")),
            nodes=("node-a", "node-b", "node-b"),
        ),
    ),
    Example(
        "A threshold below what an answer takes",
        "Three of four answers take longer than 100 ms without any waiting, so more pods do not help.",
        {
            "scaling": {"replicas": 6},
            "sla": {
                "objectives": [{"name": "fast", FAST: {"percentile": "95", "thresholdMilliseconds": 100}}]
            },
        },
        Known(answers=Unhurried(12_000, 240, ((100, 3_000), (200, 11_990), (500, 12_000)))),
    ),
)


def files() -> dict[Path, str]:
    """Return the page's text."""
    rows = "".join(f"| {_status(one)} | `{one}` | {one.meaning} |\n" for one in REASONS)
    worked = "\n".join(_worked(example) for example in EXAMPLES)
    return {PAGE: f"{HEAD}{rows}{RULES}\n{worked}{CAPACITY}"}


def _status(reason: Reason) -> str:
    return {Reason.FEASIBLE: "True", Reason.MORE_TO_MEASURE: "Unknown"}.get(reason, "False")


def _worked(example: Example) -> str:
    body = {
        "apiVersion": "serving.paddle-sla.io/v1alpha1",
        "kind": "PaddleModelService",
        "metadata": {"name": "ocr", "namespace": "prod"},
        "spec": {"model": {"uri": "builtin:ppocr-v4-mobile"}, **example.spec},
    }
    service = parse(body)
    found = feasibility(service.spec.sla, means_of(service, envoy_gateway=True), example.known)
    lines = "\n".join(sum_lines(found))
    return (
        f"### {example.title}\n{example.lesson}\n\n```yaml\n{render({'spec': example.spec})}```\n"
        f"```text\n{lines}\n```\nThe message: {found.message}\n"
    )
