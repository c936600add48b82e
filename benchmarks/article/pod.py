"""One pod: its workers, the queue before them, and the ways in which it can fail.

Whether a request is taken is decided by the runtime's own admission; the queue is earliest deadline first.
"""

from __future__ import annotations

import random
from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from benchmarks.article.clock import Clock
from benchmarks.article.request import Failure, Request
from paddle_runtime.admission import Load, Room, Wish, admit
from paddle_runtime.cost import FIRST_MARGIN, Prediction
from paddle_runtime.dispatch.backlog import Backlog, Terms
from paddle_runtime.errors import Refused

HELD_BYTES = 1 << 40  # bodies are not simulated


class State(Enum):
    """What whoever connects meets."""

    SERVING = auto()
    HUNG = auto()  # connected, and no answer
    GONE = auto()  # the connection is refused
    LOST = auto()  # packets vanish


@dataclass(frozen=True)
class Rules:
    """What all pods are alike in. Times are seconds; deadline_seconds: what callers name, if they do.

    crowded: how many times as long work takes where all workers are busy. promised_seconds: the promise's
    threshold; None: admission looks at nothing but the queue's length.
    """

    workers: int
    crowded: float
    promised_seconds: float | None
    deadline_seconds: float | None
    queue: int
    request_timeout_seconds: float
    standby: bool
    worker_start_seconds: float
    margin: float = FIRST_MARGIN


class Requester(Protocol):
    """What a pod tells the gateway."""

    def answered(self, request: Request) -> None: ...
    def failed(self, request: Request, failure: Failure) -> None: ...
    def wait_for(self, request: Request) -> None: ...
    def connect_in_vain(self, request: Request) -> None: ...


