"""What the workers have before them at one moment, as plain values: admission predicts from it. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Backlog:
    """Times are seconds of the server's clock, predictions are seconds in a worker and 0 when unknown.

    running: (started_at, predicted_seconds) of each job that a worker holds. waiting: (deadline,
    predicted_seconds) of each job in the queue, in the order in which workers will take them. free: warm
    workers that hold nothing.
    """

    running: tuple[tuple[float, float], ...] = ()
    waiting: tuple[tuple[float, float], ...] = ()
    free: int = 0
