"""Shared memory and what travels through it: nothing lost, nothing mixed up, nothing outside its bounds."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.border import Abandoned
from paddle_runtime.cost import Prediction
from paddle_runtime.dispatch.backlog import Terms
from paddle_runtime.dispatch.exchange import (
    Answer,
    Unexpected,
    pack_answers,
    pack_batch,
    unpack_answers,
    unpack_batch,
)
from paddle_runtime.dispatch.frames import BrokenFrame, Buffer, Frame
from paddle_runtime.dispatch.job import Job, Result, Work
from paddle_runtime.dispatch.slab import KEPT_BYTES, LINE_BYTES, Slab, SlabSize, places
from paddle_runtime.errors import Failed, Invalid, RequestReason

SMALL = SlabSize(requests=8192, answers=4096)
bodies = st.lists(st.binary(max_size=6000), min_size=1, max_size=5)


def sent(message: tuple[dict[str, object], Sequence[Buffer]]) -> Frame:
    """What the other side receives."""
    header, rest = message
    return Frame(header, b"".join(rest))


def terms(give_up_at: float) -> Terms:
    return Terms(give_up_at - 1, give_up_at, Prediction(0.1, 0.2))


def jobs_of(payloads: Sequence[bytes], loop: asyncio.AbstractEventLoop) -> list[Job]:
    return [
        Job(Work("ocr", {"number": n}, data), loop.create_future(), 0.0, terms(10.0 + n))
        for n, data in enumerate(payloads)
    ]


@pytest.fixture(scope="module")
def slab() -> Iterator[Slab]:
    made = Slab.create(SMALL)
    yield made
    made.close()


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


@given(st.lists(st.integers(0, 5000), max_size=8), st.integers(0, 10_000))
def test_places_lie_inside_apart_and_at_whole_lines(sizes: list[int], capacity: int) -> None:
    found = places(sizes, capacity)
    end = 0
    for size, at in zip(sizes, found, strict=True):
        if at is None:
            assert size > capacity - end
            continue
        assert at >= end or size == 0
        assert at % LINE_BYTES == 0
        assert at + size <= capacity
        end = at + -(-size // LINE_BYTES) * LINE_BYTES


@given(payloads=bodies)
def test_a_batch_arrives_whole_whether_it_fits_or_not(
    slab: Slab, loop: asyncio.AbstractEventLoop, payloads: list[bytes]
) -> None:
    theirs = Slab(slab.descriptor, SMALL)  # the worker's own mapping
    asks = unpack_batch(theirs, sent(pack_batch(slab, 1, jobs_of(payloads, loop))))
    assert [bytes(ask.payload) for ask in asks] == payloads
    assert [(ask.kind, ask.request["number"], ask.deadline) for ask in asks] == [
        ("ocr", n, 10.0 + n) for n in range(len(payloads))
    ]
    assert all(ask.payload.readonly for ask in asks)


def as_text(answer: Answer) -> tuple[object, ...]:
    if isinstance(answer, Result):
        return (answer.body, answer.stages, answer.meta)
    return (type(answer), str(answer), getattr(answer, "reason", None))


answers = st.one_of(
    st.binary(max_size=3000).map(lambda body: Result(body, {"infer": 0.5}, {"jsonBytes": 2})),
    st.just(Invalid(RequestReason.UNDECODABLE, "ends early")),
    st.just(Failed(RequestReason.INTERNAL, "NaN")),
    st.just(Unexpected(RequestReason.INTERNAL, "RuntimeError")),
    st.just(Abandoned("nobody")),
)


@given(given_answers=st.lists(answers, min_size=1, max_size=6))
def test_each_answer_arrives_as_it_was_whether_it_fits_or_not(
    slab: Slab, given_answers: list[Answer]
) -> None:
    theirs = Slab(slab.descriptor, SMALL)
    frame = sent(pack_answers(theirs, given_answers, 0.25))
    assert frame.header["busySeconds"] == 0.25
    got = unpack_answers(slab, frame, len(given_answers))
    assert list(map(as_text, got)) == list(map(as_text, given_answers))


@pytest.mark.parametrize(
    ("told", "jobs"),
    [
        ([{"size": 10, "at": 4090, "stages": {}, "meta": {}}], 1),
        ([{"size": -1, "at": 0, "stages": {}, "meta": {}}], 1),
        ([{"size": 10, "at": -64, "stages": {}, "meta": {}}], 1),
        ([{"size": 1, "at": None, "stages": {}, "meta": {}}], 1),
        ([], 1),
    ],
)
def test_an_answer_outside_the_region_is_a_broken_frame(
    slab: Slab, told: list[dict[str, object]], jobs: int
) -> None:
    with pytest.raises(BrokenFrame):
        unpack_answers(slab, Frame({"answers": told}), jobs)


def test_signs_are_seen_on_the_other_side(slab: Slab, loop: asyncio.AbstractEventLoop) -> None:
    theirs = Slab(slab.descriptor, SMALL)
    pack_batch(slab, 7, jobs_of([b"a", b"b"], loop))
    assert not theirs.abandoned(0)
    slab.abandon(1)
    assert (theirs.abandoned(0), theirs.abandoned(1)) == (False, True)
    theirs.take_up(7)
    assert slab.begun == 7
    assert slab.last_border <= theirs.at_border() == slab.last_border
    pack_batch(slab, 8, jobs_of([b"a", b"b"], loop))
    assert not theirs.abandoned(1)


def test_the_shared_file_cannot_change_its_size_and_leaves_nothing_behind() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    made = Slab.create(SlabSize.of(8))
    with pytest.raises(PermissionError):
        os.ftruncate(made.descriptor, 0)
    made.close()
    made.close()
    del made
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_memory_of_large_bodies_is_given_back() -> None:
    made = Slab.create(SlabSize.of(8))
    made.requests[:] = b"x" * len(made.requests)
    full = os.fstat(made.descriptor).st_blocks * 512
    made.give_back()
    assert os.fstat(made.descriptor).st_blocks * 512 <= full - len(made.requests) + KEPT_BYTES
    assert bytes(made.requests[:4]) == b"xxxx"
    assert bytes(made.requests[-4:]) == bytes(4)
    made.close()
