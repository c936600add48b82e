"""The dashboard of one service: its promise with its own targets and thresholds, and what lies behind. Pure.

What the rules record of the promise is shown where it is recorded, so that the dashboard and the alerts say
the same, and nothing where they are silent. Where Prometheus has nothing that the rules record of the
service, it is computed from the counters, and what falls into exclusions counts, too.
"""

from __future__ import annotations

import functools
import hashlib

from paddle_operator import names
from paddle_operator.sla import gateway, promql
from paddle_operator.sla.burn import base_window, burn_rules, window_length
from paddle_operator.sla.objectives import (
    latency_thresholds_milliseconds,
    objective_text,
    promise,
    sla_hash,
)
from paddle_operator.sla.outcomes import target_share
from paddle_operator.sla.panels import (
    GREEN,
    ORANGE,
    RATE,
    RED,
    TALL,
    Board,
    Query,
    Row,
    Step,
    figure,
    graph,
    labels,
    states,
)
from paddle_operator.sla.promql import Measured, Scope, duration, number
from paddle_operator.spec.promise import Sla, WindowType
from paddle_operator.spec.report import CountedAt

TAGS = ("paddle-sla", "model-service")
_WHERE = {True: "at the gateway", False: "in the pods"}
TRUTHS = {"1": ("True", GREEN), "0": ("False", ORANGE), "-1": ("Unknown", "gray")}
"""What the operator's gauge of conditions means."""


@functools.lru_cache(maxsize=128)
def service_dashboard(
    namespace: str, service: str, sla: Sla, availability: CountedAt = CountedAt.RUNTIME
) -> str:
    """Return the dashboard as JSON. A service is looked at many times with the same promise.
    `availability`: where it is counted."""
    scope = Scope(namespace, service, availability)
    return Board(
        uid=f"pms-{hashlib.sha256(f'{namespace}/{service}'.encode()).hexdigest()[:16]}",
        title=f"{namespace} / {service}",
        about=f"Promise: {promise(sla)} (slaHash {sla_hash(sla)})",
        tags=TAGS,
        rows=(
            *(_objective(sla, one) for one in _measured(sla, scope)),
            _requests(scope),
            _latency(sla, scope),
            _capacity(scope),
            _pods(scope),
        ),
    ).text()


def _measured(sla: Sla, scope: Scope) -> list[Measured]:
    base = base_window(sla)
    return [Measured(scope, objective, base) for objective in sla.objectives]


def _objective(sla: Sla, measured: Measured) -> Row:
    """What was promised, what came of it, and how fast the budget goes."""
    name, target = measured.objective.name, target_share(measured.objective)
    left, budget = f"max({measured.series(promql.REMAINING)})", number(measured.budget)
    rolling = sla.window.type is not WindowType.CALENDAR
    counted = _share(measured, duration(window_length(sla))) if rolling else None
    rules = burn_rules(window_length(sla))
    windows = [duration(one) for one in sorted({rules[0].short, rules[0].long, rules[1].long})]
    return Row(
        f"{name}: {objective_text(measured.objective)}",
        (
            figure(
                "Attained",
                Query(_either(measured.scope, f"1 - (1 - {left}) * {budget}", counted)),
                unit="percentunit",
                decimals=3,
                height=TALL,
                below=RED,
                steps=(Step(float(target), GREEN),),
                about=f"Share of good requests over the window, counted {_WHERE[measured.at_gateway]}. "
                f"Promised: {number(target * 100)} %.",
            ),
            figure(
                "Budget left",
                Query(_either(measured.scope, left, f"1 - (1 - {counted}) / {budget}" if counted else None)),
                unit="percentunit",
                decimals=1,
                height=TALL,
                below=RED,
                steps=(Step(0.0, ORANGE), Step(0.25, GREEN)),
                about=f"Of the {number(measured.budget * 100)} % that may be bad. Below 0: overspent.",
            ),
            graph(
                "Burn rate",
                *(Query(_burn(measured, window), f"over {window}") for window in windows),
                width=16,
                lines=tuple(Step(float(rule.factor), RED) for rule in (rules[-1], rules[0])),
                about="How many times faster than allowed the budget is spent. "
                "At 1 it lasts exactly as long as the window.",
            ),
        ),
    )


def _burn(measured: Measured, window: str) -> str:
    recorded = measured.series(promql.BURN, f'window="{window}"')
    counted = f"(1 - {_share(measured, window)}) / {number(measured.budget)}"
    return _either(measured.scope, f"max({recorded})", counted)


def _share(measured: Measured, window: str) -> str:
    """Count the share of good requests over a window from the counters themselves."""
    good, counted = (f"sum(increase({selected}[{window}]))" for selected in (measured.good, measured.counted))
    return f"({good} or 0 * {counted}) / {counted}" if measured.at_gateway else f"{good} / {counted}"


def _either(scope: Scope, recorded: str, counted: str | None) -> str:
    """Take what is recorded, be it nothing, as in an exclusion; what is counted only without rules."""
    return f"{recorded} or ({counted} unless on () {scope.recorded})" if counted else recorded


