"""What a lost, replaced or starting pod costs, beside what the promise lets fail. Pure.

A pod is lost at its worst when it hangs: only the probes find that out, and the kubelet waits for it to end.
A promise has to survive one such loss in each window (docs/decisions/0030-feasible-survives-one-loss.md).
"""

from __future__ import annotations

import math
from fractions import Fraction

from paddle_operator.reasons import Reason
from paddle_operator.sla.figures import Figure, Origin, Term, Unit, duration_text, percent_text, seconds
from paddle_operator.sla.means import MOST_PODS, Allowed, Finding, Holds, Known, Means, percent_that_fits

_LOAD_TIME = "the model's load time"
_SLOW_START = Fraction(1, 2)


def loss_of_a_pod(allowed: Allowed, means: Means, known: Known) -> Finding:
    """Compare the loss of one pod with the availability that is promised."""
    noticed = _noticed(means)
    if means.least_pods.value > 1:
        return _of_several(allowed, means, noticed)
    return _of_the_only_one(allowed, means, known, noticed)


def planned_replacement(means: Means, known: Known) -> Finding:
    """Show why a pod that is replaced costs no request, and what a drained node costs a single pod."""
    terms = (
        Term("a new pod is ready before an old one ends", Figure(Fraction(1), Unit.PODS, Origin.FIXED)),
        Term("an old one goes on serving until no proxy sends to it", means.pre_stop),
        Term("then it finishes what it holds", means.drain),
        Term("no request is longer", means.longest_request),
    )
    result = "a planned one costs nothing"
    return Finding("replacement of a pod", Holds.YES, result, terms, remark=_drained_node(means, known))


def start_of_a_pod(means: Means, known: Known) -> Finding:
    """Compare the time that the model takes to load with what the startup probe allows."""
    about, allows = "start of a pod", Term("loading may take", means.startup)
    if known.load_seconds is None:
        result = f"a pod that has not loaded within {means.startup} is started anew"
        return Finding(about, Holds.OPEN, result, (allows,), missing=(_LOAD_TIME,))
    took = Term("it takes", _load(known.load_seconds))
    terms = (allows, took)
    if known.load_seconds > means.startup.value:
        return Finding(
            about,
            Holds.NO,
            f"the model takes {took.figure} to load, and after {means.startup} the pod is started anew",
            terms,
            Reason.STARTUP_BUDGET_TOO_SHORT,
            f"set spec.model.preload.timeoutSeconds to {math.ceil(known.load_seconds * 3 / 2)} or more",
        )
    slow = known.load_seconds > means.startup.value * _SLOW_START
    remark = f"loading takes {took.figure} of the {means.startup} allowed: a busy node can exceed that"
    result = f"the model loads in {took.figure} of {means.startup}"
    return Finding(about, Holds.YES, result, terms, remark=remark if slow else "")


def spread_of_pods(known: Known) -> Finding | None:
    """Say where all pods that serve are lost together; None where they are not."""
    nodes = set(known.nodes)
    if len(known.nodes) < 2 or len(nodes) > 1:
        return None
    node = next(iter(nodes))
    pods = Figure(Fraction(len(known.nodes)), Unit.PODS, Origin.MEASURED)
    remark = (
        f"all {len(known.nodes)} pods run on node {node}: its loss is the loss of all of them, for as long "
        "as Kubernetes waits before it replaces them, five minutes by default. Add a node, or a spread over "
        "nodes in spec.runtime.pod.affinity"
    )
    return Finding(
        "places of the pods", Holds.YES, "one node", (Term(f"on node {node}", pods),), remark=remark
    )


def _noticed(means: Means) -> Term:
    """At worst the pod hangs right after a probe, and the last probe that fails takes its full time."""
    parts = (means.probe_period, means.probe_failures, means.probe_timeout)
    given = any(part.origin is Origin.GIVEN for part in parts)
    time = means.probe_period.value * means.probe_failures.value + means.probe_timeout.value
    how = f"{means.probe_period} x {means.probe_failures.value} + {means.probe_timeout}"
    return Term("the probes notice", seconds(time, Origin.GIVEN if given else Origin.DEFAULT), how)


