"""What the workers have before them at one moment, as plain values: admission predicts from it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from paddle_runtime.cost import Prediction


@dataclass(frozen=True)
class Terms:
    """On which terms a request was taken (seconds, the server's clock).

    deadline: the queue is ordered by it, and work that would surely end later is not begun. give_up_at: the
    caller gets no answer after it. prediction: seconds in a worker.
    """

    deadline: float
    give_up_at: float
    prediction: Prediction

    @property
    def begin_by(self) -> float:
        """The last moment to begin."""
        return self.deadline - self.prediction.sure


@dataclass(frozen=True)
class Backlog:
    """running: (started_at, expected seconds) of what each busy worker holds. waiting: the terms of each job
    in the queue, in the order in which workers will take them.
    """

    running: tuple[tuple[float, float], ...] = ()
    waiting: tuple[Terms, ...] = ()
