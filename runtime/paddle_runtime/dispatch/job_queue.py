"""The one queue before the workers: the job whose deadline is earliest goes first, ties as they came."""

from __future__ import annotations

import heapq
import itertools

from paddle_runtime.dispatch.job import Job


class JobQueue:
    """Earliest deadline first. Its length counts only jobs that somebody still waits for."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Job]] = []
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, job: Job) -> None:
        """Take a job in; one that a worker gave back unbegun stands again where its deadline puts it."""
        heapq.heappush(self._heap, (job.terms.deadline, next(self._order), job))

    def first(self, count: int) -> tuple[list[Job], bool]:
        """The next jobs to be done together, at most so many, which stay in the queue; whether no more can
        join them, because they are so many or one that goes alone is among them or next.
        """
        entries = self._heap[:1] if count == 1 else heapq.nsmallest(count, self._heap)
        jobs = [job for _, _, job in entries]
        alone = next((place for place, job in enumerate(jobs) if job.work.alone), None)
        if alone is None:
            return jobs, len(jobs) == count
        return jobs[: max(alone, 1)], True

    def pop(self) -> Job:
        """The job to do next; IndexError when there is none."""
        return heapq.heappop(self._heap)[2]

    def remove(self, job: Job) -> bool:
        """Its caller left or its time is over; whether it was still here, and no worker had it."""
        left = [entry for entry in self._heap if entry[2] is not job]
        if len(left) == len(self._heap):
            return False
        heapq.heapify(left)
        self._heap = left
        return True

    def in_order(self) -> list[Job]:
        """All jobs, the next one first."""
        return [job for _, _, job in sorted(self._heap)]