def _of_several(allowed: Allowed, means: Means, noticed: Term) -> Finding:
    pods = means.least_pods.value
    cost = Fraction(0) if means.repeats else noticed.figure.value / pods
    terms = (
        _budget(allowed),
        noticed,
        Term(
            "of the requests that long", Figure(1 / pods, Unit.SHARE, Origin.SUM), f"1 of {means.least_pods}"
        ),
        Term("one loss costs", seconds(cost, Origin.SUM), _how_shared(means)),
    )
    if means.repeats:
        result = f"one pod of {pods} can be lost: the gateway sends its requests to the others"
        return Finding(_about(allowed), Holds.YES, result, terms, is_headline=True)
    lost = f"one lost pod of {pods} fails {percent_text(1 / pods)} of the requests for {noticed.figure}"
    if cost <= allowed.time:
        result = f"{lost}; {_pays_for(allowed, cost)}"
        return Finding(_about(allowed), Holds.YES, result, terms, is_headline=True)
    return _too_costly(allowed, means, terms, cost=cost, noticed=noticed, lost=lost)


def _of_the_only_one(allowed: Allowed, means: Means, known: Known, noticed: Term) -> Finding:
    sure = noticed.figure.value + means.ending.value
    loading = known.load_seconds
    load = _load(loading) if loading is not None else seconds(means.startup.value, Origin.BOUND)
    cost = sure + load.value
    terms = (
        _budget(allowed),
        noticed,
        Term("the kubelet ends it", means.ending),
        Term("the model is loaded again", load),
        Term("one loss costs", seconds(cost, Origin.BOUND if loading is None else Origin.SUM)),
    )
    lost = f"the loss of the only pod takes the service away for {duration_text(cost)}"
    if cost <= allowed.time:
        result = f"{lost} at worst; {_pays_for(allowed, cost)}"
        return Finding(_about(allowed), Holds.YES, result, terms, is_headline=True)
    if loading is None and sure < allowed.time:
        result = (
            f"the loss of the only pod takes {duration_text(sure)} and the time to load the model, of "
            f"{duration_text(allowed.time)} that may fail: it must load within "
            f"{duration_text(allowed.time - sure)}"
        )
        return Finding(_about(allowed), Holds.OPEN, result, terms, missing=(_LOAD_TIME,), is_headline=True)
    least = sure if loading is None else cost
    return _too_costly(allowed, means, terms, cost=least, noticed=noticed, lost=f"{lost} at worst")


def _too_costly(
    allowed: Allowed, means: Means, terms: tuple[Term, ...], *, cost: Fraction, noticed: Term, lost: str
) -> Finding:
    ways = []
    shared = 2 if means.repeats else max(2, math.ceil(noticed.figure.value / allowed.time))
    if shared <= MOST_PODS:
        ways.append(f"set {means.pods_field} to {shared} or more")
    if not means.repeats and shared > 2:
        ways.append("set routing.type to GatewayAPI on Envoy Gateway, which repeats requests, with 2 pods")
    if percent := percent_that_fits(cost / allowed.window):
        ways.append(f"set the target of {allowed.objective} to {percent} or less")
    if allowed.counted < 1:
        ways.append("let spec.sla.exclusions leave out less")
    return Finding(
        _about(allowed),
        Holds.NO,
        f"{lost}, and {allowed.objective} lets {duration_text(allowed.time)} of {allowed.days} days fail",
        terms,
        Reason.TOO_FEW_REPLICAS,
        ", or ".join(ways),
    )


def _budget(allowed: Allowed) -> Term:
    how = f"{percent_text(allowed.share)} of {allowed.over}"
    return Term(f"{allowed.objective} lets fail", seconds(allowed.time, Origin.GIVEN), how)


def _pays_for(allowed: Allowed, cost: Fraction) -> str:
    times = int(allowed.time / cost)
    losses = "loss" if times == 1 else "losses"
    return f"{allowed.objective} pays for {times} such {losses} in {allowed.days} days"


def _how_shared(means: Means) -> str:
    if means.repeats:
        return "repeated by the gateway"
    return "its share of that time"


def _drained_node(means: Means, known: Known) -> str:
    if means.least_pods.value > 1:
        return ""
    loading = known.load_seconds if known.load_seconds is not None else means.startup.value
    return (
        f"a drained node ends the only pod before another one is ready, for up to "
        f"{duration_text(means.arriving + loading)}: {means.pods_field} of 2 or more avoids that"
    )


def _load(took: Fraction) -> Figure:
    return seconds(took, Origin.MEASURED)


def _about(allowed: Allowed) -> str:
    return f"loss of a pod, for {allowed.objective}"
