"""The article's setting, as we read it: everything that nobody measured, each with why it is so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from benchmarks.article.faults import Times
from benchmarks.article.load_shape import DAY, HOUR, LoadShape
from benchmarks.article.measured import Machine, Starts
from benchmarks.article.pod import Rules
from benchmarks.article.policy import policy
from benchmarks.article.scaler import Scaling
from benchmarks.article.simulation import World
from paddle_operator.plan.model import Platform
from paddle_operator.plan.pod import GRACE_SECONDS
from paddle_operator.plan.scaled_object import POLLING_SECONDS
from paddle_operator.sla.load_queries import OVER
from paddle_operator.spec.scaling import Behavior
from paddle_operator.spec.traffic import Probes

PUBLISHED = {"attained_percent": 99.93, "down_minutes": 1.8, "mean_ms": 137, "p95_ms": 210}
QUEUE = 64
REQUEST_TIMEOUT_SECONDS = 30.0


def assumed(value: Any, words: str) -> Any:
    """A value that was not measured, and why it is this one."""
    return field(default=value, metadata={"words": words})


@dataclass(frozen=True)
class Assumptions:
    """Everything that was not measured. Rates of faults are once in so many days, for each."""

    days: int = assumed(90, "the article's three months")
    pods: int = assumed(10, "the article's; also the least that the autoscaler keeps")
    most_pods: int = assumed(30, "three times as many, for three times the load; nodes for them are there")
    nodes: int = assumed(5, "pods are spread over them evenly; all of one go with it")
    usage: float = assumed(
        0.6, "of a pod's capacity at the autoscaler's target; on the GPU that is the article's 200 a second"
    )
    trough_share: float = assumed(0.1, "of the daily peak, at night: a cosine over the day")
    peak_hour: float = assumed(15.0, "hour of the daily peak")
    burst: float = assumed(3.0, "the article's holiday: so many times the usual load")
    burst_day: int = assumed(27, "it begins on the 28th of January, at 10:00")
    burst_hours: int = assumed(192, "the holiday's eight days")
    ramp_seconds: float = assumed(60.0, "the load triples within a minute, and nobody announced it")
    worker_days: float = assumed(10.0, "a worker process of a pod dies")
    container_days: float = assumed(30.0, "a pod's container is killed, by its memory limit for instance")
    hang_days: float = assumed(180.0, "a pod's front end answers nobody any more")
    node_days: float = assumed(90.0, "a node is lost with its pods")
    endpoint_lag: float = assumed(
        3.0, "seconds from a pod's being ready, or not, to the gateway's knowing it"
    )
    node_noticed: float = assumed(50.0, "seconds: Kubernetes' node-monitor-grace-period")
    node_replaced: float = assumed(350.0, "seconds: that, and the 300 s that pods tolerate a lost node")
    fresh_pod: float = assumed(20.0, "seconds from a new pod to ready, where takeover.json does not say")

    def stated(self) -> Iterator[dict[str, Any]]:
        """Each with its words, for the result."""
        for one in fields(self):
            yield {"name": one.name, "value": getattr(self, one.name), "words": one.metadata["words"]}


SIMPLIFIED = (
    "The gateway, the network, the control plane, stores and rollouts never fail; one gateway sees all.",
    "What admission predicts of a request is right to within its margin; no machine slows down by itself.",
    "Starts on the GPU take as long as on CPU, and a holiday needs no node that is not there yet.",
    "A request is one picture of the corpus, and each kind of picture is as frequent.",
    "Times on the network and in the gateway are not counted.",
    "Latency, availability and errors are counted where the caller is, from its first attempt on.",
)


@dataclass(frozen=True)
class Mechanisms:
    """What can be switched off."""

    retry: bool = True
    admission: bool = True
    standby: bool = True
    scaling: bool = True


VARIANTS = {
    "everything": Mechanisms(),
    "no retry": Mechanisms(retry=False),
    "no admission": Mechanisms(admission=False),
    "no warm standby": Mechanisms(standby=False),
    "no scaling": Mechanisms(scaling=False),
}


def load_shape(machine: Machine, assumptions: Assumptions) -> LoadShape:
    """The load that keeps the pods at their target at the height of a usual day."""
    return LoadShape(
        peak=assumptions.pods * assumptions.usage * machine.capacity,
        trough_share=assumptions.trough_share,
        peak_hour=assumptions.peak_hour,
        factor=assumptions.burst,
        holiday_begin=assumptions.burst_day * DAY + 10 * HOUR,
        holiday_seconds=assumptions.burst_hours * HOUR,
        ramp_seconds=assumptions.ramp_seconds,
    )


def scaling(machine: Machine, assumptions: Assumptions) -> Scaling:
    """The autoscaler's settings."""
    return Scaling(
        target=assumptions.usage * machine.capacity,
        least=assumptions.pods,
        most=assumptions.most_pods,
        period_seconds=POLLING_SECONDS,
        window_seconds=OVER.total_seconds(),
        lag_seconds=Platform({}).scrape_seconds,
        down_seconds=Behavior().scale_down_stabilization_seconds,
    )


def world(machine: Machine, starts: Starts, assumptions: Assumptions, on: Mechanisms) -> World:
    """Everything that a simulation holds to."""
    probes = Probes()
    threshold = machine.threshold_ms / 1000
    return World(
        service=machine.service,
        rules=Rules(
            workers=machine.workers,
            crowded=machine.crowded,
            promised_seconds=threshold if on.admission else None,
            deadline_seconds=None,
            queue=QUEUE,
            request_timeout_seconds=REQUEST_TIMEOUT_SECONDS,
            standby=on.standby,
            worker_start_seconds=starts.worker,
        ),
        policy=policy(),
        times=Times(
            endpoint_lag=assumptions.endpoint_lag,
            restart=starts.restart,
            fresh_pod=starts.fresh_pod,
            probe_period=probes.period_seconds,
            probe_failures=probes.failure_threshold,
            probe_timeout=probes.timeout_seconds,
            grace=GRACE_SECONDS,
            node_noticed=assumptions.node_noticed,
            node_replaced=assumptions.node_replaced,
        ),
        nodes=assumptions.nodes,
        retry=on.retry,
        scaling=scaling(machine, assumptions) if on.scaling else None,
        threshold_seconds=threshold,
        article_threshold_seconds=PUBLISHED["p95_ms"] / 1000,
    )


def taken_from_the_code(of: World) -> dict[str, Any]:
    """What is not assumed but read from what the operator and the runtime do."""
    return {
        "gateway": asdict(of.policy),
        "autoscaler": None if of.scaling is None else asdict(of.scaling),
        "probes": {name: getattr(of.times, f"probe_{name}") for name in ("period", "failures", "timeout")},
        "grace": of.times.grace,
        "queue": of.rules.queue,
        "admission_margin": of.rules.margin,
    }
