"""One request on its way, and what can become of an attempt to have it answered."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.article.pod import Pod
    from paddle_runtime.cost import Prediction
    from paddle_runtime.dispatch.backlog import Terms


class Failure(Enum):
    """How an attempt ended without an answer, and whether the gateway may repeat it."""

    REFUSED = ("503: nothing was done yet", True, "refused")
    RESET = ("the connection broke", True, "bad")
    UNREACHED = ("no connection", True, "bad")
    SILENT = ("no answer in an attempt's time", True, "bad")
    LOST = ("502: a worker died with it, and it may be what killed it", False, "bad")
    NOBODY = ("no pod is known", False, "bad")

    def __init__(self, words: str, repeatable: bool, outcome: str) -> None:
        self.words = words
        self.repeatable = repeatable
        self.outcome = outcome


class Request:
    """base: seconds that it needs of a worker on an otherwise idle pod. attempt: counts up whenever one ends,
    so that what was planned for an earlier one is void. Times are seconds of the clock.
    """

    __slots__ = ("arrived", "attempt", "base", "pod", "prediction", "repeating", "retries", "terms")

    def __init__(self, arrived: float, base: float) -> None:
        self.arrived = arrived
        self.base = base
        self.attempt = 0
        self.retries = 0
        self.repeating = False
        self.pod: Pod | None = None
        self.prediction: Prediction | None = None
        self.terms: Terms | None = None
