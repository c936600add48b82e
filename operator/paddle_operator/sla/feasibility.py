"""Whether a promise can be kept with what there is for it, and the sum behind the answer. Pure.

    time that counts      what exclusions leave of it
    loss of a pod         what one loss costs at worst, beside what availability lets fail
    replacement, start    draining, and loading beside what the startup probe allows
    time of an answer     the threshold, beside what an answer takes that need not wait
    load at its peak      all pods that there can be, beside the highest load seen
    one failed request    what the window lets fail, beside a single request
    objectives            those that another one makes pointless

No is said only where the figures say it. What is not measured makes the answer Unknown, never No.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from paddle_operator.reasons import Reason
from paddle_operator.sla.demands import (
    load_at_its_peak,
    objectives_beside_each_other,
    one_failure,
    time_of_an_answer,
    time_that_counts,
)
from paddle_operator.sla.exclusions import counted_share
from paddle_operator.sla.means import NOTHING_KNOWN, Allowed, Finding, Holds, Known, Means
from paddle_operator.sla.outage import loss_of_a_pod, planned_replacement, spread_of_pods, start_of_a_pod
from paddle_operator.sla.outcomes import target_share
from paddle_operator.spec.promise import Sla


@dataclass(frozen=True, slots=True)
class Feasibility:
    """The answer, and everything that it was made of."""

    status: Literal["True", "False", "Unknown"]
    reason: Reason
    message: str
    findings: tuple[Finding, ...]


def feasibility(sla: Sla, means: Means, known: Known = NOTHING_KNOWN) -> Feasibility:
    """Add up all sides of a promise and answer."""
    findings = tuple(_findings(sla, means, known))
    against = [one for one in findings if one.holds is Holds.NO]
    missing = tuple(dict.fromkeys(what for one in findings for what in one.missing))
    if against:
        reason = next(one.reason for one in against if one.reason is not None)
        told = ". ".join(f"{_begun(one.result)}: {one.remedy}" for one in against)
        return Feasibility("False", reason, f"{told}.", findings)
    if missing:
        begin = f"nothing known speaks against the promise; not measured yet: {', '.join(missing)}"
        return Feasibility("Unknown", Reason.MORE_TO_MEASURE, _with(begin, findings), findings)
    return Feasibility("True", Reason.FEASIBLE, _with("the promise can be kept", findings), findings)


def budgets_of(sla: Sla, counted: Fraction) -> tuple[Allowed, ...]:
    """Return the budget of each objective, in order; `counted` is the share of the window that counts."""
    return tuple(Allowed(one.name, 1 - target_share(one), sla.window.days, counted) for one in sla.objectives)


def sum_lines(found: Feasibility) -> Iterator[str]:
    """Yield the answer and the whole sum, line by line, for people."""
    yield f"SLAFeasible: {found.status} ({found.reason})"
    for one in found.findings:
        yield f"  {one.about}: {one.result}"
        yield from (f"    {term}" for term in one.terms)
        if one.remedy:
            yield f"    to make it hold: {one.remedy}"
        if one.missing:
            yield f"    not measured: {', '.join(one.missing)}"
        if one.remark:
            yield f"    remark: {one.remark}"


def _findings(sla: Sla, means: Means, known: Known) -> Iterator[Finding]:
    counted = counted_share(sla)
    excluded = time_that_counts(counted)
    if excluded is not None:
        yield excluded
        return
    budgets = budgets_of(sla, counted)
    available = [
        budget for budget, one in zip(budgets, sla.objectives, strict=True) if one.availability is not None
    ]
    if available:
        yield loss_of_a_pod(min(available, key=lambda one: one.share), means, known)
    yield planned_replacement(means, known)
    yield start_of_a_pod(means, known)
    for objective in sla.objectives:
        if objective.latency is not None:
            yield time_of_an_answer(objective, known.answers)
    yield load_at_its_peak(means, known)
    single = one_failure(min(budgets, key=lambda one: one.share), known)
    if single is not None:
        yield single
    spread = spread_of_pods(known)
    if spread is not None:
        yield spread
    yield from objectives_beside_each_other(sla.objectives)


def _with(begin: str, findings: tuple[Finding, ...]) -> str:
    """Add what a person should know: what a loss costs, then every remark."""
    headlines = [one.result for one in findings if one.is_headline]
    remarks = [one.remark for one in findings if one.remark]
    return ". ".join([_begun(text) for text in (begin, *headlines, *remarks)]) + "."


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:] if text else text
