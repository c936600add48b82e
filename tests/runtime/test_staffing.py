"""How many workers memory has room for, and the sum that is told."""

from __future__ import annotations

import math
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.dispatch.memory import measure
from paddle_runtime.dispatch.staffing import (
    LEAST_GROWTH_BYTES,
    MIB,
    STANDBY_ROOM,
    WORKER_ROOM,
    Memory,
    Wish,
    one_more_fits,
    staff,
    wish,
)

PP_OCR = 573.0  # MiB of its own, measured of a warm worker with PP-OCRv4
BASE = 270.0 + 256.0  # MiB beside workers, measured, and the bodies that may be held
REQUEST = 350.0 + 32.0  # MiB: decoding a picture at the cap, and the memory shared with the front end


def memory(
    limit_mib: float, worker_mib: float = PP_OCR, base_mib: float = BASE, limited: bool = True
) -> Memory:
    return Memory(limit_mib * MIB, base_mib * MIB, worker_mib * MIB, REQUEST * MIB, limited)


@pytest.mark.parametrize(
    ("limit_mib", "wished", "workers", "standby"),
    [
        (1024, Wish(2), 1, False),
        (1536, Wish(2), 1, False),
        (2048, Wish(2), 1, False),
        (2560, Wish(1), 1, True),
        (2560, Wish(2), 2, False),
        (4096, Wish(2), 2, True),
        (4096, Wish(2, standby="0"), 2, False),
        (1536, Wish(2, standby="1"), 1, False),
        (4096, Wish(16), 3, False),
        (1536, Wish(4, given=True), 4, False),
        (256, Wish(2), 1, False),
        (8192, Wish(1, on_cpu=False), 1, False),
        (8192, Wish(1, on_cpu=False, standby="1"), 1, True),
        (8192, Wish(2, on_cpu=False, devices=2, standby="1"), 2, False),
    ],
)
def test_as_many_workers_and_a_standby_as_memory_has_room_for(
    limit_mib: float, wished: Wish, workers: int, standby: bool
) -> None:
    decided = staff(wished, memory(limit_mib))
    assert (decided.workers, decided.standby) == (workers, standby)


def test_fewer_workers_than_cpus_are_told_with_the_sum() -> None:
    assert staff(Wish(4), memory(2560)).words == (
        "2 worker processes, no standby: a warm worker has 573 MiB of its own, a request may take 382 MiB "
        "of it more, 526 MiB are used or kept for bodies beside workers, and the memory limit has 2560 MiB; "
        "4 would need 4575 MiB, so there are fewer: raise the memory limit; one that grows over 1017 MiB is "
        "replaced"
    )


def test_what_is_measured_has_what_requests_may_take_in_it() -> None:
    plain = measure(os.getpid())
    told = measure(os.getpid(), held_bytes=256 * MIB, request_bytes=382 * MIB)
    assert told.request == 382 * MIB
    assert abs(told.base - plain.base - 256 * MIB) < 32 * MIB  # the rest is this process, which goes on


def test_a_standby_that_is_being_started_takes_the_room_of_a_successor() -> None:
    known = memory(2560)
    held = 1.5 * PP_OCR * MIB
    assert one_more_fits(known, held)
    assert not one_more_fits(known, held, others=1)


def test_a_bound_that_a_warm_worker_fills_is_none_and_said_so() -> None:
    decided = staff(Wish(1, worker_bytes=600 * MIB), memory(4096))
    assert decided.bound_bytes == math.inf
    assert "no bound: 600 MiB for each is no more than a warm one has" in decided.words
    assert staff(Wish(1, worker_bytes=700 * MIB), memory(4096)).bound_bytes == 700 * MIB


sizes = st.floats(1, 1e6)


@given(sizes, sizes, sizes, sizes, st.integers(1, 64), st.booleans(), st.sampled_from(["auto", "0", "1"]))
def test_what_is_decided_fits(
    limit: float, worker: float, base: float, request: float, wished: int, limited: bool, standby: str
) -> None:
    known = Memory(limit * MIB, base * MIB, worker * MIB, request * MIB, limited)
    decided = staff(Wish(wished, standby=standby), known)
    assert 1 <= decided.workers <= wished
    if decided.workers > 1:
        everyone = decided.workers * (known.worker * WORKER_ROOM + known.request)
        assert everyone + known.base <= known.limit * 1.000001
    if decided.standby:
        assert (decided.workers + 1) * known.worker * STANDBY_ROOM + known.base <= known.limit
        assert one_more_fits(known, decided.workers * known.worker)
    # a worker that did not grow is never replaced for its size
    assert decided.bound_bytes > known.worker
    if math.isfinite(decided.bound_bytes):
        assert decided.bound_bytes <= known.worker + max(known.worker, LEAST_GROWTH_BYTES)


@given(st.integers(0, 8), st.booleans(), st.floats(0.1, 64), st.integers(1, 8))
def test_the_number_wished_for_is_given_or_by_cpus_or_by_devices(
    workers: int, on_cpu: bool, cpus: float, devices: int
) -> None:
    made = wish(workers=workers, on_cpu=on_cpu, cpus=cpus, devices=devices, standby="auto", worker_mib=700)
    assert made.worker_bytes == 700 * MIB
    assert made.given == (workers > 0)
    if workers:
        assert made.workers == workers
    else:
        assert made.workers == (max(int(cpus), 1) if on_cpu else devices)
    assert bool(made.complaint) == (not on_cpu and 0 < workers < devices)
