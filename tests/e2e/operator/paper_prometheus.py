"""A fake of Prometheus' HTTP API: counters of pods of paper, each a function of the time that is asked about.

Nobody scrapes and nothing is kept. So the same question has the same answer in every run of a story, whoever
asks and how often; a real one, given the samples, would answer just so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from paddle_operator import names
from tests.operator.metrics.scripted_server import Answer, matrix, serving

SCRAPE_SECONDS = 15
_TOLD = re.compile(
    r'namespace="(?P<namespace>[^"]+)".*?(?:revision=~"(?P<revisions>[^"]*)".*?)?\[(?P<length>\d+)ms\]'
)


@dataclass(frozen=True)
class Traffic:
    """What one pod is asked from a moment on, each second; whatever its weight is."""

    since: datetime
    good: int
    bad: int


@dataclass
class PaperPrometheus:
    """Who answers requests, by namespace and revision."""

    url: str = ""
    pods: dict[tuple[str, str], Traffic] = field(default_factory=dict)

    @contextmanager
    def answering(self) -> Iterator[PaperPrometheus]:
        """Answer until the end of the block."""
        with serving() as server:
            server.by = self.answer
            self.url = server.url
            yield self

    def answer(self, asked: dict[str, str]) -> Answer:
        """Answer one query for raw samples; other questions have no answer here."""
        asked_for = asked.get("query", "")
        told = _TOLD.search(asked_for)
        if told is None:
            return matrix()
        end = float(asked["time"])
        start = end - int(told["length"]) / 1000
        rows = []
        for (namespace, revision), traffic in self.pods.items():
            chosen = told["revisions"] is None or re.fullmatch(told["revisions"], revision)
            if namespace == told["namespace"] and chosen:
                rows += list(_rows(asked_for, revision, traffic, start, end))
        return matrix(*rows)


def _rows(
    query: str, revision: str, traffic: Traffic, start: float, end: float
) -> Iterator[tuple[dict[str, str], list[tuple[float, str]]]]:
    """Counters without the label `namespace`: hashes of the labels are in what two runs are compared by."""
    begun = traffic.since.timestamp()
    first = max(int(-(-start // SCRAPE_SECONDS)) * SCRAPE_SECONDS, begun)
    moments = [at for at in range(int(first), int(end) + 1, SCRAPE_SECONDS) if at > start]
    of = {"service": "calm", "revision": revision, "pod": f"{revision}-0"}
    if not moments:
        return
    if names.METRIC_REQUESTS in query:
        for outcome, code, each in (("good", "200", traffic.good), ("bad", "500", traffic.bad)):
            labels = {**of, "__name__": names.METRIC_REQUESTS, "outcome": outcome, "code": code}
            yield labels, [(at, str(int((at - begun) * each))) for at in moments]
    if names.METRIC_PROCESS_START in query:
        labels = {**of, "__name__": names.METRIC_PROCESS_START}
        yield labels, [(at, str(begun)) for at in moments]
