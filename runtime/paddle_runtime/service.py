"""THE FLOW. Every transport calls `Service.answer`, and nothing else decides what happens to a request.

admission (is there room?) -> read, under limits -> limits (size from the header alone)
    -> admission again (the body may have taken long) -> dispatch to a free worker -> answer
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from paddle_runtime import admission, limits
from paddle_runtime.dispatch.job import Result, Work
from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.tasks import TASKS, Kind, Payload, Task, endpoint


@dataclass(frozen=True)
class Call:
    """One request as a transport sees it. `read` gets the body's content, counted against `meter`.

    model: the name in the request, None where the address names none. new_connection: made after draining
    began.
    """

    kind: str
    model: str | None
    new_connection: bool
    read: Callable[[Meter], Awaitable[Work]]


@dataclass(frozen=True)
class Served:
    """What this server serves."""

    name: str
    task: Task

    def kind(self, name: str) -> Kind | None:
        """The kind of request of that name, where this server answers it."""
        return TASKS[self.task].kind(name)


class Workers(Protocol):
    """What the flow needs of dispatch."""

    @property
    def warm(self) -> int:
        """Workers that are ready or busy."""
        ...

    @property
    def waiting(self) -> int:
        """Jobs that no worker has yet."""
        ...

    @property
    def mean_service_seconds(self) -> float:
        """Running mean of a job's time in a worker."""
        ...

    async def run(self, work: Work, deadline: float, predicted_seconds: float = 0.0) -> tuple[Result, float]:
        """The answer and the seconds it waited."""
        ...


class Service:
    """One model behind all transports."""

    def __init__(
        self,
        served: Served,
        workers: Workers,
        caps: limits.Limits,
        room: admission.Room,
        clock: Callable[[], float],
    ) -> None:
        self.served = served
        self.held_bytes = 0
        self._workers = workers
        self._caps = caps
        self._room = room
        self._clock = clock

    async def answer(self, call: Call) -> Result:
        """One request, start to end; Invalid, Refused or Failed when there is no answer."""
        kind = self._check_address(call)
        admission.admit(self._load(call), self._room, now=self._clock())
        with Meter(self, self._caps.max_body_bytes) as meter:
            work = await call.read(meter)
            if kind.payload is Payload.PICTURE:
                limits.check_picture(work.payload, self._caps)
            deadline = admission.admit(self._load(call), self._room, now=self._clock())
            result, waited = await self._workers.run(work, deadline)
        return Result(result.body, {"queue": waited, **result.stages}, result.meta)

    def _check_address(self, call: Call) -> Kind:
        """Is that the model and the task that this server has?"""
        name, task = self.served.name, self.served.task
        if call.model is not None and call.model != name:
            raise Invalid(
                RequestReason.NOT_FOUND, f"no model {call.model[:80]!r} here; this server has {name!r}"
            )
        if (kind := self.served.kind(call.kind)) is None:
            raise Invalid(
                RequestReason.WRONG_TASK,
                f"model {name!r} is of task {task}; send the request to POST {endpoint(task, name)}",
            )
        return kind

    def _load(self, call: Call | None = None) -> admission.Load:
        return admission.Load(
            warm_workers=self._workers.warm,
            waiting_requests=self._workers.waiting,
            held_bytes=self.held_bytes,
            mean_service_seconds=self._workers.mean_service_seconds,
            draining=call is not None and call.new_connection,
        )

    def hold(self, more: int) -> None:
        """Take room for `more` bytes, or raise Refused."""
        admission.admit_bytes(self._load(), self._room, more)
        self.held_bytes += more


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
