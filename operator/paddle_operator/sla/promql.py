"""Every expression of the rules, as text for Prometheus. Pure.

Two series of a service are read raw, over a short base window. All longer windows are averages of what is
recorded of them, so that what is left out of the record (exclusions, a threshold that pods do not measure
yet) is left out everywhere. A request adds to the rate of its base window for as long as that lasts: the
average of the rates over W - base therefore counts the requests of W.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from paddle_operator import names
from paddle_operator.sla import gateway
from paddle_operator.sla.burn import BurnRule, MinTraffic
from paddle_operator.sla.outcomes import target_share
from paddle_operator.sla.record import account_of
from paddle_operator.sla.selectors import at_boundaries, equal, one_of, selector
from paddle_operator.sla.series import (
    BOUNDARY_LABEL,
    NAMESPACE_LABEL,
    OUTCOME_LABEL,
    POD_LABEL,
    SERVICE_LABEL,
)
from paddle_operator.spec.promise import Objective
from paddle_operator.spec.report import CountedAt

RECORDED = "paddle_sla:"
"""Begins the name of every recorded series."""
GOOD = "paddle_sla:good:rate"
"""Good requests a second of an objective, over the base window."""
TOTAL = "paddle_sla:total:rate"
"""Requests a second that count for it, over the base window."""
BURN = "paddle_sla:burn_rate"
"""How many times faster than allowed the budget is spent, by `window`."""
REMAINING = "paddle_sla:budget_remaining"
"""What is left of the budget, as a share: 1 when nothing was bad, negative when overspent."""
EXCLUDED = "paddle_sla:excluded_seconds"
"""There only during an exclusion: seconds since it began."""
LOCAL_TIME = "paddle_sla:local_time_seconds"
"""What clocks in `time_zone` show, as seconds since their 1970."""
MONTH = "paddle_sla:month"
"""The month in the zone of a calendar window, as its label `month`; the value is 1."""
OF_MONTH = "_of_month"
"""Ends the names of the same rates with the month in which they were counted as a label."""

EVERY = timedelta(seconds=30)
"""How often the rules are evaluated."""
MARGIN = 2 * EVERY
"""What begins or ends is seen an evaluation late, and rates reach a scrape beyond their window."""
ACCOUNT_LABEL = "account"
GATEWAY = "gateway"
"""The account of what the gateway counts."""
OF_SERVICE = f"({NAMESPACE_LABEL}, {SERVICE_LABEL})"
COUNTED = "good|bad|refused"
"""Outcomes that count: what the caller did wrong does not."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The series of one service."""

    namespace: str
    service: str
    availability: CountedAt = CountedAt.RUNTIME
    """Where availability is counted; everything else is in the pods."""

    def of(self, metric: str, *matchers: str) -> str:
        """Select the service's series of a metric."""
        mine = (equal(NAMESPACE_LABEL, self.namespace), equal(SERVICE_LABEL, self.service))
        return selector(metric, *mine, *matchers)

    @property
    def recorded(self) -> str:
        """Select all that the rules record of the service."""
        return self.of("", f'__name__=~"{RECORDED}.+"')

    def answers(self, classes: str) -> str:
        """Select the gateway's answers of these classes of codes."""
        cluster = one_of(gateway.CLUSTER_LABEL, (gateway.clusters(self.namespace, self.service),))
        return selector(gateway.REQUESTS, cluster, one_of(gateway.CLASS_LABEL, (classes,)))


