"""The promise in the status: figures of each objective, whether it is kept, whether that can be known.

Figures are rounded to our disadvantage, never to the other side of a target, and so coarsely that they change
seldom: a status is written when one of them does.
"""

from __future__ import annotations

import math
from datetime import timedelta
from fractions import Fraction
from typing import Any

from paddle_operator.reasons import Reason
from paddle_operator.sla.answer import Failed, NoData, Stale, Value
from paddle_operator.sla.budget import Budget
from paddle_operator.sla.cells import COARSE
from paddle_operator.sla.measured import Figure, Measured
from paddle_operator.sla.objectives import objective_text, promise
from paddle_operator.sla.outcomes import target_share
from paddle_operator.sla.pace import Pace
from paddle_operator.spec.promise import Objective, Sla
from paddle_operator.spec.report import CountedAt
from paddle_operator.spec.sla_report import Verdict
from paddle_operator.status.conditions import Condition

NOT_CONFIGURED = (
    "the operator was given no Prometheus, so nothing is measured: set prometheus.url in its chart, or "
    "PADDLE_OPERATOR_PROMETHEUS_URL"
)
SCRAPE_SETTING = "prometheus.scrapeIntervalSeconds (PADDLE_OPERATOR_SCRAPE_INTERVAL_SECONDS)"
_SCRAPED = {
    CountedAt.RUNTIME: "pods",
    CountedAt.GATEWAY: "the gateway's proxies",
    CountedAt.SYNTHETIC: "operators, which count golden requests,",
}
NOT_SCRAPED = (
    "Prometheus answers and has no sample of this service's pods: see that it scrapes them (they are "
    "annotated with prometheus.io/scrape; for the Prometheus operator there is a PodMonitor) and that their "
    "series have the labels namespace, service, revision and pod"
)


def sla_status(sla: Sla, measured: Measured | None) -> dict[str, Any]:
    """Return the block `status.sla`: what is promised, in words, and what came of it."""
    figures = {one.objective.name: one for one in measured.figures} if measured else {}
    least = measured.least_budget if measured else None
    return {
        "promise": promise(sla),
        **({} if least is None else {"budgetRemainingPercent": _rounded_down(least[1], 1)}),
        "objectives": [
            {"name": one.name, "promise": objective_text(one), **_figures(figures.get(one.name))}
            for one in sla.objectives
        ],
    }


def sla_met(measured: Measured | None) -> Condition:
    """Whether every objective is met over the window."""
    if measured is None:
        return Condition("SLAMet", "Unknown", Reason.METRICS_NOT_CONFIGURED, NOT_CONFIGURED)
    known = [(one, one.budget.value) for one in measured.figures if isinstance(one.budget, Value)]
    broken = [one.objective.name for one in measured.figures if one.verdict is Verdict.BROKEN]
    unjudged = _unjudged(measured, broken=bool(broken))
    if unjudged is not None:
        return Condition("SLAMet", "Unknown", *unjudged)
    said = "; ".join(_sentence(one, budget) + _beside(one, measured) for one, budget in known)
    message = f"{said}; over {measured.over}{_since_for_all(measured)}"
    if broken:
        return Condition("SLAMet", "False", Reason.BUDGET_SPENT, f"{', '.join(broken)} is broken: {message}")
    return Condition("SLAMet", "True", Reason.PROMISE_KEPT, message)


def _unjudged(measured: Measured, *, broken: bool) -> tuple[Reason, str] | None:
    """Say why nothing can be said, if so: a broken objective breaks the promise whatever others do."""
    if measured.behind:
        return Reason.COUNTING, f"what happened over {measured.over} is being counted"
    if measured.outdated:
        reason, message = _trouble(measured)
        return reason, f"{message}. Counted until {measured.until:%Y-%m-%dT%H:%MZ}"
    if measured.holds_never:
        why = "spec.sla.exclusions leave out all of the time: shorten them, or let them begin less often"
        return Reason.TOO_LITTLE_TRAFFIC, f"the promise holds at no time of {measured.over}: {why}"
    silent = [one for one in measured.figures if one.verdict is not Verdict.KEPT]
    if broken or not silent:
        return None
    is_hidden = any(one.verdict is Verdict.UNKNOWN_TIME for one in silent)
    scraped = isinstance(measured.metrics, Value)
    if not scraped and not is_hidden:
        return _trouble(measured)
    said = "; ".join(_not_judged(one, measured.least_requests) for one in silent)
    now = "" if scraped else f". {_trouble(measured)[1]}"
    reason = Reason.UNKNOWN_TIME if is_hidden else Reason.TOO_LITTLE_TRAFFIC
    return reason, f"{said}; over {measured.over}{now}"


def _not_judged(figure: Figure, least: int) -> str:
    """Say why an objective is not judged, without a count that rises with every request."""
    if figure.verdict is Verdict.UNKNOWN_TIME:
        minutes = _minutes(figure.unknown)
        return f"{figure.objective.name} is not broken by what was counted, but {minutes} minutes are unknown"
    if isinstance(figure.budget, Value) and figure.budget.value.tally.total >= least:
        return f"one request alone was bad for {figure.objective.name}, and the promise allows none of so few"
    return f"fewer than {least} requests (minTraffic) were counted for {figure.objective.name}"


