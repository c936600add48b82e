"""Scenarios for `promtool test rules`: pods whose counters rise, and what is asked of the rules at a time.

A story is told in minutes from 1970-01-01, a Thursday, which is where promtool begins. Every pod is scraped
each 15 seconds, as the PodMonitor asks for.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

from hack import promtool
from paddle_operator.sla.alerts import rule_groups
from paddle_operator.spec.report import CountedAt
from tests.operator.given import Resource, a_service

SCRAPES_A_MINUTE = 4
GOOD, BAD, REFUSED, INVALID = ("good", "200"), ("bad", "500"), ("refused", "503"), ("invalid", "400")
OUTCOMES = {"good": GOOD, "bad": BAD, "refused": REFUSED, "invalid": INVALID}
RESET = -1.0
"""Instead of minutes: the process begins anew."""


@dataclass(frozen=True)
class Phase:
    """So many minutes in which so many requests came in each scrape; `slow` are good ones that took long."""

    minutes: float
    good: int = 0
    bad: int = 0
    refused: int = 0
    invalid: int = 0
    slow: int = 0


def restarted() -> Phase:
    return Phase(RESET)


@dataclass
class Story:
    """One service, its pods, and questions. Every method returns the story, so that it reads as one."""

    resource: Resource
    folder: Path
    series: list[dict[str, str]] = field(default_factory=list)
    questions: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    availability: CountedAt = CountedAt.RUNTIME

    @property
    def labels(self) -> str:
        identity = a_service(self.resource).identity
        return f'namespace="{identity.namespace}",service="{identity.name}"'

    def pod(self, name: str, *phases: Phase, boundary: str = "", born: float = 0, known: float = 0) -> Self:
        """Add a pod, born at a minute; its histogram has the boundary from so many minutes on, if ever."""
        mine = f'{self.labels},pod="{name}",revision="{name}-1"'
        for outcome, code in OUTCOMES.values():
            values = counter(phases, outcome, born)
            self.add(f'paddle_runtime_requests_total{{{mine},outcome="{outcome}",code="{code}"}}', values)
        bucket = "paddle_runtime_request_duration_seconds_bucket"
        self.add(f'{bucket}{{{mine},le="+Inf"}}', counter(phases, "good", born))
        if boundary:
            self.add(f'{bucket}{{{mine},le="{boundary}"}}', counter(phases, "fast", born, known))
        return self

    def ready(self, name: str, *spans: tuple[float, bool]) -> Self:
        """Say for how many minutes a pod is ready and is not."""
        values = " ".join(
            "1" if is_ready else "0"
            for minutes, is_ready in spans
            for _ in range(round(minutes * SCRAPES_A_MINUTE))
        )
        mine = f'{self.labels},pod="{name}",revision="{name}-1"'
        return self.add(f"paddle_runtime_ready{{{mine}}}", values)

    def proxy(self, name: str, *phases: Phase, rule: int = 0) -> Self:
        """Add a proxy of the gateway, which has a class only from its first answer on."""
        self.availability = CountedAt.GATEWAY
        identity = a_service(self.resource).identity
        cluster = f"httproute/{identity.namespace}/{identity.name}/rule/{rule}/backend/0"
        mine = f'namespace="envoy-gateway-system",pod="{name}",envoy_cluster_name="{cluster}"'
        for digit, outcome in (("2", "good"), ("4", "invalid"), ("5", "bad")):
            values = " ".join("_" if value == "0" else value for value in counter(phases, outcome).split())
            self.add(f'envoy_cluster_upstream_rq_xx{{{mine},envoy_response_code_class="{digit}"}}', values)
        return self

    def add(self, series: str, values: str) -> Self:
        self.series.append({"series": series, "values": values})
        return self

    def firing(self, minute: float, **labels: str) -> Self:
        """At this minute an alert with these labels fires, and perhaps others."""
        return self._asks(f"count({self._alerts(labels)}) > bool 0", minute, [("{}", 1)])

    def quiet(self, minute: float, **labels: str) -> Self:
        """At this minute no alert with these labels fires."""
        return self._asks(self._alerts(labels), minute, [])

    def shows(self, minute: float, query: str, *samples: tuple[str, float]) -> Self:
        """At this minute a query has these results and no others."""
        return self._asks(query, minute, samples)

    def _alerts(self, labels: dict[str, str]) -> str:
        wanted = ",".join(f'{name}="{value}"' for name, value in labels.items())
        return f'ALERTS{{alertstate="firing",{wanted}}}'

    def _asks(self, query: str, minute: float, samples: Iterable[tuple[str, float]]) -> Self:
        asked: dict[str, Any] = {"expr": query, "eval_time": f"{round(minute * 60)}s"}
        found = [{"labels": labels, "value": value} for labels, value in samples]
        self.questions.append(asked | ({"exp_samples": found} if found else {}))
        return self

    def ends(self) -> None:
        """Let promtool evaluate all of it; fails with what promtool found otherwise."""
        rules = self.folder / "rules.yaml"
        groups = rule_groups(a_service(self.resource), "https://example.com/", self.availability)
        rules.write_text(yaml.safe_dump({"groups": groups}))
        test = {
            "interval": f"{60 // SCRAPES_A_MINUTE}s",
            "input_series": self.series,
            "promql_expr_test": self.questions,
            "alert_rule_test": self.alerts,
        }
        file = self.folder / "test.yaml"
        file.write_text(
            yaml.safe_dump({"rule_files": [rules.name], "evaluation_interval": "30s", "tests": [test]})
        )
        done = run("test", "rules", str(file))
        assert done.returncode == 0, done.stdout + done.stderr


def counter(phases: Iterable[Phase], outcome: str, born: float = 0, known: float = 0) -> str:
    """Write a counter over all phases: `_` before it is there, and from 0 again after a restart."""
    values: list[str] = []
    count = 0
    values += ["_"] * round(born * SCRAPES_A_MINUTE)
    for phase in phases:
        if phase.minutes == RESET:
            count = 0
            continue
        rise = phase.good - phase.slow if outcome == "fast" else getattr(phase, outcome)
        for _ in range(round(phase.minutes * SCRAPES_A_MINUTE)):
            values.append(str(count))
            count += rise
    if known:  # the histogram begins anew with its new boundary
        start = round((born + known) * SCRAPES_A_MINUTE)
        base = int(values[start])
        values = ["_"] * start + [str(int(value) - base) for value in values[start:]]
    return " ".join(values)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = promtool.program()
    assert program is not None, "promtool is missing: run '.venv/bin/python -m hack.promtool'"
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=100)
