"""What Prometheus is told of rollouts: what was decided, how each stands, and by which evidence.

Series are bounded: a service has one for each decision and finding that there is, and while a canary is
judged seven for each objective. Revisions are in none of them, or every rollout would leave some behind.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from paddle_operator import names
from paddle_operator.cluster.ports import Key
from paddle_operator.rolling import Rolled
from paddle_operator.rollout.machine import ENDED, State, after
from paddle_operator.rollout.memory import Cause, Hold
from paddle_operator.rollout.verdict import Finding, Verdict
from paddle_operator.sla.golden import SERVICE_LABELS

HELD_BY = (Hold.SHARED_INCIDENT, Hold.REGRESSION, Hold.METRICS_UNAVAILABLE, Hold.UNPROVEN)
DECISIONS = (
    *((state.value, state.value) for state in State if state not in {State.HELD, *ENDED}),
    *((State.HELD.value, hold.value) for hold in HELD_BY),
    *((after(State.STEP, cause.event).value, cause.value) for cause in Cause),
)
"""State that a decision led to, and its reason: these are there from a service's first look on, at 0."""
FIGURES = ("absolute", "relative", "proof")


class RolloutSeries:
    """The series of all services with a rollout."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(name, text, (*SERVICE_LABELS, *labels), registry=registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, (*SERVICE_LABELS, *labels), registry=registry)

        self._decisions = counter(
            names.METRIC_OPERATOR_ROLLOUT_DECISIONS,
            "Decisions of rollouts, by the state that they led to; reason: why it waits or was rejected, "
            "else the state",
            "state",
            "reason",
        )
        self._looks = counter(
            names.METRIC_OPERATOR_ROLLOUT_LOOKS, "Looks at canaries, by what the gate found", "finding"
        )
        self._info = gauge(
            names.METRIC_OPERATOR_ROLLOUT_INFO, "1; where a rollout is, and why it waits", "state", "hold"
        )
        self._weight = gauge(
            names.METRIC_OPERATOR_ROLLOUT_WEIGHT, "Percent of the requests that were decided on", "role"
        )
        self._evidence = gauge(
            names.METRIC_OPERATOR_ROLLOUT_EVIDENCE,
            "E-values of the canary that is judged, or was last",
            "objective",
            "figure",
        )
        self._threshold = gauge(
            names.METRIC_OPERATOR_ROLLOUT_THRESHOLD, "E-value from which on a figure decides", "figure"
        )
        self._requests = gauge(
            names.METRIC_OPERATOR_ROLLOUT_REQUESTS,
            "Requests that the evidence rests on, since the canary took its first; outcome: all or bad",
            "objective",
            "role",
            "outcome",
        )
        self._evident = (self._evidence, self._threshold, self._requests)
        self._all = (self._decisions, self._looks, self._info, self._weight, *self._evident)
        self._known: set[Key] = set()

    def looked(self, key: Key, rolled: Rolled | None) -> None:
        """Take a look into account. One that could not be remembered is made again."""
        if rolled is None:
            self.gone(key)
            return
        if rolled.refused is not None:
            return
        self.begins(key)
        for said in rolled.said:
            self._decisions.labels(*key, said.state, said.reason).inc()
        memory, verdict = rolled.facts.memory, rolled.facts.verdict
        self.stands(key, memory.state, memory.hold, rolled.course.canary_weight)
        if verdict is not None:
            self._looks.labels(*key, verdict.finding.value).inc()
            self.judged(key, verdict)
        elif memory.attempt is not None and not memory.attempt.weight:
            self._forget(key, *self._evident)  # of another canary, or from before its pods went

    def begins(self, key: Key) -> None:
        """A service has a rollout from now on, or is seen for the first time."""
        if key in self._known:
            return
        self._known.add(key)
        for decision in DECISIONS:
            self._decisions.labels(*key, *decision)
        for finding in Finding:
            self._looks.labels(*key, finding.value)

    def stands(self, key: Key, state: State, hold: Hold | None, weight: int) -> None:
        """Tell where a rollout is."""
        self._forget(key, self._info)
        self._info.labels(*key, state.value, hold.value if hold is not None else "").set(1)
        self._weight.labels(*key, "canary").set(weight)
        self._weight.labels(*key, "stable").set(100 - weight)

    def judged(self, key: Key, verdict: Verdict) -> None:
        """Tell what the gate rests on."""
        self._forget(key, *self._evident)
        for figure in FIGURES:
            enough = verdict.enough_proof if figure == "proof" else verdict.enough_against
            self._threshold.labels(*key, figure).set(enough)
        for one in verdict.objectives:
            for figure, value in zip(FIGURES, (one.absolute, one.relative, one.proof), strict=True):
                self._evidence.labels(*key, one.objective, figure).set(value)
            counts = (
                ("canary", "all", one.canary_requests),
                ("canary", "bad", one.canary_bad),
                ("stable", "all", one.stable_requests),
                ("stable", "bad", one.stable_bad),
            )
            for role, outcome, count in counts:
                self._requests.labels(*key, one.objective, role, outcome).set(count)

    def gone(self, key: Key) -> None:
        """A service, or its rollout, is there no more."""
        self._forget(key, *self._all)
        self._known.discard(key)

    def clear(self) -> None:
        """Another replica tells of them from now on."""
        for family in self._all:
            family.clear()
        self._known.clear()

    def _forget(self, key: Key, *families: Counter | Gauge) -> None:
        for family in families:
            family.remove_by_labels(dict(zip(SERVICE_LABELS, key, strict=True)))