@dataclass(frozen=True, slots=True)
class Measured:
    """One objective of a service and the base window over which it is measured."""

    scope: Scope
    objective: Objective
    base: timedelta

    @property
    def labels(self) -> dict[str, str]:
        """Of every recorded series. An objective that is judged by another threshold than before, or by
        something else, begins anew instead of going on with what was counted by the old one."""
        return {"objective": self.objective.name, ACCOUNT_LABEL: self.account}

    @property
    def account(self) -> str:
        """What the objective is judged by, whatever its target."""
        return GATEWAY if self.at_gateway else account_of(self.objective)

    def series(self, metric: str, *matchers: str) -> str:
        """Select a recorded series of the objective."""
        return self.scope.of(metric, *(equal(*one) for one in self.labels.items()), *matchers)

    @property
    def at_gateway(self) -> bool:
        """Whether the proxies' counters are asked, which know nothing of our labels."""
        availability = self.objective.availability is not None
        return availability and self.scope.availability is CountedAt.GATEWAY

    @property
    def good(self) -> str:
        """Select the counters of good requests."""
        if self.at_gateway:
            return self.scope.answers(gateway.GOOD_CLASSES)
        if self.objective.latency is not None:
            return self.bucket
        return self.scope.of(names.METRIC_REQUESTS, f'{OUTCOME_LABEL}="good"')

    @property
    def counted(self) -> str:
        """Select the counters of all requests that count."""
        if self.at_gateway:
            return self.scope.answers(f"{gateway.GOOD_CLASSES}|{gateway.BAD_CLASSES}")
        return self.scope.of(names.METRIC_REQUESTS, f'{OUTCOME_LABEL}=~"{COUNTED}"')

    @property
    def budget(self) -> Fraction:
        """The share of requests that may be bad."""
        return 1 - target_share(self.objective)

    @property
    def bucket(self) -> str:
        """Select the buckets at the threshold of a latency objective."""
        assert self.objective.latency is not None
        at = at_boundaries([self.objective.latency.threshold_milliseconds])
        return self.scope.of(names.METRIC_DURATION_BUCKETS, at)

    @property
    def every_bucket(self) -> str:
        """Select the buckets that every histogram has."""
        return self.scope.of(names.METRIC_DURATION_BUCKETS, f'{BOUNDARY_LABEL}="+Inf"')


def good(measured: Measured, *, exclusions: bool) -> str:
    """Good requests a second. Nothing where it cannot be known, or where the promise does not hold.

    A pod that began to measure the threshold within the base window would show its answers before that as
    slow: until all have it for so long, there is no value.
    """
    base = f"[{duration(measured.base)}]"
    if measured.objective.latency is not None:
        late = f"offset {duration(measured.base + MARGIN)}"
        expression = (
            f"{_sum_of_rates(measured.good + base)}\n"
            f"unless on {OF_SERVICE} (\n"
            f"  {measured.every_bucket} {late}\n"
            f"  unless on ({POD_LABEL}) {measured.bucket} {late}\n"
            ")"
        )
    elif measured.at_gateway:  # a class that no request has had yet has no series
        rates = f"sum(rate({measured.good}{base})) or 0 * sum(rate({measured.counted}{base}))"
        expression = _of_service(rates, measured.scope)
    else:
        expression = _sum_of_rates(measured.good + base)
    if not exclusions:
        return expression
    lately = f"{measured.scope.of(EXCLUDED)}[{duration(measured.base + MARGIN)}]"
    return f"{expression}\nunless on {OF_SERVICE} max_over_time({lately})"


def total(measured: Measured) -> str:
    """Requests a second that count, wherever the good ones among them are known."""
    counted = f"{measured.counted}[{duration(measured.base)}]"
    at_gateway = measured.at_gateway
    rate = _of_service(f"sum(rate({counted}))", measured.scope) if at_gateway else _sum_of_rates(counted)
    return f"{rate}\nand on {OF_SERVICE} {measured.series(GOOD)}"


def month(scope: Scope, zone: str, base: timedelta) -> str:
    """The month in which a rate of now began to be counted."""
    clock = scope.of(LOCAL_TIME, f'time_zone="{zone}"')
    return f'count_values by {OF_SERVICE} ("month", month({clock} - {base // timedelta(seconds=1)}))'


def of_month(measured: Measured, metric: str) -> str:
    """A recorded rate with its month, so that a month's can be told from those before."""
    return f"{measured.series(metric)} * on {OF_SERVICE} group_left (month) {measured.scope.of(MONTH)}"


