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
from collections.abc import Callable, Mapping
from typing import Any

from paddle_runtime import logs
from paddle_runtime.answering import Progress, WarmModel, open_model
from paddle_runtime.dispatch.frames import Frame, receive_frame, send_frame
from paddle_runtime.errors import BundleFault, BundleReason, Failed, Invalid

log = logging.getLogger(__name__)
PR_SET_PDEATHSIG = 1

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
        send_frame(connection, {"type": "warm", **described})
        while (job := receive_frame(connection)) is not None:
            _answer(connection, model, job)
    return 0


def _answer(connection: socket.socket, model: WarmModel, job: Frame) -> None:
    """One job in, one message out: no exception of a request leaves this function."""
    began = time.monotonic()
    try:
        result = model.answer(job.header["kind"], job.header["request"], memoryview(job.payload))
        body = result.body
        header: dict[str, Any] = {
            "type": "answer",
            "stages": dict(result.stages),
            "meta": dict(result.meta),
        }
    except Invalid as fault:
        body = b""
        header = {"type": "error", "fault": "invalid", "reason": fault.reason.value, "message": str(fault)}
    except Failed as fault:
        body = b""
        header = {"type": "error", "fault": "failed", "message": str(fault)}
    except Exception as error:  # one caller's fate never touches another's
        log.exception("a request failed inside the model")
        body = b""
        text = f"the model failed on this request ({type(error).__name__}); the server's log says more"
        header = {"type": "error", "fault": "unexpected", "message": text}
    send_frame(connection, {**header, "busySeconds": time.monotonic() - began}, body)


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
