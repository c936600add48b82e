"""The operator's own dashboard, for its chart: Grafana's JSON, compact, as a ConfigMap carries it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders.dashboard import QueryVariable
from grafana_foundation_sdk.models.dashboard import VariableRefresh

from hack.generated import ROOT
from paddle_operator import names
from paddle_operator.sla.panels import (
    GREEN,
    ORANGE,
    RATE,
    RED,
    SOURCE,
    Board,
    Query,
    Row,
    Step,
    figure,
    graph,
    labels,
)
from paddle_operator.sla.selectors import selector

FILE = ROOT / "charts" / "paddle-sla-operator" / "files" / "dashboard.json"
INSTALLATION = 'namespace="$namespace"'
NOT_OK = 'result!="ok"'


def files() -> dict[Path, str]:
    """Return the dashboard's text."""
    return {FILE: board().text()}


def board() -> Board:
    """Return the dashboard: whether it acts and hears, how fast it looks, what it does, what it sees."""
    namespace = QueryVariable("namespace").label("Operator in namespace").datasource(SOURCE)
    query = f"label_values({names.METRIC_OPERATOR_LEADER}, namespace)"
    return Board(
        uid="paddle-sla-operator",
        title="paddle-sla operator",
        about="The operator's own service level. Metrics: docs/reference/operator-metrics.md",
        tags=("paddle-sla", "operator"),
        variables=(namespace.query(query).refresh(VariableRefresh.ON_DASHBOARD_LOAD),),
        rows=(_state(), _looks(), _queue(), _api(), _prometheus(), _rollouts(), _actions(), _services()),
    )


def metric(name: str, *matchers: str) -> str:
    """Select a metric of this installation."""
    return selector(name, INSTALLATION, *matchers)


def rate(name: str, by: str, *matchers: str) -> str:
    """Sum the rates of a counter by its labels."""
    return f"sum by ({by}) (rate({metric(name, *matchers)}[{RATE}]))"


def quantiles(name: str, by: str = "") -> tuple[Query, ...]:
    """Ask for the median and the slow end of a histogram."""
    labels_ = f"le, {by}" if by else "le"
    told = f" {{{{{by}}}}}" if by else ""
    return tuple(
        Query(f"histogram_quantile({part}, {rate(f'{name}_bucket', labels_)})", f"{part}{told}")
        for part in (0.5, 0.95)
    )


def condition(type_: str, value: str) -> str:
    """Count the services with this condition at this value."""
    found = metric(names.METRIC_OPERATOR_CONDITION, f'type="{type_}"')
    return f"count({found} {value}) or vector(0)"


def _state() -> Row:
    return Row(
        "State",
        (
            figure(
                "Replicas that lead",
                Query(f"sum({metric(names.METRIC_OPERATOR_LEADER)}) or vector(0)"),
                below=RED,
                steps=(Step(1, GREEN), Step(2, RED)),
                about="One, always.",
            ),
            figure(
                "Oldest watch",
                Query(f"max({metric(names.METRIC_OPERATOR_WATCH_AGE)})"),
                unit="s",
                steps=(Step(60, ORANGE), Step(180, RED)),
                about="A heartbeat comes back every 25 seconds.",
            ),
            figure(
                "Oldest in the queue",
                Query(f"max({metric(names.METRIC_OPERATOR_QUEUE_OLDEST)})"),
                unit="s",
                steps=(Step(30, ORANGE), Step(120, RED)),
            ),
            figure("Services", Query(condition("Ready", ">= -1"))),
            figure("Services not ready", Query(condition("Ready", "== 0")), steps=(Step(1, RED),)),
            figure(
                "Services that wait for a person", Query(condition("Stalled", "== 1")), steps=(Step(1, RED),)
            ),
        ),
    )


def _looks() -> Row:
    looks = f"{names.METRIC_OPERATOR_RECONCILE}_count"
    return Row(
        "Looks at services",
        (
            graph("Looks by outcome", Query(rate(looks, "outcome"), "{{outcome}}"), unit="ops", stacked=True),
            graph("Seconds of a look", *quantiles(names.METRIC_OPERATOR_RECONCILE), unit="s"),
            graph(
                "From event to look",
                *quantiles(names.METRIC_OPERATOR_EVENT_TO_RECONCILE),
                unit="s",
                about="A quarter of a second of it is meant: events come in bursts.",
            ),
        ),
    )


def _queue() -> Row:
    return Row(
        "Queue and watch",
        (
            graph(
                "Queue",
                Query(f"sum({metric(names.METRIC_OPERATOR_QUEUE_DEPTH)})", "due"),
                Query(f"sum({metric(names.METRIC_OPERATOR_RECONCILING)})", "being looked at"),
            ),
            graph(
                "Oldest in the queue",
                Query(f"max by (pod) ({metric(names.METRIC_OPERATOR_QUEUE_OLDEST)})", "{{pod}}"),
                unit="s",
                lines=(Step(120, RED),),
            ),
            graph(
                "Age of the watch",
                Query(f"max by (pod) ({metric(names.METRIC_OPERATOR_WATCH_AGE)})", "{{pod}}"),
                unit="s",
                lines=(Step(180, RED),),
            ),
        ),
    )


