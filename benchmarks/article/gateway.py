"""The gateway in front of the pods: which one gets a request, and what happens when that one fails.

As Envoy does it with the operator's policy: of two pods drawn at random the one with fewer requests under
way; a failed attempt again after a random part of a growing pause; a pod that cannot be connected to left out
for some seconds, longer each time, and never more than half of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from benchmarks.article.clock import Clock
from benchmarks.article.pod import Pod
from benchmarks.article.policy import Policy
from benchmarks.article.request import Failure, Request


class Gateway:
    """ended: told of every request's end, once: good, bad or refused."""

    def __init__(
        self,
        clock: Clock,
        policy: Policy,
        chance: random.Random,
        ended: Callable[[Request, str], None],
        *,
        retry: bool,
    ) -> None:
        self._clock, self._policy, self._chance, self._ended = clock, policy, chance, ended
        self._retries = policy.retries if retry else 0
        self._known: list[Pod] = []
        self._hosts: list[Pod] = []
        self._repeating = 0

    def know(self, pods: Iterable[Pod]) -> None:
        """These are the pods that are said to be ready; one that was not known before begins anew."""
        before = set(self._known)
        self._known = list(pods)
        for pod in self._known:
            if pod not in before:
                pod.ejected, pod.ejections = False, 0
        self._choose_from()

    def send(self, request: Request) -> None:
        """One attempt."""
        request.attempt += 1
        hosts = self._hosts
        if not hosts:
            self._end(request, Failure.NOBODY.outcome)
            return
        pod, other = self._chance.choice(hosts), self._chance.choice(hosts)
        if other.active < pod.active:
            pod = other
        request.pod = pod
        pod.active += 1
        pod.take(request)

    def wait_for(self, request: Request) -> None:
        """The pod says nothing: until an attempt's time is over, or the request's."""
        silent_at = self._clock.now + self._policy.attempt_timeout
        over_at = request.arrived + self._policy.request_timeout
        self._clock.at(min(silent_at, over_at), self._give_up, request, request.attempt, Failure.SILENT)

    def connect_in_vain(self, request: Request) -> None:
        """Nobody answers at the pod's address."""
        over = self._clock.now + self._policy.connect_timeout
        self._clock.at(over, self._give_up, request, request.attempt, Failure.UNREACHED)

    def _give_up(self, request: Request, attempt: int, failure: Failure) -> None:
        if request.attempt == attempt:
            self.failed(request, failure)

    def answered(self, request: Request) -> None:
        """The caller has its answer."""
        self._leave(request)
        self._end(request, "good")

    def failed(self, request: Request, failure: Failure) -> None:
        """An attempt failed: again, or the caller is told."""
        pod = self._leave(request)
        if failure is Failure.UNREACHED:
            self._eject(pod)
        room = request.repeating or self._repeating < self._policy.parallel_retries
        if not (failure.repeatable and request.retries < self._retries and room):
            self._end(request, failure.outcome)
            return
        if not request.repeating:
            request.repeating = True
            self._repeating += 1
        longest = min(self._policy.first_backoff * 2**request.retries, self._policy.longest_backoff)
        request.retries += 1
        again_at = self._clock.now + self._chance.uniform(0, longest)
        if again_at >= request.arrived + self._policy.request_timeout:
            self._end(request, failure.outcome)
            return
        self._clock.at(again_at, self.send, request)

    def _leave(self, request: Request) -> Pod:
        pod = request.pod
        assert pod is not None
        pod.active -= 1
        request.pod = None
        request.attempt += 1
        return pod

    def _end(self, request: Request, outcome: str) -> None:
        self._repeating -= request.repeating
        self._ended(request, outcome)

    def _eject(self, pod: Pod) -> None:
        out = sum(each.ejected for each in self._known)
        if (
            pod.ejected
            or pod not in self._known
            or out + 1 > self._policy.most_ejected_share * len(self._known)
        ):
            return
        pod.ejected, pod.ejections = True, pod.ejections + 1
        self._choose_from()
        back_at = self._clock.now + self._policy.ejection * pod.ejections
        self._clock.at(back_at, self._take_back, pod, pod.ejections)

    def _take_back(self, pod: Pod, ejections: int) -> None:
        if pod.ejections == ejections:
            pod.ejected = False
            self._choose_from()

    def _choose_from(self) -> None:
        self._hosts = [pod for pod in self._known if not pod.ejected]