def metrics_available(measured: Measured | None, ready: Condition) -> Condition:
    """Whether Prometheus tells about the service now; before it is ready for the first
    time there may be nothing to tell."""
    if measured is None:
        return Condition("MetricsAvailable", "Unknown", Reason.METRICS_NOT_CONFIGURED, NOT_CONFIGURED)
    if isinstance(measured.metrics, Value):
        hint = next(filter(None, (_off_pace(at, pace) for at, pace in measured.paces.items())), "")
        if hint:
            return Condition("MetricsAvailable", "True", Reason.SCRAPE_INTERVAL_DIFFERS, hint)
        message = "Prometheus has fresh samples of the service"
        return Condition("MetricsAvailable", "True", Reason.METRICS_READ, message)
    is_new = all(one.since is None for one in measured.figures)
    waits = isinstance(measured.metrics, NoData) and ready.status != "True" and is_new
    return Condition("MetricsAvailable", "Unknown" if waits else "False", *_trouble(measured))


def _off_pace(at: CountedAt, pace: Pace | None) -> str:
    """Say what follows from a wrong setting, and what to set; "" where it is right, or nobody knows."""
    if pace is None or not (pace.slow or pace.fast):
        return ""
    seen, told = (f"{one.total_seconds():g} s" for one in (pace.seen, pace.scraping.interval))
    longest = f"{pace.scraping.longest_gap.total_seconds():g} s"
    if pace.fast:
        follows = f"one that is lost is noticed after {longest} only"
    else:
        follows = f"more than {longest} without a sample is unknown time, "
        follows += "and so is all of it" if pace.blind else "which one lost scrape makes"
    return (
        f"{_SCRAPED[at]} are scraped every {seen}, and {SCRAPE_SETTING} says {told}: {follows}. "
        f"Set it to {seen.removesuffix(' s')}, or scrape them every {told}"
    )


def _trouble(measured: Measured) -> tuple[Reason, str]:
    """Say what is wrong with the metrics: the three kinds of answer that are no value."""
    match measured.metrics:
        case Failed(why):
            return Reason.METRICS_FAILED, why
        case Stale(_, why):
            pods = CountedAt.RUNTIME
            hint = _off_pace(pods, measured.paces.get(pods)) or "see that Prometheus still scrapes the pods"
            return Reason.METRICS_STALE, f"{why}: {hint}"
        case _:
            return Reason.METRICS_MISSING, NOT_SCRAPED


def _figures(figure: Figure | None) -> dict[str, Any]:
    if figure is None or figure.since is None:
        return {}
    shown: dict[str, Any] = {
        "source": str(figure.counted_at),
        "unknownMinutes": _minutes(figure.unknown),
    }
    if isinstance(figure.budget, Value):
        shown["attainedPercent"] = _attained(figure.objective, figure.budget.value)
        shown["budgetRemainingPercent"] = _rounded_down(figure.budget.value.remaining_share * 100, 1)
    if figure.burn_rate is not None:
        shown["burnRate1h"] = _rounded_up(figure.burn_rate, 1)
    return shown


def _sentence(figure: Figure, budget: Budget) -> str:
    target = target_share(figure.objective) * 100
    promised = _rounded_down(target, _digits(target))
    return f"{figure.objective.name} {_attained(figure.objective, budget)} % of {promised} % promised"


def _attained(objective: Objective, budget: Budget) -> str:
    """Write the share of good requests with one more digit than the promise has, and two at least."""
    digits = _digits(target_share(objective) * 100)
    return _rounded_down(budget.attained * 100, max(digits + 1, 2))


def _digits(percent: Fraction) -> int:
    """Return how many decimals a percentage has that was written as a decimal."""
    digits = 0
    while (percent * 10**digits).denominator != 1:
        digits += 1
    return digits


def _beside(figure: Figure, measured: Measured) -> str:
    """Say what else there is to know of an objective: when counting began, where that was not the same for
    all, and how much is unknown."""
    since = "" if _since_for_all(measured) else _since(figure, measured)
    minutes = _minutes(figure.unknown)
    return since + (f", {minutes} minutes unknown" if minutes else "")


def _since_for_all(measured: Measured) -> str:
    """Say when counting began, where it was the same for all that is counted; "" else."""
    begun = {_since(one, measured) for one in measured.figures if one.since is not None}
    return begun.pop() if len(begun) == 1 else ""


def _since(figure: Figure, measured: Measured) -> str:
    """Say when counting began, where the window is not full yet."""
    if figure.since is None or figure.since <= measured.window.start + COARSE:
        return ""
    return f", counted since {figure.since:%Y-%m-%dT%H:%MZ}"


def _minutes(unknown: timedelta) -> int:
    return math.ceil(unknown / timedelta(minutes=1))


def _rounded_down(value: Fraction, digits: int) -> str:
    return _decimal(math.floor(value * 10**digits), digits)


def _rounded_up(value: Fraction, digits: int) -> str:
    return _decimal(math.ceil(value * 10**digits), digits)


def _decimal(scaled: int, digits: int) -> str:
    whole, part = divmod(abs(scaled), 10**digits)
    return f"{'-' if scaled < 0 else ''}{whole}" + (f".{part:0{digits}d}" if digits else "")
