"""THE FLOW with fake workers: what is checked, in which order, and that nothing stays held."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from PIL import Image

from paddle_runtime.admission import Room
from paddle_runtime.cost import Prediction
from paddle_runtime.dispatch.backlog import Backlog, Terms
from paddle_runtime.dispatch.job import Done, Result, TimedOut, Work
from paddle_runtime.errors import Failed, Invalid, Refused, RequestFault, RequestReason
from paddle_runtime.limits import Limits
from paddle_runtime.service import Call, Meter, Served, Service
from paddle_runtime.tasks import Task
from tests.runtime.documents.builders import tiff
from tests.runtime.serving.testbed import picture


@dataclass
class FakeWorkers:
    """Answers at once, or with the given fault; remembers what it was given."""

    warm: int = 1
    waiting: int = 0
    fault: RequestFault | None = None
    worked: float = 0.2
    works: list[tuple[Work, Terms]] = field(default_factory=list)

    def backlog(self) -> Backlog:
        return Backlog(waiting=(Terms(200.0, 200.0, Prediction()),) * self.waiting)

    async def run(self, work: Work, terms: Terms) -> Done:
        self.works.append((work, terms))
        if self.fault is not None:
            raise self.fault
        return Done(Result(b"{}", {"decode": 0.1}, {"jsonBytes": 2}), waited=0.5, worked=self.worked)


def service(workers: FakeWorkers, task: Task = Task.OCR, promised: float | None = None) -> Service:
    caps = Limits(max_body_bytes=500, max_pixels=10_000, max_side=1000)
    room = Room(max_waiting_requests=2, max_held_bytes=800, request_timeout_seconds=30.0)
    return Service(
        Served("m", task), workers, caps, room, promised_seconds=lambda: promised, clock=lambda: 100.0
    )


def reading(data: bytes, kind: str = "ocr") -> Callable[[Meter], Awaitable[Work]]:
    async def read(meter: Meter) -> Work:
        meter.add(len(data))
        return Work(kind, {}, data)

    return read


async def never(meter: Meter) -> Work:
    raise AssertionError("the body was read though the request was refused")


def call(read: Callable[[Meter], Awaitable[Work]], **changes: object) -> Call:
    parts = {"kind": "ocr", "model": None, "new_connection": False, "read": read, "received_at": 100.0}
    parts |= changes
    return Call(**parts)  # type: ignore[arg-type]


async def test_a_picture_goes_to_a_worker_with_its_deadline_and_the_wait_is_a_stage() -> None:
    workers = FakeWorkers()
    result = await service(workers).answer(call(reading(picture())))
    assert result.stages == {"queue": 0.5, "decode": 0.1}
    assert result.meta == {"jsonBytes": 2}
    assert [(work.payload, terms.deadline) for work, terms in workers.works] == [(picture(), 130.0)]


PAGE = Image.new("1", (8, 8))


@pytest.mark.parametrize(
    ("data", "alone"),
    [(picture(), False), (tiff(PAGE), False), (tiff(PAGE, PAGE), True), (b"%PDF-1.7", True)],
    ids=["PNG", "one page", "two pages", "PDF"],
)
async def test_a_document_of_several_pages_is_no_member_of_a_batch(data: bytes, alone: bool) -> None:
    workers = FakeWorkers()
    await service(workers).answer(call(reading(data)))
    assert [work.alone for work, _ in workers.works] == [alone]


async def test_the_cost_of_answers_is_learned_and_decides_over_the_next_deadline() -> None:
    workers = FakeWorkers(worked=0.2)
    one = service(workers)
    await one.answer(call(reading(picture()), deadline_at=100.01))  # nothing is known yet
    with pytest.raises(Refused) as fault:
        await one.answer(call(reading(picture()), deadline_at=100.1))
    assert fault.value.reason is RequestReason.PREDICTED_LATE
    await one.answer(call(reading(picture()), deadline_at=100.4))
    assert [round(terms.prediction.expected, 2) for _, terms in workers.works] == [0.0, 0.2]


async def test_what_was_given_up_is_learned_from_too() -> None:
    workers = FakeWorkers(fault=TimedOut("late", worked_seconds=3.0))
    one = service(workers)
    with pytest.raises(TimedOut):
        await one.answer(call(reading(picture()), deadline_at=103.0))
    with pytest.raises(Refused):
        await one.answer(call(reading(picture()), deadline_at=102.0))


FAULTS = [Invalid(RequestReason.UNDECODABLE, "bad"), Failed(RequestReason.INTERNAL, "NaN")]


def having_worked(fault: RequestFault, seconds: float) -> RequestFault:
    fault.worked_seconds = seconds
    return fault


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_failed_slowly_is_learned_from_too(fault: RequestFault) -> None:
    workers = FakeWorkers(worked=0.2)
    one = service(workers)
    await one.answer(call(reading(picture())))
    workers.fault = having_worked(fault, 9.0)
    for _ in range(60):
        with pytest.raises(type(fault)):
            await one.answer(call(reading(picture())))
    with pytest.raises(Refused):
        await one.answer(call(reading(picture()), deadline_at=101.0))


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_failed_early_makes_nothing_look_cheaper(fault: RequestFault) -> None:
    workers = FakeWorkers(fault=having_worked(fault, 0.001))
    one = service(workers)
    for known in (False, True):
        workers.fault = fault
        with pytest.raises(type(fault)):
            await one.answer(call(reading(picture())))
        assert workers.works[-1][1].prediction.expected == (pytest.approx(0.2, rel=0.01) if known else 0.0)
        workers.fault = None
        await one.answer(call(reading(picture())))
    assert workers.works[-1][1].prediction.expected == pytest.approx(0.2, rel=0.01)


async def test_the_promise_is_asked_for_at_every_request() -> None:
    workers = FakeWorkers(worked=0.2)
    one = service(workers, promised=0.25)
    for _ in range(2):  # the first one teaches that it can be kept
        await one.answer(call(reading(picture())))
    assert [terms.deadline for _, terms in workers.works] == [130.0, 100.25]


@pytest.mark.parametrize(
    ("workers", "changes", "reason"),
    [
        (FakeWorkers(warm=0), {}, RequestReason.NOT_READY),
        (FakeWorkers(waiting=2), {}, RequestReason.QUEUE_FULL),
        (FakeWorkers(), {"new_connection": True}, RequestReason.DRAINING),
        (FakeWorkers(), {"model": "other"}, RequestReason.NOT_FOUND),
        (FakeWorkers(), {"kind": "classify"}, RequestReason.WRONG_TASK),
    ],
)
async def test_what_can_be_refused_without_the_body_is_refused_without_it(
    workers: FakeWorkers, changes: dict[str, object], reason: RequestReason
) -> None:
    with pytest.raises((Invalid, Refused)) as fault:
        await service(workers).answer(call(never, **changes))
    assert fault.value.reason is reason


async def test_a_queue_that_filled_while_the_body_came_refuses_too() -> None:
    workers = FakeWorkers()

    async def slow(meter: Meter) -> Work:
        workers.waiting = 2
        return Work("ocr", {}, picture())

    with pytest.raises(Refused):
        await service(workers).answer(call(slow))
    assert not workers.works


async def test_a_bomb_never_reaches_a_worker() -> None:
    workers = FakeWorkers()
    with pytest.raises(Invalid, match="scale it down"):
        await service(workers).answer(call(reading(picture(150, 80))))
    assert not workers.works


@pytest.mark.parametrize("size", [501, 700])
async def test_a_body_over_its_cap_is_too_large(size: int) -> None:
    with pytest.raises(Invalid) as fault:
        await service(FakeWorkers()).answer(call(reading(bytes(size))))
    assert fault.value.reason is RequestReason.TOO_LARGE


async def test_bodies_held_by_others_leave_no_room() -> None:
    one = service(FakeWorkers())
    one.hold(400)
    with pytest.raises(Refused, match="400 bytes"):
        await one.answer(call(reading(bytes(450))))
    assert one.held_bytes == 400


@pytest.mark.parametrize(
    "fault", [None, Failed(RequestReason.WORKER_LOST, "gone"), Invalid(RequestReason.UNDECODABLE, "bad")]
)
async def test_nothing_stays_held_whatever_the_end(fault: RequestFault | None) -> None:
    one = service(FakeWorkers(fault=fault))
    try:
        await one.answer(call(reading(picture())))
    except RequestFault as raised:
        assert raised is fault  # noqa: PT017
    assert one.held_bytes == 0


@pytest.mark.parametrize(("kind", "taken"), [("ocr", True), ("ocr/detect", False), ("ocr/recognise", False)])
async def test_of_a_tiff_of_several_pages_no_page_is_left_out_in_silence(kind: str, taken: bool) -> None:
    pages = tiff(*[Image.new("1", (8, 8))] * 2)
    workers = FakeWorkers()
    asked = service(workers).answer(call(reading(pages, kind), kind=kind))
    if taken:
        await asked
    else:
        with pytest.raises(Invalid, match="several pages"):
            await asked
    assert len(workers.works) == taken


async def test_a_batch_without_a_good_picture_is_answered_though_there_is_no_room() -> None:
    workers = FakeWorkers()

    async def bad(meter: Meter) -> list[Work | RequestFault]:
        workers.waiting = 2
        return [Work("ocr", {}, b""), Invalid(RequestReason.MALFORMED, "no base64")]

    faults = await service(workers).answer_batch(call(bad))
    assert [fault.reason for fault in faults] == [RequestReason.EMPTY, RequestReason.MALFORMED]


def batch_of(count: int) -> Callable[[Meter], Awaitable[list[Work | RequestFault]]]:
    async def read(meter: Meter) -> list[Work | RequestFault]:
        return [Work("ocr", {}, picture())] * count

    return read


async def test_a_batch_costs_each_of_its_pictures_and_is_refused_whole() -> None:
    workers = FakeWorkers(worked=0.2)
    one = service(workers)
    for _ in range(3):  # all of one size: nothing but their number tells that a batch takes longer
        await one.answer(call(reading(picture())))
    with pytest.raises(Refused) as fault:
        await one.answer_batch(call(batch_of(2), deadline_at=100.35))
    assert fault.value.reason is RequestReason.PREDICTED_LATE
    assert len(workers.works) == 3
    await one.answer_batch(call(batch_of(2), deadline_at=100.5))
    workers.warm = 2
    await one.answer_batch(call(batch_of(2), deadline_at=100.35))
    assert [round(terms.prediction.expected, 2) for _, terms in workers.works[3:]] == [0.2] * 4


async def test_each_page_of_a_document_costs_what_a_picture_does() -> None:
    workers = FakeWorkers(worked=0.2)
    one = service(workers)
    for _ in range(3):
        await one.answer(call(reading(tiff(PAGE))))
    with pytest.raises(Refused):
        await one.answer(call(reading(tiff(PAGE, PAGE)), deadline_at=100.35))
    await one.answer(call(reading(tiff(PAGE, PAGE)), deadline_at=100.5))


async def test_a_tensor_model_takes_infer_and_says_so_to_pictures() -> None:
    workers = FakeWorkers()
    await service(workers, "Tensor").answer(call(reading(b"{}", "infer"), kind="infer", model="m"))
    assert len(workers.works) == 1
    with pytest.raises(Invalid, match="/v2/models/m/infer"):
        await service(workers, "Tensor").answer(call(never))
