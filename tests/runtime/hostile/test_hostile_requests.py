"""The corpus against the real server with its real model, while good callers are answered as usual."""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from PIL import Image, ImageDraw

from tests.digits_models import train
from tests.runtime.hostile.case import Case, Outcome, send, verdict
from tests.runtime.hostile.json_requests import tensors
from tests.runtime.hostile.requests import quick, slow_senders
from tests.runtime.serving.testbed import RunningServer, wait_until

pytestmark = pytest.mark.timeout(600)  # real models on a busy machine
SERVE = (sys.executable, "-m", "paddle_runtime.main", "serve")
DIGITS = {"inputs": [{"name": "x", "shape": [1, 64], "datatype": "FP32", "data": [0.0] * 64}]}
GOOD_WITHIN_SECONDS = 30.0  # the worst neighbour is a picture at the cap, which a busy machine reads for long


def line_of_text() -> bytes:
    image = Image.new("RGB", (160, 48), "white")
    ImageDraw.Draw(image).text((10, 10), "good 42", fill="black", font_size=28)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


class Neighbour:
    """A good caller beside the hostile ones; what went wrong with it is in `failures`."""

    def __init__(self, server: RunningServer, path: str, **request: object) -> None:
        self.failures: list[str] = []
        self.answered = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, args=(server, path, request))

    def _ask(self, server: RunningServer, path: str, request: dict[str, object]) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=GOOD_WITHIN_SECONDS) as client:
            wanted = None
            while not self._stop.wait(0.05):
                try:
                    answer = client.post(path, **request)  # type: ignore[arg-type]
                    read = answer.json().get("lines", answer.json().get("outputs"))
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))
                    continue
                self.answered += 1
                wanted = wanted or read
                if answer.status_code != 200 or not read or read != wanted:
                    self.failures.append(answer.text[:200])

    def __enter__(self) -> Neighbour:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture(scope="module")
def ocr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("ocr")
    patience = {"header_timeout_seconds": 3, "body_timeout_seconds": 3}
    with RunningServer(folder, SERVE, model="builtin:ppocr-v4-mobile", **patience) as server:
        yield server


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("digits")
    with RunningServer(folder, SERVE, model=train(folder / "bundle"), model_name="digits") as server:
        yield server


def failures_of(server: RunningServer, cases: list[Case], at_once: int) -> list[str]:
    address = ("127.0.0.1", server.port)

    def one(case: Case) -> tuple[str | None, Outcome]:
        outcome = send(address, case)
        return verdict(case, outcome), outcome

    with ThreadPoolExecutor(at_once) as callers:
        results = list(callers.map(one, cases))
    if slowest := os.environ.get("HOSTILE_TIMES"):
        ordered = sorted(zip(cases, results, strict=True), key=lambda item: -item[1][1].seconds)
        lines = [
            f"{found.seconds:6.2f} {found.codes} {found.reason} {case.name}" for case, (_, found) in ordered
        ]
        Path(slowest).write_text("\n".join(lines))
    return [found for found, _ in results if found]


def test_every_hostile_request_is_refused_and_a_good_one_beside_it_is_answered(ocr: RunningServer) -> None:
    workers = ocr.workers()
    cases = quick()
    assert len({case.name for case in cases}) == len(cases) > 350
    with Neighbour(ocr, "/v1/ocr", content=line_of_text()) as neighbour:
        found = failures_of(ocr, cases, at_once=2)
    assert found == [], "\n".join(found)
    assert neighbour.failures == []
    assert neighbour.answered > 5
    assert ocr.workers() == workers
    unanswered = {
        name: n for name, n in ocr.metrics().items() if 'outcome="bad"' in name and "499" not in name and n
    }
    assert unanswered == {}
    wait_until(lambda: ocr.metrics()["paddle_runtime_held_bytes"] == 0, what="all bodies given back")


def test_slow_senders_are_given_up_and_hold_nobody_up(ocr: RunningServer) -> None:
    cases = list(slow_senders()) * 5
    began = time.monotonic()
    with Neighbour(ocr, "/v1/ocr", content=line_of_text()) as neighbour:
        found = failures_of(ocr, cases, at_once=len(cases))
    assert found == [], "\n".join(found)
    assert neighbour.failures == []
    assert time.monotonic() - began < 20
    wait_until(lambda: ocr.metrics()["paddle_runtime_held_bytes"] == 0, what="all bodies given back")


def test_every_hostile_tensor_is_refused_and_a_good_one_beside_it_is_answered(digits: RunningServer) -> None:
    workers = digits.workers()
    with Neighbour(digits, "/v2/models/digits/infer", json=DIGITS) as neighbour:
        found = failures_of(digits, list(tensors("digits")), at_once=2)
    assert found == [], "\n".join(found)
    assert neighbour.failures == []
    assert digits.workers() == workers
