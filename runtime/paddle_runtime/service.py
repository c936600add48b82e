"""THE FLOW. Every transport calls `Service.answer`, and nothing else decides what happens to a request.

admission (is there room?) -> read, under limits -> limits (size from the header alone)
    -> admission (can it be done in time?) -> dispatch to a free worker -> answer -> cost is learned
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from paddle_runtime import admission, limits
from paddle_runtime.cost import CostModel, Size
from paddle_runtime.dispatch.backlog import Backlog, Terms
from paddle_runtime.dispatch.job import Done, Result, TimedOut, Work
from paddle_runtime.errors import Invalid, RequestFault, RequestReason
from paddle_runtime.tasks import TASKS, Kind, Payload, Task, endpoint

# What the body of a request is read to: Work, or a list of it for a batch.
Read = TypeVar("Read")


@dataclass(frozen=True)
class Call(Generic[Read]):
    """One request as a transport sees it. `read` gets the body's content, counted against a meter.

    model, version: those in the request, None where it names none. new_connection: made after draining began.
    received_at: the first byte came; deadline_at: the caller's own (seconds, the server's clock).
    """

    kind: str
    model: str | None
    new_connection: bool
    read: Callable[[Meter], Awaitable[Read]]
    received_at: float
    deadline_at: float | None = None
    version: str | None = None


@dataclass(frozen=True)
class Served:
    """What this server serves."""

    name: str
    task: Task
    version: str = "1"

    def kind(self, name: str) -> Kind | None:
        """The kind of request of that name, where this server answers it."""
        return TASKS[self.task].kind(name)


class Workers(Protocol):
    """What the flow needs of dispatch."""

    @property
    def warm(self) -> int:
        """Workers that are ready or busy."""
        ...

    def backlog(self) -> Backlog:
        """What they do and what waits for them."""
        ...

    async def run(self, work: Work, terms: Terms) -> Done:
        """The answer, the seconds it waited and the seconds in a worker."""
        ...


class Service:
    """One model behind all transports."""

    def __init__(
        self,
        served: Served,
        workers: Workers,
        caps: limits.Limits,
        room: admission.Room,
        *,
        promised_seconds: Callable[[], float | None],
        clock: Callable[[], float],
    ) -> None:
        self.served = served
        self.held_bytes = 0
        self._workers = workers
        self._caps = caps
        self._room = room
        self._promised_seconds = promised_seconds
        self._clock = clock
        self._costs: defaultdict[str, CostModel] = defaultdict(CostModel)
        self._refused_in_row: Counter[str] = Counter()

    async def answer(self, call: Call[Work]) -> Result:
        """One request, start to end; Invalid, Refused or Failed when there is no answer."""
        kind = self._check_address(call)
        admission.admit_header(self._load(call), self._room)
        with Meter(self, self._caps.max_body_bytes) as meter:
            work = await call.read(meter)
            size = self._size(work, kind)
            [terms] = self._admit(call, kind, [size])
            done = await self._compute(work, terms, self._cost(kind, size), size)
        return _result(done)

    async def answer_batch(self, call: Call[list[Work | RequestFault]]) -> list[Result | RequestFault]:
        """Several works of one request: taken or refused together, computed as jobs of their own.

        One answer or fault for each, in their order: a bad picture fails alone.
        """
        kind = self._check_address(call)
        admission.admit_header(self._load(call), self._room)
        with Meter(self, self._caps.max_body_bytes) as meter:
            works = await call.read(meter)
            sizes = [self._size_or_fault(work, kind) for work in works]
            good = [
                (work, size)
                for work, size in zip(works, sizes, strict=True)
                if isinstance(work, Work) and isinstance(size, Size)
            ]
            if not good:  # nothing to admit or to compute
                return [size for size in sizes if isinstance(size, RequestFault)]
            terms = self._admit(call, kind, [size for _, size in good])
            jobs = (self._job(work, kind, own, size) for (work, size), own in zip(good, terms, strict=True))
            answers = iter(await asyncio.gather(*jobs))
            return [size if isinstance(size, RequestFault) else next(answers) for size in sizes]

    async def _job(self, work: Work, kind: Kind, terms: Terms, size: Size) -> Result | RequestFault:
        """One of a batch."""
        try:
            return _result(await self._compute(work, terms, self._cost(kind, size), size))
        except RequestFault as fault:
            return fault

    def _size_or_fault(self, work: Work | RequestFault, kind: Kind) -> Size | RequestFault:
        if isinstance(work, RequestFault):
            return work
        try:
            return self._size(work, kind)
        except RequestFault as fault:
            return fault

    def _admit(self, call: Call[Any], kind: Kind, sizes: Sequence[Size]) -> list[Terms]:
        """Can all of them be done in time, by workers that share them? The terms of each, or Refused."""
        wish = admission.Wish(call.received_at, call.deadline_at, self._promised_seconds())
        predictions = [self._cost(kind, size).predict(size) for size in sizes]
        sorts = {_sort(kind, size) for size in sizes}
        refused = max(self._refused_in_row[sort] for sort in sorts)
        self._refused_in_row.update(sorts)
        terms = admission.admit(
            self._load(call), self._room, wish, predictions, refused_in_row=refused, now=self._clock()
        )
        for sort in sorts:
            self._refused_in_row[sort] = 0
        return terms

    def _cost(self, kind: Kind, size: Size) -> CostModel:
        return self._costs[_sort(kind, size)]

    def _size(self, work: Work, kind: Kind) -> Size:
        """How large it is, within the caps."""
        if kind.payload is Payload.PICTURE:
            sizes = [limits.check_one_picture(work.payload, self._caps)]
        elif kind.payload.has_pages:
            sizes = limits.check_document(work.payload, self._caps, work.request.get("pages"))
        else:
            return Size(0, len(work.payload))
        return Size(sum(width * height for width, height in sizes), len(work.payload), len(sizes))

    async def _compute(self, work: Work, terms: Terms, cost: CostModel, size: Size) -> Done:
        """The answer; what it cost is learned from, also where it was too much."""
        if size.pages != 1:
            work = replace(work, alone=True)
        try:
            done = await self._workers.run(work, terms)
        except RequestFault as fault:
            # a first one that ended early would make all others look cheap
            if isinstance(fault, TimedOut) or cost.factors is not None:
                cost.learn_at_least(size, fault.worked_seconds)
            raise
        cost.learn(size, done.worked)
        return done

    def check_model(self, model: str | None, version: str | None) -> None:
        """Invalid where another model or version is asked for; None and "" ask for whichever is here."""
        name = self.served.name
        if model is not None and model != name:
            raise Invalid(RequestReason.NOT_FOUND, f"no model {model[:80]!r} here; this server has {name!r}")
        if version and version != self.served.version:
            raise Invalid(
                RequestReason.NOT_FOUND,
                f"no version {version[:80]!r} of {name!r} here; it is {self.served.version!r}",
            )

    def _check_address(self, call: Call[Any]) -> Kind:
        """Is that the model and the task that this server has?"""
        self.check_model(call.model, call.version)
        name, task = self.served.name, self.served.task
        if (kind := self.served.kind(call.kind)) is None:
            raise Invalid(
                RequestReason.WRONG_TASK,
                f"model {name!r} is of task {task}; send the request to POST {endpoint(task, name)}",
            )
        return kind

    def _load(self, call: Call[Any] | None = None) -> admission.Load:
        return admission.Load(
            warm_workers=self._workers.warm,
            backlog=self._workers.backlog(),
            held_bytes=self.held_bytes,
            draining=call is not None and call.new_connection,
        )

    def hold(self, more: int) -> None:
        """Take room for `more` bytes, or raise Refused."""
        if not admission.fits(
            self.held_bytes, self._room, more
        ):  # the queue is looked at for a refusal alone
            admission.admit_bytes(self._load(), self._room, more)
        self.held_bytes += more


def _result(done: Done) -> Result:
    return Result(done.result.body, {"queue": done.waited, **done.result.stages}, done.result.meta)


def _sort(kind: Kind, size: Size) -> str:
    """Which requests cost alike: those of a kind; but of a PDF only the bytes are known."""
    return f"{kind.name} of a PDF" if kind.payload.has_pages and not size.pixels else kind.name


class Meter:
    """Counts one body while it arrives: against its own cap, and against all that the server holds."""

    def __init__(self, service: Service, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._service = service
        self._taken = 0

    def add(self, more: int) -> None:
        """Room for the next bytes: TOO_LARGE or QUEUE_FULL before they are kept."""
        limits.check_length(self._taken + more, self.max_bytes)
        self._service.hold(more)
        self._taken += more

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *_: object) -> None:
        self._service.held_bytes -= self._taken
