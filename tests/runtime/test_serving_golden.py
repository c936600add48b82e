"""POST /golden: the model's own known request on a real server, shared by who asks, counted as synthetic."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from paddle_runtime.bundle.selftest import SelfTest
from paddle_runtime.bundle.store import builtin_path, open_bundle
from paddle_runtime.errors import BundleFault, BundleReason, Failed, RequestReason
from paddle_runtime.golden import Golden, compared_by, golden_of
from tests.runtime.bundle.bare.exports import detector_document, exported_folder
from tests.runtime.serving.testbed import RunningServer, wait_until

SERVE = (sys.executable, "-m", "paddle_runtime.main", "serve")
PAGE = SelfTest(picture="page.png", lines=("one",))
LINE = SelfTest(module="recognise", picture="line.png", lines=("one",))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("golden"), SERVE, model="builtin:ppocr-v4-mobile") as running:
        yield running


def counts(server: RunningServer, name: str) -> dict[str, float]:
    """The series of a metric that are not 0."""
    return {text: value for text, value in server.metrics().items() if text.startswith(name) and value}


@pytest.mark.timeout(300)
def test_a_model_is_asked_what_it_knows_and_only_the_synthetic_count_grows(server: RunningServer) -> None:
    answer = server.client.post("/golden")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    test = open_bundle(builtin_path("ppocr-v4-mobile")).manifest.self_test[told["selfTest"]]
    assert (told["compared"], test.module) == ("lines", None)
    assert told["timings"]["totalMs"] > 0
    assert counts(server, "paddle_runtime_synthetic_requests_total") == {
        'paddle_runtime_synthetic_requests_total{code="200",outcome="good"}': 1
    }
    for untouched in (
        "requests_total",
        "request_duration_seconds_count",
        "protocol_requests_total",
        "busy_seconds_total",
    ):
        assert not counts(server, f"paddle_runtime_{untouched}")
    assert not counts(server, "paddle_runtime_stage_duration_seconds_count")


def test_what_it_knows_is_told_as_requests_that_it_answers(server: RunningServer) -> None:
    answer = server.client.post("/golden/requests")
    assert answer.status_code == 200, answer.text
    assert not counts(server, "paddle_runtime_requests_total")
    first, *_ = answer.json()["cases"]
    test = open_bundle(builtin_path("ppocr-v4-mobile")).manifest.self_test[0]
    read = server.client.post(first["path"], json=first["json"], headers={"X-Paddle-Synthetic": "true"})
    assert [line["text"] for line in read.json()["lines"]] == list(test.lines)


@pytest.mark.timeout(300)
def test_a_model_without_a_self_test_computes_and_nothing_is_compared(tmp_path: Path) -> None:
    program = builtin_path("ppocr-v4-mobile") / "detect" / "inference.pdmodel"
    bare = exported_folder(program, tmp_path / "det", {"inference.yml": detector_document()})
    with RunningServer(tmp_path, SERVE, model=bare) as running:
        answer = running.client.post("/golden")
        assert answer.status_code == 200, answer.text
        assert (answer.json()["selfTest"], answer.json()["compared"]) == (None, None)


def test_a_wrong_answer_is_a_broken_promise_with_the_figures(tmp_path: Path) -> None:
    orders = {"golden": {"fail": "output y differs by 3", "reason": "wrong_answer"}}
    with RunningServer(tmp_path, start=orders) as running:
        answer = running.client.post("/golden")
        assert (answer.status_code, answer.json()["reason"]) == (500, "wrong_answer")
        assert answer.json()["error"] == "output y differs by 3"
        assert counts(running, "paddle_runtime_synthetic_requests_total") == {
            'paddle_runtime_synthetic_requests_total{code="500",outcome="bad"}': 1
        }


def test_all_who_ask_at_a_time_share_one_computation_and_a_real_request_is_served_beside_it(
    tmp_path: Path,
) -> None:
    with RunningServer(tmp_path, workers=2, start={"golden": {"seconds": 1.5}}) as running:
        running.wait_warm(2)
        running.client.get("/health")  # made here, so that the threads share it
        found: list[dict[str, Any]] = []
        threads = [
            threading.Thread(target=lambda: found.append(running.client.post("/golden").json()))
            for _ in range(20)
        ]
        for thread in threads:
            thread.start()
        wait_until(lambda: running.metrics()["paddle_runtime_inflight_requests"] == 20)
        assert running.ocr(b"\x89PNG\r\n\x1a\n").status_code in {200, 422}
        assert not found, "it waited for the golden request"
        for thread in threads:
            thread.join()
        assert len(found) == 20
        assert {answer["answered"] for answer in found} == {1}


def test_one_begins_in_each_second_however_often_it_is_asked_for(tmp_path: Path) -> None:
    with RunningServer(tmp_path, start={"golden": {"seconds": 0.05}}) as running:
        running.client.get("/health")
        began = time.monotonic()
        asked = 0
        while time.monotonic() - began < 2.5:
            computed = running.client.post("/golden").json()["answered"]
            asked += 1
        assert asked > 20
        assert computed in {2, 3}


def test_it_is_admitted_as_any_other(tmp_path: Path) -> None:
    with RunningServer(tmp_path, wait=False, start={"warmSeconds": 3}) as running:
        answer = running.client.post("/golden")
        assert (answer.status_code, answer.json()["reason"]) == (503, "not_ready")
        running.wait_ready()
        assert running.client.post("/golden").status_code == 200


def test_a_leaving_caller_takes_nothing_from_the_others(tmp_path: Path) -> None:
    with RunningServer(tmp_path, start={"golden": {"seconds": 1.0}}) as running:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"http://127.0.0.1:{running.port}/golden", timeout=0.3)
        assert running.client.post("/golden").status_code == 200


@pytest.mark.parametrize(
    ("tests", "number"), [((), None), ((LINE,), 0), ((LINE, PAGE), 1), ((PAGE, LINE, PAGE), 0)]
)
def test_the_first_test_of_the_whole_model_is_golden(tests: tuple[SelfTest, ...], number: int | None) -> None:
    assert golden_of(tests) == number


def test_what_is_compared_is_named_as_in_the_self_test() -> None:
    text = SelfTest.model_validate({"text": "good", "classes": [{"label": "yes", "score": 1}]})
    assert (compared_by(PAGE), compared_by(text)) == ("lines", "classes")


class WrongPipeline:
    def check(self, number: int) -> None:
        raise BundleFault(BundleReason.SelfTestFailed, f"test {number} differs by 3")


def test_a_self_test_that_fails_later_is_the_requests_failure_and_not_the_workers() -> None:
    golden = Golden(WrongPipeline(), open_bundle(builtin_path("ppocr-v4-mobile")), "ocr")  # type: ignore[arg-type]
    with pytest.raises(Failed, match="test 0 differs by 3") as failed:
        golden.answer()
    assert failed.value.reason is RequestReason.WRONG_ANSWER