class Pod:
    """active: attempts under way, which the gateway counts; ejected, ejections: its memory of failures."""

    def __init__(self, rules: Rules, clock: Clock, gateway: Callable[[], Requester], node: int) -> None:
        self._rules, self._clock, self._gateway = rules, clock, gateway
        self.node = node
        self.state = State.SERVING
        self.active = 0
        self.ejected, self.ejections = False, 0
        self._workers = rules.workers
        self._standby_from = -1.0
        self._running: dict[Request, float] = {}
        self._queue: list[tuple[float, int, Request]] = []
        self._held: set[Request] = set()
        self._open_connections = 0
        self._taken = 0
        self._life = 0
        self._room = Room(rules.queue, HELD_BYTES, rules.request_timeout_seconds)

    def take(self, request: Request) -> None:
        """The gateway sends a request here."""
        match self.state:
            case State.SERVING:
                self._serve(request)
            case State.GONE:
                self._gateway().failed(request, Failure.UNREACHED)
            case State.HUNG:
                self._hold(request)
            case State.LOST:
                if self._open_connections:
                    self._open_connections -= 1
                    self._hold(request)
                else:
                    self._gateway().connect_in_vain(request)

    # Serving

    def _serve(self, request: Request) -> None:
        if not self._full and self._rules.deadline_seconds is None:
            self._begin(request)  # an idle worker takes whatever names no deadline of its own
            return
        terms = self.terms_of(request)
        if terms is None:
            self._gateway().failed(request, Failure.REFUSED)
        elif not self._full:
            self._begin(request)
        else:
            request.terms = terms
            self._taken += 1
            insort(self._queue, (terms.deadline, self._taken, request))
            self._clock.at(terms.begin_by, self._shed, request, request.attempt)

    def terms_of(self, request: Request) -> Terms | None:
        """On which terms it is taken; None: it is refused."""
        rules, now, prediction = self._rules, self._clock.now, self.prediction(request)
        if rules.deadline_seconds is None and rules.promised_seconds is None:
            give_up_at = now + rules.request_timeout_seconds
            room = self._workers and len(self._queue) < rules.queue  # what admit_header looks at
            return Terms(give_up_at, give_up_at, prediction) if room else None
        try:
            return admit(self.load(), self._room, self.wish(), [prediction], refused_in_row=0, now=now)[0]
        except Refused:
            return None

    @property
    def _full(self) -> bool:
        return len(self._running) >= self._workers

    def prediction(self, request: Request) -> Prediction:
        """What the cost model has learned: what such a request takes where all workers are busy."""
        if request.prediction is None:  # it is the same in every pod
            expected = request.base * self._rules.crowded
            request.prediction = Prediction(expected, expected * self._rules.margin)
        return request.prediction

    def wish(self) -> Wish:
        """When the caller wants the answer."""
        now, deadline = self._clock.now, self._rules.deadline_seconds
        return Wish(now, None if deadline is None else now + deadline, self._rules.promised_seconds)

    def load(self) -> Load:
        """What this pod's admission sees."""
        running = tuple((began, self.prediction(each).expected) for each, began in self._running.items())
        waiting = tuple(each.terms for _, _, each in self._queue if each.terms is not None)
        return Load(self._workers, Backlog(running, waiting), held_bytes=0, draining=False)

    def _begin(self, request: Request) -> None:
        others = len(self._running)
        crowd = 1 + (self._rules.crowded - 1) * others / max(1, self._rules.workers - 1)
        self._running[request] = self._clock.now
        self._clock.at(self._clock.now + request.base * crowd, self._finish, request, request.attempt)

    def _finish(self, request: Request, attempt: int) -> None:
        if request.attempt == attempt:
            del self._running[request]
            self._gateway().answered(request)
            self._fill()

    def _fill(self) -> None:
        while self._queue and not self._full:
            self._begin(self._queue.pop(0)[2])

    def _shed(self, request: Request, attempt: int) -> None:
        """The last moment to begin it is over."""
        if request.attempt == attempt and request not in self._running:
            for place, entry in enumerate(self._queue):
                if entry[2] is request:
                    del self._queue[place]
                    self._gateway().failed(request, Failure.REFUSED)
                    return

    # Failing

    def lose_worker(self, chance: random.Random) -> None:
        """A worker dies with what it holds; a warm standby takes its place, or a new one after its start."""
        if self.state is not State.SERVING or not self._workers:
            return
        rules, now = self._rules, self._clock.now
        held = chance.choice(list(self._running)) if self._running else None
        if rules.standby and now >= self._standby_from:
            self._standby_from = now + rules.worker_start_seconds
        else:
            self._workers -= 1
            self._clock.at(now + rules.worker_start_seconds, self._worker_back, self._life)
        if held is not None:
            del self._running[held]
            self._gateway().failed(held, Failure.LOST)
        self._fill()

    def _worker_back(self, life: int) -> None:
        if life == self._life:
            self._workers += 1
            self._fill()

    def crash(self) -> None:
        """Its processes are killed: connections break, new ones are refused."""
        self._end_all(State.GONE)
        for request in self._clear():
            self._gateway().failed(request, Failure.RESET)

    def hang(self) -> None:
        """It keeps its connections and says nothing any more."""
        self._fall_silent(State.HUNG)

    def vanish(self) -> None:
        """Its node is gone: what is under way hears nothing, nor do requests on connections that are open."""
        connections = max(self.active, self._rules.workers)
        self._fall_silent(State.LOST)
        self._open_connections = connections - len(self._held)

    def _fall_silent(self, state: State) -> None:
        self._end_all(state)
        for request in self._clear():
            request.attempt += 1
            self._hold(request)

    def _end_all(self, state: State) -> None:
        self.state = state
        self._life += 1

    def _clear(self) -> list[Request]:
        """Everything that it holds, from now on not its own any more."""
        held = (each for each in self._held if each.pod is self)
        found = [*self._running, *(entry[2] for entry in self._queue), *held]
        self._running.clear()
        self._queue.clear()
        self._held.clear()
        return found

    def _hold(self, request: Request) -> None:
        self._held = {each for each in self._held if each.pod is self}
        self._held.add(request)
        self._gateway().wait_for(request)

    def come_back(self) -> None:
        """A new container in the same pod serves."""
        self.state = State.SERVING
        self._life += 1
        self._workers, self._standby_from = self._rules.workers, -1.0
        self._open_connections = 0