def _api() -> Row:
    requests = names.METRIC_OPERATOR_API_REQUESTS
    return Row(
        "Requests to the API server",
        (
            graph("By verb", Query(rate(requests, "verb"), "{{verb}}"), unit="reqps", stacked=True),
            graph(
                "Not answered as wished",
                Query(f"{rate(requests, 'kind, result', NOT_OK)} > 0", "{{kind}} {{result}}"),
                unit="reqps",
                stacked=True,
                about="missing is usual: before an object is made, its name must be free.",
            ),
            graph("Seconds of a request", *quantiles(names.METRIC_OPERATOR_API_DURATION, "verb"), unit="s"),
        ),
    )


def _prometheus() -> Row:
    questions = names.METRIC_OPERATOR_QUESTIONS
    return Row(
        "Questions to Prometheus and to services",
        (
            graph(
                "By answer",
                Query(rate(questions, "question, answer"), "{{question}} {{answer}}"),
                unit="reqps",
                stacked=True,
                about="From these the promises are measured. no_data: nothing of that service was scraped.",
            ),
            graph(
                "Seconds of a question",
                *quantiles(names.METRIC_OPERATOR_QUESTION_DURATION, "question"),
                unit="s",
            ),
            graph(
                "Golden requests to services",
                Query(rate(names.METRIC_OPERATOR_GOLDEN, "outcome"), "{{outcome}}"),
                unit="reqps",
                stacked=True,
                about="Sent where no gateway counts what callers get.",
            ),
        ),
    )


def _rollouts() -> Row:
    info = metric(names.METRIC_OPERATOR_ROLLOUT_INFO, 'state!~"Steady|RolledBack|Unproven|Aborted"')
    weight = metric(names.METRIC_OPERATOR_ROLLOUT_WEIGHT, 'role="canary"')
    decisions = metric(names.METRIC_OPERATOR_ROLLOUT_DECISIONS)
    return Row(
        "Rollouts",
        (
            labels(
                "Under way",
                Query(f"max by (service_namespace, service_name, state, hold) ({info})"),
                {
                    "service_namespace": "Namespace",
                    "service_name": "Service",
                    "state": "State",
                    "hold": "Waits because of",
                },
                width=8,
            ),
            graph(
                "Percent of the requests that canaries take",
                Query(
                    f"max by (service_namespace, service_name) ({weight}) > 0",
                    "{{service_namespace}}/{{service_name}}",
                ),
                most=100,
            ),
            graph(
                "Decisions",
                Query(f"sum by (state, reason) (increase({decisions}[{RATE}])) > 0", "{{state}} {{reason}}"),
                stacked=True,
                about="The state that each led to, and why it waits or was rejected.",
            ),
            *_evidence(),
        ),
    )


def _evidence() -> tuple[Any, ...]:
    service = "service_namespace, service_name"
    e_values, enough = (
        f"max by ({service}, figure) ({metric(name)})"
        for name in (names.METRIC_OPERATOR_ROLLOUT_EVIDENCE, names.METRIC_OPERATOR_ROLLOUT_THRESHOLD)
    )
    requests = names.METRIC_OPERATOR_ROLLOUT_REQUESTS
    bad, all_ = (
        f"max by ({service}, role) ({metric(requests, matcher)})"
        for matcher in ('outcome="bad"', 'outcome="all"')
    )
    return (
        graph(
            "Looks at canaries",
            Query(rate(names.METRIC_OPERATOR_ROLLOUT_LOOKS, "finding"), "{{finding}}"),
            unit="ops",
            stacked=True,
        ),
        graph(
            "Evidence, as a share of what decides",
            Query(f"{e_values} / {enough}", "{{service_namespace}}/{{service_name}} {{figure}}"),
            unit="percentunit",
            most=1,
            about="absolute and relative speak against a canary, proof for it.",
        ),
        graph(
            "Bad requests of canaries and of stable revisions beside them",
            Query(f"{bad} / ({all_} > 0)", "{{service_namespace}}/{{service_name}} {{role}}"),
            unit="percentunit",
        ),
    )


def _actions() -> Row:
    actions, refused = names.METRIC_OPERATOR_ACTIONS, names.METRIC_OPERATOR_REFUSED_WRITES
    return Row(
        "What was done",
        (
            graph(
                "Actions",
                Query(
                    f"sum by (action, kind) (increase({metric(actions)}[{RATE}])) > 0", "{{action}} {{kind}}"
                ),
                width=12,
                stacked=True,
                about="At rest there are none.",
            ),
            graph(
                "Refused writes",
                Query(
                    f"sum by (kind, reason) (increase({metric(refused)}[{RATE}])) > 0", "{{kind}} {{reason}}"
                ),
                width=12,
                stacked=True,
            ),
        ),
    )


def _services() -> Row:
    condition_ = metric(names.METRIC_OPERATOR_CONDITION, 'type="Ready"')
    cpu = metric("process_cpu_seconds_total")
    return Row(
        "Services and process",
        (
            labels(
                "Services that are not ready",
                Query(f"max by (service_namespace, service_name) ({condition_}) < 1"),
                {"service_namespace": "Namespace", "service_name": "Service"},
                width=8,
            ),
            graph(
                "Resident memory",
                Query(f"max by (pod) ({ours(metric('process_resident_memory_bytes'))})", "{{pod}}"),
                unit="bytes",
            ),
            graph(
                "Processor",
                Query(f"max by (pod) ({ours(f'rate({cpu}[{RATE}])')})", "{{pod}}"),
            ),
        ),
    )


def ours(expression: str) -> str:
    """Keep the operator's pods: others in its namespace may export the same names."""
    return f"{expression} and on (namespace, pod) {metric(names.METRIC_OPERATOR_LEADER)}"