def burn(measured: Measured, window: timedelta) -> str:
    """How many times faster than allowed the budget was spent over a window."""
    share = f"{_average(measured, GOOD, window)} / {_average(measured, TOTAL, window)}"
    return f"(1 - {share}) / {number(measured.budget)}"


def burns(measured: Measured, rule: BurnRule, least: MinTraffic) -> str:
    """The alert of one rule: too fast over both windows, with enough traffic in the short one."""
    long, short = (measured.series(BURN, f'window="{duration(one)}"') for one in (rule.long, rule.short))
    factor = number(rule.factor)
    seconds = least.period // timedelta(seconds=1)
    return (
        f"{long} > {factor}\n"
        f"and ignoring (window) {short} > {factor}\n"
        f"and ignoring (window) {_average(measured, TOTAL, rule.short)} >= {least.requests} / {seconds}"
    )


def remaining(measured: Measured, window: timedelta | None) -> str:
    """What is left of the budget, as a share of it. The window is None for the present month."""
    share = f"{_sum(measured, GOOD, window)} / {_sum(measured, TOTAL, window)}"
    return f"1 - (1 - {share}) / {number(measured.budget)}"


def spent(measured: Measured, window: timedelta | None, least: MinTraffic) -> str:
    """The alert for a promise that is broken, judged as in the status (`verdict.py`).

    Counts are made of rates here: a bad request alone is less than one and a half.
    """
    every = EVERY // timedelta(seconds=1)
    good, total = _sum(measured, GOOD, window), _sum(measured, TOTAL, window)
    return (
        f"{measured.series(REMAINING)} < 0\n"
        f"and {total} * {every} >= {least.requests}\n"
        f"and ({total} - {good}) * {every} > 1.5"
    )


def missing(scope: Scope) -> str:
    """The alert for a service of which nothing is measured."""
    return f"absent({scope.of(names.METRIC_REQUESTS)})"


def none_ready(scope: Scope) -> str:
    """The alert for pods of which none takes requests: they are scraped before they are ready."""
    return f"sum by {OF_SERVICE} ({scope.of(names.METRIC_READY)}) == 0"


def not_measured(measured: Measured) -> str:
    """The alert for pods whose histogram has no boundary at the threshold."""
    lacking = f"{measured.every_bucket} unless on ({POD_LABEL}) {measured.bucket}"
    return f"count by {OF_SERVICE} ({lacking}) > 0"


def unless_excluded(expression: str, scope: Scope) -> str:
    """Mute an alert during exclusions."""
    return f"{expression}\nunless on {OF_SERVICE} {scope.of(EXCLUDED)}"


def duration(length: timedelta) -> str:
    """Write a time in whole seconds as Prometheus does: 1d2h, 5m."""
    left = length // timedelta(seconds=1)
    text = ""
    for unit, seconds in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, seconds)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def number(value: Fraction) -> str:
    """Write a number whose decimals end."""
    return f"{(Decimal(value.numerator) / Decimal(value.denominator)).normalize():f}"


def _of_service(expression: str, scope: Scope) -> str:
    """Give a value without labels those of the service."""
    for name, value in ((NAMESPACE_LABEL, scope.namespace), (SERVICE_LABEL, scope.service)):
        expression = f'label_replace({expression}, "{name}", "{value}", "", "")'
    return expression


def _sum_of_rates(selected: str) -> str:
    return f"sum by {OF_SERVICE} (rate({selected}))"


def _average(measured: Measured, metric: str, window: timedelta) -> str:
    series = measured.series(metric)
    if window <= measured.base:
        return series
    return f"avg_over_time({series}[{duration(window - measured.base)}])"


def _sum(measured: Measured, metric: str, window: timedelta | None) -> str:
    if window is not None:
        return f"sum_over_time({measured.series(metric)}[{duration(window)}])"
    month_long = f"sum_over_time({measured.series(metric + OF_MONTH)}[31d])"
    return f"({month_long} and on {OF_SERVICE[:-1]}, month) {measured.scope.of(MONTH)})"
