"""What this server tells Prometheus. Every label set exists from the start, at 0, so that a rate never lies.

The histogram holds good answers only. A latency objective is therefore
    good  = request_duration_seconds_bucket{le=THRESHOLD}
    total = sum(requests_total{outcome=~"good|bad|refused"})
which counts what was slow, what failed and what was refused as bad. Requests tagged as synthetic are counted
in synthetic_requests_total and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

PREFIX = "paddle_runtime_"
PROTOCOLS = ("http", "grpc")
LOAD_PHASES = ("verify", "load", "self-test", "warm-up")
RESTART_REASONS = ("crash", "stall", "errors", "memory", "load_failed")
STAGE_BOUNDARIES_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
# Asked for when they are scraped.
GAUGES = {
    "queue_depth": "Requests waiting for a worker",
    "inflight_requests": "Requests inside, from header to answer",
    "held_bytes": "Bytes of request bodies held",
    "ready": "1 when ready",
    "workers": "Worker processes wanted",
    "warm_workers": "Worker processes ready or busy",
}
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """All series of one server, in the registry that it is given."""

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        outcomes: Iterable[tuple[str, int]],
        refusals: Iterable[str],
        stages: Iterable[str],
        boundaries: tuple[float, ...],
    ) -> None:
        self._registry = registry
        self._requests = self._counter(
            "requests", "Requests answered, by outcome and code", "outcome", "code"
        )
        self._synthetic = self._counter(
            "synthetic_requests", "Requests tagged as synthetic, kept out of all else", "outcome", "code"
        )
        self._protocols = self._counter(
            "protocol_requests", "Requests ended, by the protocol they came over", "protocol"
        )
        self._refused = self._counter("refused", "Requests refused for want of room", "reason")
        self._restarts = self._counter("worker_restarts", "Workers that had to be replaced", "reason")
        self._busy = self._counter("busy_seconds", "Seconds that workers computed, all workers together")
        self._stages = Histogram(
            PREFIX + "stage_duration_seconds",
            "Seconds spent in one stage of a request",
            ["stage"],
            buckets=STAGE_BOUNDARIES_SECONDS,
            registry=registry,
        )
        self._info = self._gauge(
            "model_info", "1; what is served", "name", "digest", "task", "engine", "device", "revision"
        )
        self._load = self._gauge(
            "model_load_seconds", "Seconds of each phase of a worker's last start", "phase"
        )
        for outcome, code in outcomes:
            self._requests.labels(outcome, code)
            self._synthetic.labels(outcome, code)
        for family, values in (
            (self._protocols, PROTOCOLS),
            (self._refused, refusals),
            (self._restarts, RESTART_REASONS),
            (self._stages, stages),
            (self._load, LOAD_PHASES),
        ):
            for value in values:
                family.labels(value)
        self._latency = self._histogram(boundaries)
        ProcessCollector(registry=registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(PREFIX + name, text, labels, registry=self._registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(PREFIX + name, text, labels, registry=self._registry)

    def _histogram(self, boundaries: tuple[float, ...]) -> Histogram:
        return Histogram(
            PREFIX + "request_duration_seconds",
            "Seconds from the first byte received to the last byte handed over, of good answers",
            buckets=boundaries,
            registry=self._registry,
        )

    def set_boundaries(self, boundaries: tuple[float, ...]) -> None:
        """Begin a new histogram; to Prometheus its counts are a reset, which rates take into account."""
        self._registry.unregister(self._latency)
        self._latency = self._histogram(boundaries)

    def answered(self, outcome: str, code: int, seconds: float) -> None:
        """One request ended."""
        self._requests.labels(outcome, code).inc()
        if outcome == "good":
            self._latency.observe(seconds)

    def came_over(self, protocol: str) -> None:
        """One request ended: a series of its own, so that those of the promise have no more labels."""
        self._protocols.labels(protocol).inc()

    def answered_synthetic(self, outcome: str, code: int) -> None:
        """One synthetic request ended."""
        self._synthetic.labels(outcome, code).inc()

    def refused(self, reason: str) -> None:
        """One request was refused."""
        self._refused.labels(reason).inc()

    def stages(self, seconds: Mapping[str, float]) -> None:
        """Where one request's time went."""
        for stage, duration in seconds.items():
            self._stages.labels(stage).observe(duration)

    def worked(self, busy_seconds: float) -> None:
        """A worker computed for that long."""
        self._busy.inc(busy_seconds)

    def lost(self, reason: str) -> None:
        """A worker has to be replaced."""
        self._restarts.labels(reason).inc()

    def loaded(self, phase: str, seconds: float) -> None:
        """A phase of starting took that long."""
        self._load.labels(phase).set(seconds)

    def describe_model(
        self, *, name: str, digest: str, task: str, engine: str, device: str, revision: str
    ) -> None:
        """Say what is served, once; said again, it replaces what was said before."""
        self._info.clear()
        self._info.labels(name, digest, task, engine, device, revision).set(1)

    def gauge(self, name: str, read: Callable[[], float]) -> None:
        """One of GAUGES, and how its value is read."""
        self._gauge(name, GAUGES[name]).set_function(read)

    def worker_memory(self, read: Mapping[str, Callable[[], float]]) -> None:
        """Resident bytes of each worker, asked for when scraped; 0 while it is being replaced."""
        family = self._gauge("worker_resident_memory_bytes", "Resident memory of a worker", "worker")
        for worker, function in read.items():
            family.labels(worker).set_function(function)

    def render(self) -> bytes:
        """The text that is scraped."""
        return generate_latest(self._registry)