def _requests(scope: Scope) -> Row:
    requests = scope.of(names.METRIC_REQUESTS)
    answers = f"sum by ({gateway.CLASS_LABEL}) (rate({scope.answers('.')}[{RATE}]))"
    at_gateway = graph(
        "Answers at the gateway",
        Query(answers, f"{{{{{gateway.CLASS_LABEL}}}}}xx"),
        unit="reqps",
        stacked=True,
        about="By class of the code: 5xx is bad, what no pod took among it; 4xx counts nowhere.",
    )
    return Row(
        "Requests",
        (
            *([at_gateway] if scope.availability is CountedAt.GATEWAY else []),
            graph(
                "Requests by outcome",
                Query(f"sum by (outcome) (rate({requests}[{RATE}]))", "{{outcome}}"),
                unit="reqps",
                stacked=True,
                about="bad failed, refused found no room, invalid was the caller's mistake.",
            ),
            graph(
                "Requests by revision",
                Query(f"sum by (revision) (rate({requests}[{RATE}]))", "{{revision}}"),
                unit="reqps",
                stacked=True,
            ),
            graph(
                "Refusals by reason",
                Query(f"sum by (reason) (rate({scope.of(names.METRIC_REFUSED)}[{RATE}]))", "{{reason}}"),
                unit="reqps",
                stacked=True,
                about="Each is told to come back; each counts against the promise.",
            ),
        ),
    )


def _latency(sla: Sla, scope: Scope) -> Row:
    buckets = f"sum by (le) (rate({scope.of(names.METRIC_DURATION_BUCKETS)}[{RATE}]))"
    within = [
        graph(
            f"Share within {one.objective.latency.threshold_milliseconds} ms",
            Query(_share(one, RATE), one.objective.name),
            unit="percentunit",
            most=1.0,
            lines=(Step(float(target_share(one.objective)), RED),),
            about="Exact: the threshold is a boundary of the histogram. What failed is not within.",
        )
        for one in _measured(sla, scope)
        if one.objective.latency is not None
    ]
    quantiles = [Query(f"histogram_quantile({part}, {buckets})", f"{part}") for part in (0.5, 0.95, 0.99)]
    stages = f"sum by (stage) (rate({scope.of(names.METRIC_STAGE_SECONDS_SUM)}[{RATE}]))"
    requests = f"sum(rate({scope.of(names.METRIC_REQUESTS)}[{RATE}]))"
    return Row(
        "Latency",
        (
            graph(
                "Latency of good answers",
                *quantiles,
                unit="s",
                lines=tuple(
                    Step(threshold / 1000, RED) for threshold in latency_thresholds_milliseconds(sla)
                ),
                about="Quantiles are estimates, read off a histogram; shares within a threshold are exact.",
            ),
            *within,
            graph(
                "Where the time goes",
                Query(f"{stages} / scalar({requests})", "{{stage}}"),
                unit="s",
                stacked=True,
                about="Seconds of each stage, per request.",
            ),
        ),
    )


def _capacity(scope: Scope) -> Row:
    busy = f"sum by (revision) (rate({scope.of(names.METRIC_BUSY_SECONDS)}[{RATE}]))"
    workers = f"sum by (revision) ({scope.of(names.METRIC_WARM_WORKERS)})"
    return Row(
        "Capacity",
        (
            graph(
                "Busy share of the workers",
                Query(f"{busy} / {workers}", "{{revision}}"),
                unit="percentunit",
                most=1.0,
                about="Share of time in which predictors compute. Near 1 requests begin to wait.",
            ),
            graph(
                "Queue depth",
                Query(f"sum by (revision) ({scope.of(names.METRIC_QUEUE_DEPTH)})", "{{revision}} waiting"),
                Query(f"sum by (revision) ({scope.of(names.METRIC_INFLIGHT)})", "{{revision}} inside"),
            ),
            graph(
                "Replicas ready",
                Query(f"sum by (revision) ({scope.of(names.METRIC_READY)})", "{{revision}}"),
                stacked=True,
            ),
        ),
    )


def _pods(scope: Scope) -> Row:
    memory = scope.of(names.METRIC_WORKER_MEMORY)
    mine = f'service_namespace="{scope.namespace}",service_name="{scope.service}"'
    return Row(
        "Pods and revisions",
        (
            graph(
                "Memory by worker",
                Query(f"max by (pod, worker) ({memory})", "{{pod}} {{worker}}"),
                unit="bytes",
            ),
            graph(
                "Workers replaced",
                Query(
                    f"sum by (reason) (increase({scope.of(names.METRIC_WORKER_RESTARTS)}[{RATE}]))",
                    "{{reason}}",
                ),
                stacked=True,
            ),
            graph(
                "Seconds to load",
                Query(
                    f"max by (revision, phase) ({scope.of(names.METRIC_LOAD_SECONDS)})",
                    "{{revision}} {{phase}}",
                ),
                unit="s",
                about="Of the slowest worker's last start, by phase.",
            ),
            labels(
                "Revisions",
                Query(f"max by (revision, digest, engine, device) ({scope.of(names.METRIC_MODEL_INFO)})"),
                {"revision": "Revision", "digest": "Model digest", "engine": "Engine", "device": "Device"},
            ),
            states(
                "Conditions",
                Query(f"max by (type) ({names.METRIC_OPERATOR_CONDITION}{{{mine}}})", "{{type}}"),
                TRUTHS,
                about="As the operator last wrote them. Reconciling and Stalled are good when False.",
            ),
        ),
    )
