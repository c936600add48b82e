"""The simulation beside the server that was measured: open loops of overload.json, one pod, no gateway."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchmarks.article.measured import Machine, result
from benchmarks.article.simulation import Simulation, Stretch, World

LONGER = 10  # than the measurement, so that the simulation's own chance is small beside the measurement's


def against_overload(machine: Machine, world: World) -> list[dict[str, Any]]:
    """Each open loop: what was measured, what is simulated at the rate that was sent."""
    measured = result("overload")["figures"]
    deadline = measured["deadline_ms"] / 1000
    one = replace(
        world,
        rules=replace(world.rules, deadline_seconds=deadline, standby=False),
        retry=False,
        scaling=None,
        threshold_seconds=deadline,
    )
    return [
        {"factor": float(factor), "measured": of_measured(row), "simulated": of_simulated(machine, one, row)}
        for factor, row in measured["open"].items()
    ]


def of_measured(row: dict[str, Any]) -> dict[str, float]:
    """A row of overload.json."""
    return {
        "answered_a_second": row["answered_a_second"],
        "median_seconds": row["latency_seconds"]["median"],
        "p95_seconds": row["latency_seconds"]["p95"],
        "refused_share": row["outcomes"].get("refused", 0) / row["requests"],
    }


def of_simulated(machine: Machine, world: World, row: dict[str, Any]) -> dict[str, float]:
    """The same load on one simulated pod."""
    rate = row["requests"] / row["plan"]["seconds"]
    warm, seconds = 20 * machine.workers / machine.capacity, LONGER * row["plan"]["seconds"]
    found = Simulation(world, Stretch(-warm, 0.0, seconds, lambda _: rate, rate, 1, seed="validation")).run()
    counts = found.counts
    return {
        "answered_a_second": counts.good / seconds,
        "median_seconds": counts.latency(0.5),
        "p95_seconds": counts.latency(0.95),
        "refused_share": counts.refused / counts.total,
    }
