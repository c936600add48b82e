"""What is measured, from benchmarks/results/: how long requests and starts take, on two kinds of machine."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.article.service_time import ServiceTime, through
from benchmarks.runtime_record import ROOT

RESULTS = ROOT / "benchmarks" / "results"
STRATA = (
    "lines",
    "receipts",
    "photos",
    "pages",
)  # of the corpus, as many pictures of each, from quick to slow
GPU_ROW, GPU_WORKERS = "4 workers, 1 together", 4


@dataclass(frozen=True)
class Machine:
    """A kind of pod. capacity: requests a second that it answers when it always has some.

    threshold_ms: what is promised there to 95 % of requests; sources: what came out of which result.
    """

    name: str
    words: str
    workers: int
    service: ServiceTime
    capacity: float
    threshold_ms: int
    sources: tuple[str, ...]

    @property
    def crowded(self) -> float:
        """How many times as long work takes where all workers are busy."""
        return max(1.0, self.workers / self.capacity / self.service.mean)


@dataclass(frozen=True)
class Starts:
    """Seconds; see faults.Times. Measured with PP-OCRv4 on CPU."""

    worker: float
    restart: float
    fresh_pod: float
    sources: tuple[str, ...]


def result(name: str) -> Mapping[str, Any]:
    """One result file."""
    found: Mapping[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def source(name: str, what: str) -> str:
    """Where a figure comes from."""
    return f"benchmarks/results/{name}.json (commit {result(name)['commit'][:12]}): {what}"


def processor() -> Machine:
    """A pod of 2 CPUs."""
    alone = result("overload")["figures"]["closed"]["1"]
    medians = result("compare")["figures"]["rows"]["pipeline"]["median_seconds"]
    quantiles = {(2 * place + 1) / 8: medians[name] for place, name in enumerate(STRATA)}
    quantiles |= tail(alone["latency_seconds"])
    return Machine(
        "2 CPUs",
        "2 workers, as shipped",
        workers=result("compare")["figures"]["cpus"],
        service=through(quantiles, 1 / alone["steady"]["answered_a_second"]),
        capacity=result("overload")["figures"]["capacity_a_second"],
        threshold_ms=2000,
        sources=(
            source("overload", "one caller: mean, P95, P99 and longest; capacity"),
            source("compare", "row pipeline: the median of each kind of picture"),
        ),
    )


def accelerator() -> Machine:
    """A pod with a whole GPU."""
    rows = result("gpu")["figures"]["rows"][GPU_ROW]
    alone, full = rows["1"], rows["16"]
    quantiles = {0.5: middle(alone, "median")} | tail(
        {name: middle(alone, name) for name in ("p95", "p99", "max")}
    )
    return Machine(
        "H100",
        "4 workers, one request each at a time",
        workers=GPU_WORKERS,
        service=through(quantiles, 1 / statistics.median(each["pages_a_second"] for each in alone)),
        capacity=statistics.median(each["pages_a_second"] for each in full),
        threshold_ms=500,
        sources=(source("gpu", f"row {GPU_ROW}, one caller and 16: mean, quantiles, capacity"),),
    )


def tail(latency: Mapping[str, float]) -> dict[float, float]:
    """The quantiles that every row has."""
    return {0.95: latency["p95"], 0.99: latency["p99"], 1.0: latency["max"]}


def middle(rounds: list[dict[str, Any]], name: str) -> float:
    """The median over rounds of a quantile."""
    return float(statistics.median(each["latency_seconds"][name] for each in rounds))


def starts(fresh_pod_seconds: float) -> Starts:
    """How long starts take; a fresh pod as given, where nobody has measured one."""
    worker = result("runtime_start")["figures"]["ready_seconds"]["median"]
    sources = [source("runtime_start", "a worker's start")]
    figures = result("takeover")["figures"] if (RESULTS / "takeover.json").exists() else {}
    if figures.get("model") == "ocr":
        sources.append(source("takeover", "from a kill, and from a new pod, to ready"))
        restart = figures["ready_again_seconds"]["median"]
        fresh_pod_seconds = figures["fresh_pod_seconds"]["median"]
    else:
        name = "test_no_request_fails_while_containers_die_one_after_another"
        sweep = next(test for test in result("kill_sweep")["tests"] if test["test"].endswith(name))
        sources.append(source("kill_sweep", "from a kill to ready"))
        restart = float(sweep["crash_to_ready_seconds_median"])
    return Starts(worker, restart, fresh_pod_seconds, tuple(sources))
