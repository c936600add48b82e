"""The timer that looks after one batch in a worker, and kills a worker that will not answer it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from paddle_runtime.dispatch.child import LATE_SECONDS, Child
from paddle_runtime.dispatch.job import Job
from paddle_runtime.dispatch.watchdog import Bounds, Signs, Verdict, border_seconds, look

SHORTEST_REST_SECONDS = 0.01


class Watch:
    """`with Watch(...) as watch:` around the batch; afterwards `watch.verdict` says whether it was killed."""

    def __init__(
        self,
        child: Child,
        jobs: Sequence[Job],
        *,
        begin_seconds: float,
        longest_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self.verdict = Verdict.WORKS
        self._child = child
        self._number = child.batches + 1
        self._sent_at = clock()
        self._deadline = max(job.terms.give_up_at for job in jobs)
        predicted = [job.terms.prediction.sure for job in jobs]
        together = sum(predicted) if all(predicted) else 0.0
        self._bounds = Bounds(begin_seconds, border_seconds(together, longest_seconds))
        self._clock = clock
        self._frozen = 0.0

    @property
    def begun(self) -> bool:
        """Whether the worker took the batch up."""
        return self._child.slab.begun == self._number

    def __enter__(self) -> Watch:
        first = min(self._bounds.begin_seconds, self._bounds.border_seconds)
        self._look_at(self._sent_at + first)
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _look_at(self, due: float) -> None:
        self._due = due
        self._timer = asyncio.get_running_loop().call_later(max(due - self._clock(), 0.0), self._look)

    def _look(self) -> None:
        late = self._clock() - self._due
        if late > LATE_SECONDS:
            self._frozen += late  # with us, the worker stood still too
        signs = Signs(self._sent_at, self.begun, self._child.slab.last_border, self._deadline)
        verdict, due = look(signs, self._bounds, now=self._clock() - self._frozen)
        if verdict is Verdict.WORKS:
            self._look_at(max(due + self._frozen, self._clock() + SHORTEST_REST_SECONDS))
            return
        self.verdict = verdict
        self._child.kill()
