"""Memory of large bodies goes back, whatever form they came in."""

from __future__ import annotations

import base64
import ctypes
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from paddle_runtime.allocator import Trimmer, glibc_trim
from tests.runtime.serving.testbed import RunningServer, picture, wait_until

MIB = 1024 * 1024


def private_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) * 1024


class Process:
    """Sizes that it has when it is asked, and how often it was trimmed."""

    def __init__(self, *sizes: int) -> None:
        self.trims = 0
        self._sizes = list(sizes)

    def measure(self) -> int:
        return self._sizes.pop(0) if len(self._sizes) > 1 else self._sizes[0]

    def trim(self) -> None:
        self.trims += 1


def test_a_process_that_is_as_small_as_ever_is_left_alone() -> None:
    process = Process(50 * MIB, 60 * MIB)
    trimmer = Trimmer(process.trim, process.measure)
    for _ in range(5):
        trimmer.look()
    assert process.trims == 0


def test_one_that_grew_is_trimmed_until_it_is_small_again() -> None:
    process = Process(50 * MIB, 250 * MIB, 250 * MIB, 250 * MIB, 55 * MIB, 55 * MIB)
    trimmer = Trimmer(process.trim, process.measure)
    for _ in range(5):
        trimmer.look()
    assert process.trims == 2


def test_a_library_without_trimming_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert glibc_trim()() is None


def test_the_front_end_is_as_small_after_many_large_forms_as_before(tmp_path: Path) -> None:
    data = picture(padding=10 * MIB)
    coded = base64.b64encode(data).decode()
    with RunningServer(tmp_path) as server:
        server.client.post("/v1/ocr", files={"file": picture()})
        before = private_bytes(server.process.pid)

        def both(_: int) -> list[int]:
            form = server.client.post("/v1/ocr", files={"file": data})
            return [form.status_code, server.client.post("/v1/ocr", json={"image": coded}).status_code]

        with ThreadPoolExecutor(8) as callers:
            codes = [code for pair in callers.map(both, range(16)) for code in pair]
        assert set(codes) == {200}
        small = lambda: private_bytes(server.process.pid) - before < 24 * MIB  # noqa: E731
        wait_until(small, what="a small front end")
