"""A worker process: one inference thread, the main one, that opens, tests, warms and runs its pipeline.

Started by dispatch/child.py with a socket's descriptor and the front end's process id as its arguments.
It leaves when the front end does: at the end of the stream, or, in the middle of a computation, by the
kernel's signal.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, runtime_checkable

from paddle_runtime import logs
from paddle_runtime.answering import Progress, WarmModel, open_model
from paddle_runtime.border import Abandoned, looking
from paddle_runtime.dispatch.exchange import Answer, Ask, Unexpected, pack_answers, unpack_batch
from paddle_runtime.dispatch.frames import Frame, receive_frame, send_frame
from paddle_runtime.dispatch.job import Result
from paddle_runtime.dispatch.slab import Slab, SlabSize
from paddle_runtime.errors import BundleFault, BundleReason, Failed, Invalid, RequestReason

log = logging.getLogger(__name__)
PR_SET_PDEATHSIG = 1


@runtime_checkable
class BatchModel(Protocol):
    """A model that computes several requests at once, each with an answer or an error of its own."""

    def answer_all(self, asks: Sequence[Ask]) -> Sequence[Result | Exception]:
        """One for each, in their order."""
        ...


Compute = Callable[[Sequence[Ask]], list[Answer]]
Opener = Callable[[Mapping[str, Any], Progress], tuple[WarmModel, dict[str, Any]]]


def run(descriptor: int, parent: int, open_: Opener) -> int:
    """Serve jobs from the socket until it ends; the exit code is 0 or the BundleFault's."""
    _die_with(parent)
    _leave_signals_to_the_front_end()
    with socket.socket(fileno=descriptor) as connection:
        order = receive_frame(connection)
        if order is None:
            return 0
        logs.configure(str(order.header.get("logFormat", "text")))
        try:
            model, described = open_(order.header, _progress_to(connection))
        except BundleFault as fault:
            return _report(connection, fault)
        except Exception as error:  # whatever a framework raises while loading is a failed load
            log.exception("the model cannot be loaded")
            return _report(
                connection, BundleFault(BundleReason.LoadFailed, f"{type(error).__name__}: {error}")
            )
        _leave_signals_to_the_front_end()  # again, since Paddle takes SIGTERM for itself when it is imported
        slab = _slab(order)
        together = isinstance(
            model, BatchModel
        )  # once: the look costs as much as all else of a small request
        compute: Compute = partial(_one_by_one, model, slab)
        if isinstance(model, BatchModel):
            compute = partial(_together, model, slab)
        send_frame(connection, {"type": "warm", **described, "batches": together})
        _serve(connection, slab, compute)
    return 0


def _slab(order: Frame) -> Slab:
    """The memory that the front end shares with this worker."""
    told = order.header
    size = SlabSize(int(told["slabRequestBytes"]), int(told["slabAnswerBytes"]))
    return Slab(int(told["slab"]), size)


def _serve(connection: socket.socket, slab: Slab, compute: Callable[[Sequence[Ask]], list[Answer]]) -> None:
    """Batches in, answers out, until the front end closes the connection."""
    while (frame := receive_frame(connection)) is not None:
        if frame.kind == "ping":
            send_frame(connection, {"type": "pong"})
            continue
        began = time.monotonic()
        slab.take_up(int(frame.header["number"]))
        answers = compute(unpack_batch(slab, frame))
        send_frame(connection, *pack_answers(slab, answers, time.monotonic() - began))


def _together(model: BatchModel, slab: Slab, asks: Sequence[Ask]) -> list[Answer]:
    """All at once."""
    return _guarded(lambda: model.answer_all(asks), slab, dict(enumerate(asks)))


def _one_by_one(model: WarmModel, slab: Slab, asks: Sequence[Ask]) -> list[Answer]:
    """One after the other; what one met is nothing to the next."""
    return [_guarded(partial(_one, model, ask), slab, {job: ask})[0] for job, ask in enumerate(asks)]


def _one(model: WarmModel, ask: Ask) -> list[Result]:
    return [model.answer(ask.kind, ask.request, ask.payload)]


def _guarded(
    compute: Callable[[], Sequence[Result | Exception]], slab: Slab, jobs: Mapping[int, Ask]
) -> list[Answer]:
    """No exception of a request leaves this function; what the whole batch met is the answer of each."""

    def look() -> None:
        now = slab.at_border()
        if all(slab.abandoned(job) or now > ask.deadline for job, ask in jobs.items()):
            raise Abandoned("nobody waits for this answer any more")

    found: Sequence[Result | BaseException]
    try:
        with looking(look):
            look()
            found = compute()
    except (Exception, Abandoned) as error:
        found = [error] * len(jobs)
    return [each if isinstance(each, Result) else _fault(each) for each in found]


def _fault(error: BaseException) -> Answer:
    """One caller's fate never touches another's."""
    if isinstance(error, Invalid | Failed | Abandoned):
        return error
    log.error("a request failed inside the model", exc_info=error)
    return Unexpected(
        RequestReason.INTERNAL,
        f"the model failed on this request ({type(error).__name__}); the server's log says more",
    )


def _report(connection: socket.socket, fault: BundleFault) -> int:
    """Tell the front end why this worker cannot serve."""
    send_frame(connection, {"type": "fault", "reason": fault.reason.name, "message": str(fault)})
    return fault.reason.value


def _progress_to(connection: socket.socket) -> Progress:
    """Progress lines travel to the front end, which logs them with the worker's number."""

    def progress(phase: str, seconds: float, text: str) -> None:
        send_frame(connection, {"type": "progress", "phase": phase, "seconds": seconds, "text": text})

    return progress


def _leave_signals_to_the_front_end() -> None:
    """It drains before it lets workers go; a SIGTERM meant for all must not end a request's worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _die_with(parent: int) -> None:
    """No orphans: the kernel kills this process when the front end goes, even after kill -9."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit(0)  # it went before the line above took effect


if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1]), int(sys.argv[2]), open_model))
