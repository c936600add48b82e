"""The pure parts of dispatch: frames, CPU limits, restarts."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.dispatch import frames
from paddle_runtime.dispatch.cpus import cpu_limit
from paddle_runtime.dispatch.job import Job, Result, Work
from paddle_runtime.dispatch.launch import too_slow
from paddle_runtime.dispatch.memory import (
    memory_files_bytes,
    memory_limit,
    private_bytes,
    resident_bytes,
)
from paddle_runtime.dispatch.restarts import LONGEST_DELAY_SECONDS, SeatRecord, delay_seconds, hopeless
from paddle_runtime.errors import BundleFault, BundleReason

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=8), json_values, max_size=4), st.binary(max_size=5000))
def test_a_frame_comes_back_on_both_sides(header: dict[str, object], payload: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=frames.send_frame, args=(ours, header, [payload]))
        sender.start()
        got = frames.receive_frame(theirs)
        sender.join()
    assert got is not None
    assert (got.header, bytes(got.payload)) == (header, payload)

    async def read() -> frames.Frame:
        reader = asyncio.StreamReader()
        reader.feed_data(b"".join(frames.encode(header, [payload])))
        return await frames.read_frame(reader)

    again = asyncio.run(read())
    assert (again.header, bytes(again.payload)) == (header, payload)


def test_a_frame_cut_short_is_the_end() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            ours.sendall(b"".join(frames.encode({"type": "batch"}, [b"picture"]))[:-2])
        assert frames.receive_frame(theirs) is None


@pytest.mark.parametrize(
    "data", [b"\xff" * 8, frames.LENGTHS.pack(2, 0) + b"[]", frames.LENGTHS.pack(1, 0) + b"{"]
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(data)
        with pytest.raises(frames.BrokenFrame):
            frames.receive_frame(theirs)


def write(folder: Path, membership: str, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = folder / "group" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (folder / "membership").write_text(membership)


def quota_v1(folder: str, microseconds: str) -> dict[str, str]:
    return {f"{folder}/cpu.cfs_quota_us": microseconds, f"{folder}/cpu.cfs_period_us": "100000"}


@pytest.mark.parametrize(
    ("membership", "files", "wanted"),
    [
        ("0::/\n", {"cpu.max": "250000 100000\n"}, 2.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, 16),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "150000 100000\n"}, 1.5),
        ("0::/a/b\n", {"cpu.max": "300000 100000\n"}, 3),
        ("4:cpu,cpuacct:/x\n", quota_v1("cpu,cpuacct/x", "50000"), 0.5),
        ("4:cpu:/x\n", quota_v1("cpu", "400000"), 4),
        ("4:cpu:/\n", quota_v1("cpu", "-1"), 16),
        ("", {}, 16),
        ("0::/\n", {"cpu.max": "nonsense"}, 16),
    ],
)  # fmt: skip
def test_the_least_quota_above_us_is_the_limit(
    tmp_path: Path, membership: str, files: dict[str, str], wanted: float
) -> None:
    write(tmp_path, membership, files)
    assert cpu_limit(tmp_path / "group", tmp_path / "membership", cpus=16) == wanted


def test_memory_of_nobody_is_zero() -> None:
    assert resident_bytes(None) == 0
    assert resident_bytes(2**22 + 1) == 0
    assert private_bytes(2**22 + 1) == 0


@pytest.mark.parametrize(
    ("membership", "files", "wanted"),
    [
        ("0::/\n", {"memory.stat": "anon 5\nshmem 4096\n"}, 4096),
        ("4:memory:/x\n", {"memory/memory.stat": "shmem 9\n", "memory/x/memory.stat": "total_shmem 7\n"}, 7),
        ("0::/a/b\n", {"memory.stat": "shmem 9\n", "a/b/memory.stat": "shmem 8\n"}, 8),
        ("", {}, 0),
    ],
)  # fmt: skip
def test_files_in_memory_are_those_of_our_own_group(
    tmp_path: Path, membership: str, files: dict[str, str], wanted: float
) -> None:
    write(tmp_path, membership, files)
    assert memory_files_bytes(tmp_path / "group", tmp_path / "membership") == wanted


@pytest.mark.parametrize(
    ("membership", "files", "wanted"),
    [
        ("0::/\n", {"memory.max": "1610612736\n"}, 1610612736),
        ("0::/\n", {"memory.max": "max\n"}, None),
        ("0::/a/b\n", {"a/b/memory.max": "max\n", "a/memory.max": "1048576\n"}, 1048576),
        ("4:memory:/x\n", {"memory/x/memory.limit_in_bytes": "2097152\n"}, 2097152),
        ("4:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712\n"}, None),
        ("", {}, None),
    ],
)
def test_the_least_memory_limit_above_us_is_the_limit(
    tmp_path: Path, membership: str, files: dict[str, str], wanted: float | None
) -> None:
    write(tmp_path, membership, files)
    assert memory_limit(tmp_path / "group", tmp_path / "membership") == wanted


@given(st.integers(-1, 10_000), st.floats(0, 1))
def test_delays_grow_and_stay_bounded(failures: int, jitter: float) -> None:
    delay = delay_seconds(failures, jitter=jitter)
    assert 0 <= delay <= LONGEST_DELAY_SECONDS
    assert delay <= delay_seconds(failures + 1, jitter=jitter)
    assert (delay == 0) == (failures <= 0)


def record(failures: int, *, typed: bool = True, warm: bool = False) -> SeatRecord:
    fault = BundleFault(BundleReason.LoadFailed, "why") if failures else None
    return SeatRecord(warm=warm, failures=failures, fault=fault, typed=typed)


@pytest.mark.parametrize(
    ("seats", "ever_warm", "ends"),
    [
        ([record(1), record(1)], False, True),
        ([record(1), record(0)], False, False),
        ([record(1), record(0, warm=True)], False, False),
        ([record(2, typed=False)], False, False),
        ([record(3, typed=False)], False, True),
        ([record(4), record(5)], True, False),
        ([record(5), record(5, typed=False)], True, True),
    ],
)
def test_the_server_gives_up_only_when_no_worker_can_be_expected(
    seats: list[SeatRecord], ever_warm: bool, ends: bool
) -> None:
    assert (hopeless(seats, ever_warm=ever_warm) is not None) is ends


def test_jobs_are_told_apart_without_comparing_their_pictures() -> None:
    async def made() -> None:
        first, second = (Work("ocr", {}, b"the same picture") for _ in range(2))
        assert first != second
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        assert Job(first, answer, 0.0, 1.0) != Job(first, answer, 0.0, 1.0)

    asyncio.run(made())


@pytest.mark.parametrize(
    ("done", "reason"), [([], BundleReason.LoadFailed), (["load"], BundleReason.WarmupFailed)]
)
def test_too_slow_a_start_says_in_which_phase_and_what_to_raise(
    done: list[str], reason: BundleReason
) -> None:
    fault = too_slow("SIGTERM came", done)
    assert fault.reason is reason
    assert "raise spec.model.preload.timeoutSeconds (outside a cluster --load-timeout-seconds" in str(fault)
