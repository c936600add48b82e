"""Batches: one answer a picture, in order, shared by the workers; a bad picture fails alone."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime import limits
from paddle_runtime.errors import Invalid
from tests.runtime.serving.testbed import RunningServer, picture, wait_until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("server")
    with RunningServer(folder, workers=2, max_parts=8, queue_max_requests=6) as running:
        running.wait_warm(2)
        yield running


def form(
    server: RunningServer,
    *pictures: bytes,
    path: str = "/v1/ocr:batch",
    headers: Mapping[str, str] | None = None,
    **fields: str,
) -> httpx.Response:
    files = [("file", (f"{number}.png", data, "image/png")) for number, data in enumerate(pictures)]
    return server.client.post(path, files=files, data=fields, headers=headers)


def coded(server: RunningServer, *pictures: bytes, **more: Any) -> httpx.Response:
    images = [base64.b64encode(data).decode() for data in pictures]
    return server.client.post("/v1/ocr:batch", json={"images": images, **more})


def test_every_picture_has_its_answer_in_its_place_in_both_forms(server: RunningServer) -> None:
    pictures = [picture(padding=1000 * number) for number in range(5)]
    by_form = form(server, *pictures, minScore="0.25")
    by_json = coded(server, *pictures, options={"minScore": 0.25})
    for answer in (by_form, by_json):
        document = answer.json()
        assert answer.status_code == 200, document
        assert set(document) == {"id", "model", "answers", "timings"}
        assert [each["status"] for each in document["answers"]] == [200] * 5
        assert [each["bytes"] for each in document["answers"]] == [len(data) for data in pictures]
        assert all(each["options"] == {"minScore": 0.25} for each in document["answers"])


def test_workers_share_a_batch(server: RunningServer) -> None:
    before = server.workers()
    began = time.monotonic()
    answer = form(server, *[picture(seconds=0.5) for _ in range(4)])
    assert [each["status"] for each in answer.json()["answers"]] == [200] * 4
    timings = answer.json()["timings"]
    assert timings["totalMs"] < 4 * 500  # one after the other they would take that
    assert time.monotonic() - began >= 1.0
    assert server.workers() == before


def test_a_bad_picture_fails_alone(server: RunningServer) -> None:
    before = server.requests("good", 200)
    answer = form(
        server, picture(), b"no picture", b"", picture(undecodable=True), picture(9999, 9999), picture()
    )
    told = answer.json()["answers"]
    assert [each["status"] for each in told] == [200, 415, 400, 422, 422, 200]
    assert [each.get("reason") for each in told[1:5]] == [
        "unsupported_type", "empty", "undecodable", "too_many_pixels",
    ]  # fmt: skip
    assert all(each["error"] for each in told[1:5])
    assert server.requests("good", 200) == before + 1


def test_what_is_no_base64_fails_alone(server: RunningServer) -> None:
    good = base64.b64encode(picture()).decode()
    answer = server.client.post("/v1/ocr:batch", json={"images": [good, "no base64!", good]})
    assert [each["status"] for each in answer.json()["answers"]] == [200, 400, 200]


def test_a_lost_worker_costs_one_picture_and_the_batch_counts_as_bad(server: RunningServer) -> None:
    before = server.requests("bad", 502)
    answer = form(server, picture(), picture(die=True), picture())
    assert [each["status"] for each in answer.json()["answers"]] == [200, 502, 200]
    assert answer.json()["answers"][1]["reason"] == "worker_lost"
    assert server.requests("bad", 502) == before + 1
    server.wait_warm(2)


def test_a_batch_that_finds_no_room_is_refused_whole(server: RunningServer) -> None:
    with ThreadPoolExecutor() as callers:
        others = [callers.submit(form, server, *[picture(seconds=1)] * 4) for _ in range(2)]
        wait_until(lambda: server.metrics()["paddle_runtime_queue_depth"] >= 4)
        answer = form(server, *[picture()] * 6)
        assert (answer.status_code, answer.json()["reason"]) == (503, "queue_full")
        assert int(answer.headers["retry-after"]) >= 1
        assert [other.result().status_code for other in others] == [200, 200]


def test_a_batch_for_which_there_is_no_time_is_refused_whole_before_any_work(tmp_path: Path) -> None:
    with RunningServer(tmp_path, workers=2) as server:
        server.wait_warm(2)
        for _ in range(3):
            assert server.ocr(picture(seconds=0.3)).status_code == 200
        before = server.metrics()["paddle_runtime_busy_seconds_total"]
        hurried = {"X-Deadline-Ms": "700"}  # enough for four of them
        answer = form(server, *[picture(seconds=0.3)] * 8, headers=hurried)
        assert (answer.status_code, answer.json()["reason"]) == (503, "predicted_late")
        assert int(answer.headers["retry-after"]) >= 1
        assert server.metrics()["paddle_runtime_busy_seconds_total"] == before
        patient = form(server, *[picture(seconds=0.3)] * 8, headers={"X-Deadline-Ms": "20000"})
        assert [each["status"] for each in patient.json()["answers"]] == [200] * 8


def test_a_batch_that_never_finds_room_is_the_callers_mistake(server: RunningServer) -> None:
    answer = form(server, *[picture()] * 7)
    assert (answer.status_code, answer.json()["reason"]) == (400, "malformed")
    assert "7 pictures and 6 requests may wait" in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b'{"images": []}', 400, "no picture"),
        (b'{"images": "aaaa"}', 400, "no list"),
        (b'{"images": [1]}', 400, "no list"),
        (b'{"images": ["aaaa", 1]}', 400, "no list"),
        (b'{"images": ["aaaa",]}', 400, "not JSON"),
        (b'{"image": "aaaa"}', 400, 'no "images"'),
        (b'{"images": ["aaaa"], "option": {}}', 400, "unknown key"),
        (b'{"images": ["aaaa"], "options": {"clss": 1}}', 400, "unknown option"),
        (b'{"images": ["aaaa"], "options": {}', 400, "not JSON"),
        (json.dumps({"images": ["aaaa"] * 9}).encode(), 400, "more than 8"),
        (b'{"images": [%s]}' % b",".join([b"{}"] * 50_000), 400, "bytes beside"),
        (b"", 400, "0 bytes"),
    ],
)  # fmt: skip
def test_what_is_no_batch_is_refused(server: RunningServer, body: bytes, code: int, words: str) -> None:
    answer = server.client.post("/v1/ocr:batch", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == code
    assert words in answer.json()["error"]


def test_one_picture_as_it_is_is_no_batch(server: RunningServer) -> None:
    answer = server.client.post("/v1/ocr:batch", content=picture(), headers={"Content-Type": "image/png"})
    assert (answer.status_code, answer.json()["reason"]) == (415, "unsupported_type")


def test_every_kind_of_picture_can_be_asked_in_batches(server: RunningServer) -> None:
    answer = form(server, picture(), path="/v1/ocr/detect:batch")
    assert [each["status"] for each in answer.json()["answers"]] == [200]


@given(st.lists(st.binary(max_size=20), max_size=6), st.booleans())
def test_strings_are_taken_out_of_the_json_whatever_they_hold(datas: list[bytes], spaced: bool) -> None:
    texts = [base64.b64encode(data).decode() for data in datas]
    body = json.dumps({"options": {}, "images": texts}, indent=2 if spaced else None).encode()
    rest, found = limits.split_images(body, 6)
    assert [each.decode() for each in found] == texts
    assert json.loads(rest) == {"options": {}, "images": []}


@given(st.binary(max_size=200).map(lambda data: b'{"images":[' + data))
def test_any_body_is_split_or_invalid(body: bytes) -> None:
    try:
        rest, found = limits.split_images(body, 4)
    except Invalid as fault:
        assert str(fault)  # noqa: PT017
    else:
        assert len(rest) + sum(map(len, found)) <= len(body)
