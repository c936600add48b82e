"""A batch of jobs on its way to a worker and its answers on their way back. One job is a batch of one.

{"type": "batch", "number": n, "jobs": [{"kind", "request", "deadline", "size", "at"}, ...]}
{"type": "answers", "busySeconds": s, "answers": [{"stages": {...}, "meta": {...}, "size": bytes, "at": place}
                                                  or {"fault": ..., "reason": ..., "message": ...}]}

`deadline` is when nobody waits any more (seconds). `at` is the body's place in the slab's region of requests
or answers; where it is null the body did not fit and is in the frame's payload. A fault is "invalid" (the
caller's), "failed" (this request's), "unexpected" (the worker's?) or "abandoned" (nobody waited). Both ends
of the wire are here, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paddle_runtime.border import Abandoned
from paddle_runtime.dispatch.frames import BrokenFrame, Buffer, Frame
from paddle_runtime.dispatch.job import Job, Result
from paddle_runtime.dispatch.slab import Slab, places
from paddle_runtime.errors import Failed, Invalid, RequestReason


@dataclass(frozen=True, eq=False)
class Ask:
    """One job as the worker's model sees it. `payload` may not be kept: the next batch overwrites it."""

    kind: str
    request: Mapping[str, Any]
    payload: memoryview
    deadline: float


class Unexpected(Failed):
    """The model failed in a way that nobody foresaw; several in a row say that the worker is broken."""


Answer = Result | Invalid | Failed | Abandoned


def pack_batch(slab: Slab, number: int, jobs: Sequence[Job]) -> tuple[dict[str, Any], list[Buffer]]:
    """Front end: bodies into the slab; the header, and the bodies that had no room."""
    bodies = [job.work.payload for job in jobs]
    where, rest = _put(slab.requests, bodies)
    slab.begin(len(jobs))
    told = [
        {
            "kind": job.work.kind,
            "request": dict(job.work.request),
            "deadline": job.terms.give_up_at,
            "size": len(body),
            "at": at,
        }
        for job, body, at in zip(jobs, bodies, where, strict=True)
    ]
    return {"type": "batch", "number": number, "jobs": told}, rest


def unpack_batch(slab: Slab, frame: Frame) -> list[Ask]:
    """Worker: the jobs, whose bodies are looked at where they lie."""
    told = frame.header["jobs"]
    bodies = _find(slab.requests, told, memoryview(frame.payload))
    return [
        Ask(job["kind"], job["request"], body.toreadonly(), float(job["deadline"]))
        for job, body in zip(told, bodies, strict=True)
    ]


def pack_answers(
    slab: Slab, answers: Sequence[Answer], busy_seconds: float
) -> tuple[dict[str, Any], list[Buffer]]:
    """Worker: bodies into the slab; the header, and the bodies that had no room."""
    bodies = [answer.body if isinstance(answer, Result) else b"" for answer in answers]
    where, rest = _put(slab.answers, bodies)
    told = [_told(answer, at) for answer, at in zip(answers, where, strict=True)]
    return {"type": "answers", "busySeconds": busy_seconds, "answers": told}, rest


def unpack_answers(slab: Slab, frame: Frame, jobs: int) -> list[Answer]:
    """Front end: one answer a job, with bodies of their own."""
    told = frame.header["answers"]
    if len(told) != jobs:
        raise BrokenFrame(f"{len(told)} answers came to {jobs} jobs")
    bodies = _find(slab.answers, [each for each in told if "fault" not in each], memoryview(frame.payload))
    left = iter(bodies)
    return [
        _fault(each) if "fault" in each else Result(bytes(next(left)), each["stages"], each["meta"])
        for each in told
    ]


def _put(region: memoryview, bodies: Sequence[bytes]) -> tuple[list[int | None], list[Buffer]]:
    """Copy what fits; where each body is, and those that did not fit."""
    where = places([len(body) for body in bodies], len(region))
    rest: list[Buffer] = []
    for body, at in zip(bodies, where, strict=True):
        if at is None:
            rest.append(body)
        else:
            region[at : at + len(body)] = body
    return where, rest


def _find(region: memoryview, told: Sequence[Mapping[str, Any]], payload: memoryview) -> list[memoryview]:
    """Each body where its header says that it is."""
    found: list[memoryview] = []
    for each in told:
        size, at = int(each["size"]), each["at"]
        start, place = (0, payload) if at is None else (int(at), region)
        if not 0 <= start <= start + size <= len(place):
            raise BrokenFrame(f"a body of {size} bytes at {at} lies outside of {len(place)} bytes")
        found.append(place[start : start + size])
        if at is None:
            payload = payload[size:]
    return found


def _told(answer: Answer, at: int | None) -> dict[str, Any]:
    """One answer's header."""
    match answer:
        case Result():
            return {
                "stages": dict(answer.stages),
                "meta": dict(answer.meta),
                "size": len(answer.body),
                "at": at,
            }
        case Invalid():
            return {"fault": "invalid", "reason": answer.reason.value, "message": str(answer)}
        case Unexpected():
            return {"fault": "unexpected", "message": str(answer)}
        case Failed():
            return {"fault": "failed", "reason": answer.reason.value, "message": str(answer)}
        case Abandoned():
            return {"fault": "abandoned", "message": str(answer)}


def _fault(told: Mapping[str, Any]) -> Invalid | Failed | Abandoned:
    """An answer that is none."""
    message = str(told["message"])
    match told["fault"]:
        case "invalid":
            return Invalid(RequestReason(told["reason"]), message)
        case "failed":
            return Failed(RequestReason(told["reason"]), message)
        case "abandoned":
            return Abandoned(message)
        case _:
            return Unexpected(RequestReason.INTERNAL, message)
