"""How many workers memory has room for, and the sum that is told."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def memory(
    limit_mib: float, worker_mib: float = PP_OCR, base_mib: float = 270.0, limited: bool = True
) -> Memory:
    return Memory(limit_mib * MIB, base_mib * MIB, worker_mib * MIB, limited)


@pytest.mark.parametrize(
    ("limit_mib", "wished", "workers", "standby"),
    [
        (1024, Wish(2), 1, False),
        (1536, Wish(2), 2, False),
        (2560, Wish(1), 1, True),
        (2560, Wish(2), 2, False),
        (4096, Wish(2), 2, True),
        (4096, Wish(2, standby="0"), 2, False),
        (1536, Wish(2, standby="1"), 2, False),
        (4096, Wish(16), 6, False),
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
    assert staff(Wish(4), memory(1536)).words == (
        "2 worker processes, no standby: a warm worker has 573 MiB of its own, 270 MiB are used beside "
        "workers, and the memory limit has 1536 MiB; 4 would need 2791 MiB, so there are fewer: raise the "
        "memory limit; one that grows over 633 MiB is replaced"
    )


def test_a_bound_that_a_warm_worker_fills_is_none_and_said_so() -> None:
    decided = staff(Wish(1, worker_bytes=600 * MIB), memory(4096))
    assert decided.bound_bytes == math.inf
    assert "no bound: 600 MiB for each is no more than a warm one has" in decided.words
    assert staff(Wish(1, worker_bytes=700 * MIB), memory(4096)).bound_bytes == 700 * MIB


sizes = st.floats(1, 1e6)


@given(sizes, sizes, sizes, st.integers(1, 64), st.booleans(), st.sampled_from(["auto", "0", "1"]))
def test_what_is_decided_fits(
    limit: float, worker: float, base: float, wished: int, limited: bool, standby: str
) -> None:
    known = Memory(limit * MIB, base * MIB, worker * MIB, limited)
    decided = staff(Wish(wished, standby=standby), known)
    assert 1 <= decided.workers <= wished
    if decided.workers > 1:
        assert decided.workers * known.worker * WORKER_ROOM + known.base <= known.limit * 1.000001
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
