"""Counters as they were sampled: series, told apart by their labels, of targets that are scraped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

Labels: TypeAlias = frozenset[tuple[str, str]]
NAME_LABEL = "__name__"
NAMESPACE_LABEL = "namespace"
SERVICE_LABEL = "service"
REVISION_LABEL = "revision"
POD_LABEL = "pod"
"""These four are given to every series of a pod by its scrape."""
OUTCOME_LABEL = "outcome"
CODE_LABEL = "code"
ALL_CODES = "all"
"""The code of a counter that has every answer in it, and counts nowhere."""
CALLER_LEFT = "499"
"""The code of a request whose caller did not wait for the answer."""
BOUNDARY_LABEL = "le"
DIGEST_LABEL = "digest"
_WITHIN_A_TARGET = {NAME_LABEL, OUTCOME_LABEL, CODE_LABEL, BOUNDARY_LABEL}


class Sample(NamedTuple):
    """One scrape of one counter."""

    at: datetime
    value: float


class Restart(NamedTuple):
    """A process that began where another one of the same target had run."""

    after: datetime
    """When the other one was last seen."""
    at: datetime
    """When it began, or was first seen where its clock cannot be right. All samples from here on are its."""


@dataclass(frozen=True, slots=True)
class Series:
    """One counter. Samples may be out of order, twice the same, or outside of what is observed."""

    labels: Labels
    samples: tuple[Sample, ...]
    started: datetime | None = None
    """When it began at 0: the start of its process (process_start_time_seconds) or pod. None: not known."""
    restarts: tuple[Restart, ...] = ()
    """What the start time says of later processes, in order."""


def target_of(labels: Labels) -> Labels:
    """Return the labels of what is scraped: without those that tell its own counters apart."""
    return frozenset(pair for pair in labels if pair[0] not in _WITHIN_A_TARGET)


def label(labels: Labels, name: str) -> str:
    """Return the value of a label, empty where there is none."""
    return dict(labels).get(name, "")


def series_text(labels: Labels) -> str:
    """Write a series as Prometheus does."""
    inner = ", ".join(f'{name}="{value}"' for name, value in sorted(labels) if name != NAME_LABEL)
    return f"{label(labels, NAME_LABEL)}{{{inner}}}"
