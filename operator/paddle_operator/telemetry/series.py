"""What the operator tells Prometheus of itself. Every known set of labels is there from the start, at 0."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from paddle_operator import names
from paddle_operator.cluster import kinds
from paddle_operator.cluster.api import METHODS, NO_KIND, RESULTS
from paddle_operator.cluster.ports import Key
from paddle_operator.reasons import Reason
from paddle_operator.sla.golden import SERVICE_LABELS
from paddle_operator.sla.outcomes import OUTCOMES as REQUEST_OUTCOMES
from paddle_operator.status.conditions import TYPES
from paddle_operator.telemetry.rollouts import RolloutSeries

OUTCOMES = ("done", "gone", "refused", "failed")
"""Of a look: through; the service is not there; the API server said no; an error that nobody foresaw."""
QUESTIONS = ("series", "instant")
"""To Prometheus: raw samples over a time, or what an expression comes to at a moment."""
ANSWERS = ("value", "no_data", "failed")
ACTIONS = ("create", "patch", "delete")
STATUS_ACTION = "status"
OF_RESOURCES = (
    (STATUS_ACTION, names.KIND),
    *((action, names.REPORT_KIND) for action in ("create", STATUS_ACTION, "delete")),
)
"""What is done to the kinds that are the operator's own."""
WRITTEN = tuple(one.kind for one in kinds.OWNED)
REFUSALS = (
    Reason.FORBIDDEN,
    Reason.QUOTA_EXCEEDED,
    Reason.ADMISSION_DENIED,
    Reason.OBJECT_REFUSED,
    Reason.NAME_TAKEN,
    Reason.API_UNAVAILABLE,
)
"""Reasons with which a write can be refused."""
TRUTHS = {"True": 1.0, "False": 0.0}
UNKNOWN = -1.0
GAUGES = {
    names.METRIC_OPERATOR_LEADER: "1 while this replica acts, 0 while it waits for the Lease",
    names.METRIC_OPERATOR_WATCH_AGE: "Seconds since this replica's heartbeat last came back over its watch",
    names.METRIC_OPERATOR_QUEUE_DEPTH: "Services that are due and wait for a worker; 0 in a standby",
    names.METRIC_OPERATOR_QUEUE_OLDEST: "Seconds for which the first of them has been due",
    names.METRIC_OPERATOR_RECONCILING: "Services being looked at",
}
"""Asked for when they are scraped."""
RECONCILE_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
WAIT_SECONDS = (0.3, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Telemetry:
    """All series of one replica, in the registry that it is given."""

    def __init__(self, registry: CollectorRegistry, version: str) -> None:
        self._registry = registry
        self._looks = self._histogram(
            names.METRIC_OPERATOR_RECONCILE,
            "Seconds that one look at a service took, by what came of it",
            {"outcome": OUTCOMES},
            RECONCILE_SECONDS,
        )
        self._waits = self._histogram(
            names.METRIC_OPERATOR_EVENT_TO_RECONCILE,
            "Seconds from the first event about a service to the look that it caused",
            {},
            WAIT_SECONDS,
        )
        self._requests = self._counter(
            names.METRIC_OPERATOR_API_REQUESTS,
            "Requests to the API server, those of the watches excepted",
            ("verb", "kind", "result"),
            ((*one, result) for one in known_requests() for result in RESULTS),
        )
        self._seconds = self._histogram(
            names.METRIC_OPERATOR_API_DURATION,
            "Seconds that a request to the API server took",
            {"verb": tuple(METHODS)},
            REQUEST_SECONDS,
        )
        self._answers = self._counter(
            names.METRIC_OPERATOR_QUESTIONS,
            "Questions to Prometheus, by what came of them",
            ("question", "answer"),
            itertools.product(QUESTIONS, ANSWERS),
        )
        self._asking = self._histogram(
            names.METRIC_OPERATOR_QUESTION_DURATION,
            "Seconds that a question to Prometheus took",
            {"question": QUESTIONS},
            REQUEST_SECONDS,
        )
        self._actions = self._counter(
            names.METRIC_OPERATOR_ACTIONS,
            "What was done to objects of services and to reports, and writes of their status",
            ("action", "kind"),
            (*itertools.product(ACTIONS, WRITTEN), *OF_RESOURCES),
        )
        self._refused = self._counter(
            names.METRIC_OPERATOR_REFUSED_WRITES,
            "Actions that the API server refused, by reason as in the service's conditions",
            ("kind", "reason"),
            itertools.product((*WRITTEN, names.KIND, names.REPORT_KIND), REFUSALS),
        )
        self._conditions, self._golden = self._of_services()
        self.rollouts = RolloutSeries(registry)
        info = Gauge(names.METRIC_OPERATOR_BUILD_INFO, "1; what runs", ["version"], registry=registry)
        info.labels(version).set(1)
        ProcessCollector(registry=registry)

    def _of_services(self) -> tuple[Gauge, Counter]:
        """Return the series that each service has, which are told by the replica that leads alone."""
        conditions = Gauge(
            names.METRIC_OPERATOR_CONDITION,
            "A condition of a service: 1 True, 0 False, -1 Unknown; told by the replica that leads",
            (*SERVICE_LABELS, "type"),
            registry=self._registry,
        )
        golden = self._counter(
            names.METRIC_OPERATOR_GOLDEN,
            "Golden requests to services, sent by the replica that leads, by outcome as the runtime has them",
            (*SERVICE_LABELS, "outcome"),
            (),
        )
        return conditions, golden

    def _histogram(
        self, name: str, text: str, labels: Mapping[str, tuple[str, ...]], buckets: tuple[float, ...]
    ) -> Histogram:
        family = Histogram(name, text, tuple(labels), buckets=buckets, registry=self._registry)
        for values in itertools.product(*labels.values()) if labels else ():
            family.labels(*values)
        return family

    def _counter(
        self, name: str, text: str, labels: tuple[str, ...], known: Iterable[tuple[str, ...]]
    ) -> Counter:
        family = Counter(name, text, labels, registry=self._registry)
        for values in known:
            family.labels(*values)
        return family

    def gauge(self, name: str, read: Callable[[], float]) -> None:
        """One of GAUGES, and how its value is read."""
        Gauge(name, GAUGES[name], registry=self._registry).set_function(read)

    def looked(self, outcome: str, seconds: float) -> None:
        """One look at a service ended."""
        self._looks.labels(outcome).observe(seconds)

    def waited(self, seconds: float) -> None:
        """A look that an event had asked for begins."""
        self._waits.observe(seconds)

    def sent(self, verb: str, kind: str, result: str, seconds: float) -> None:
        """One request to the API server was answered or lost."""
        self._requests.labels(verb, kind, result).inc()
        self._seconds.labels(verb).observe(seconds)

    def asked(self, question: str, answer: str, seconds: float) -> None:
        """One question to Prometheus was answered, or came to nothing."""
        self._answers.labels(question, answer).inc()
        self._asking.labels(question).observe(seconds)

    def acted(self, action: str, kind: str) -> None:
        """One action was done."""
        self._actions.labels(action, kind).inc()

    def refused(self, kind: str, reason: Reason) -> None:
        """One action was refused."""
        self._refused.labels(kind, reason).inc()

    def conditions(self, namespace: str, name: str, status: Mapping[str, Any]) -> None:
        """What a status says of a service."""
        for one in status.get("conditions", ()):
            if one["type"] in TYPES:
                self._conditions.labels(namespace, name, one["type"]).set(TRUTHS.get(one["status"], UNKNOWN))

    def gone(self, namespace: str, name: str) -> None:
        """A service is there no more, and neither are its series."""
        self._conditions.remove_by_labels(dict(zip(SERVICE_LABELS, (namespace, name), strict=True)))
        self.rollouts.gone(Key(namespace, name))

    def golden_begins(self, namespace: str, name: str) -> None:
        """A service is asked from now on."""
        for outcome in REQUEST_OUTCOMES:
            self._golden.labels(namespace, name, outcome)

    def golden_answered(self, namespace: str, name: str, outcome: str) -> None:
        """One golden request ended."""
        self._golden.labels(namespace, name, outcome).inc()

    def golden_ends(self, namespace: str, name: str) -> None:
        """A service is asked no more."""
        self._golden.remove_by_labels(dict(zip(SERVICE_LABELS, (namespace, name), strict=True)))

    def stopped_leading(self) -> None:
        """Another replica tells of the services from now on."""
        self._conditions.clear()
        self.rollouts.clear()

    def render(self) -> bytes:
        """The text that is scraped."""
        return generate_latest(self._registry)


def known_requests() -> Iterable[tuple[str, str]]:
    """Every verb and kind that the operator asks the API server for."""
    for kind in kinds.OWNED:
        yield from ((verb, kind.kind) for verb in ("get", "list", "patch", "delete"))
    yield from ((verb, names.KIND) for verb in ("get", "list", "patch"))
    yield from ((verb, names.REPORT_KIND) for verb in ("get", "list", "create", "patch", "delete"))
    yield from ((verb, kinds.LEASE.kind) for verb in ("get", "create", "update", "patch", "delete"))
    yield from ((verb, kinds.EVENT.kind) for verb in ("list", "create"))
    yield "list", kinds.POD.kind
    yield "get", NO_KIND
