"""Copies of real requests: taken while there is room, compared in turn, forgotten."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from paddle_runtime.compare import copies as module
from paddle_runtime.compare.asking import Answer
from paddle_runtime.compare.copies import Copies, listening
from paddle_runtime.compare.difference import Measure
from paddle_runtime.compare.faults import CompareFault, CompareReason
from paddle_runtime.compare.golden_set import Request
from paddle_runtime.compare.tally import Limits, Tally
from tests.runtime.compare.answers import classified, read, tensor
from tests.runtime.serving.testbed import wait_until

Answers = Callable[[Request], Answer]


class Fake:
    """A revision that answers as told and keeps what it was asked."""

    def __init__(self, answers: Answers | dict[str, Any]) -> None:
        self.name = "fake"
        self.asked: list[Request] = []
        self._answers = answers

    def ask(self, request: Request) -> Answer:
        self.asked.append(request)
        return self._answers(request) if callable(self._answers) else Answer(200, self._answers)


def refusing(request: Request) -> Answer:
    return Answer(400, words="400 malformed")


def lost(request: Request) -> Answer:
    raise CompareFault(CompareReason.RevisionUnreachable, "no answer")


class Bed:
    """Two revisions, and copies between them."""

    def __init__(self, new: Fake, stable: Fake, enough: int = 3, limits: Limits | None = None) -> None:
        self.new, self.stable = new, stable
        self.tally = Tally(limits or Limits())
        self.copies = Copies(new, stable, self.tally, enough)

    def take(self, *names: str) -> None:
        for name in names:
            self.copies.take(Request(name, "/v1/ocr", "image/png", b"x"))


def test_enough_copies_that_are_answered_alike_pass_and_no_more_are_asked() -> None:
    bed = Bed(Fake(read("one")), Fake(read("one")))
    bed.take("a", "b", "c", "d", "e")
    bed.copies.wait(0)
    assert (bed.tally.compared, bed.tally.broken) == (3, ())
    assert [request.name for request in bed.new.asked] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("stable", "new", "measure"),
    [
        (classified("cat"), classified("dog"), Measure.LABEL),
        (tensor(1.0), tensor(2.0), Measure.NUMBER),
        (tensor(1.0), read("one"), Measure.FORM),
    ],
)
def test_what_no_further_answer_mends_ends_it_at_once(
    stable: dict[str, Any], new: dict[str, Any], measure: Measure
) -> None:
    bed = Bed(Fake(new), Fake(stable), enough=100)
    bed.take("a", "b")
    bed.copies.wait(0)
    assert (bed.tally.compared, bed.tally.broken) == (1, (measure,))


def test_characters_are_judged_over_all_copies() -> None:
    got = iter(["a" * 99 + "bb", "a" * 100, "a" * 100])
    bed = Bed(Fake(lambda _: Answer(200, read(next(got)))), Fake(read("a" * 100)))
    bed.take("a")
    assert bed.tally.broken == (Measure.TEXT,)
    bed.take("b", "c")
    assert (bed.tally.compared, bed.tally.broken) == (3, ())


def test_what_stable_does_not_answer_in_words_says_nothing_of_the_new_one() -> None:
    for stable in (
        Fake(refusing),
        Fake({"angle": 0}),
        Fake(lost),
        Fake(lambda _: Answer(200, words="bytes")),
    ):
        bed = Bed(Fake(refusing), stable)
        bed.take("a", "b")
        assert (bed.tally.asked, bed.copies.skipped, bed.new.asked, bed.tally.broken) == (0, 2, [], ())


def test_a_copy_that_the_new_one_alone_refuses_speaks_against_it() -> None:
    bed = Bed(Fake(refusing), Fake(read("one")))
    bed.take("a")
    assert bed.tally.broken == (Measure.FORM,)


def test_one_that_does_not_answer_is_the_gates_affair() -> None:
    bed = Bed(Fake(lost), Fake(read("one")))
    bed.take("a")
    assert (bed.tally.compared, bed.tally.broken, bed.copies.skipped) == (0, (), 1)


def test_after_the_end_nothing_is_counted() -> None:
    bed = Bed(Fake(read("two")), Fake(read("one")))
    bed.copies.wait(0)
    bed.take("a")
    assert bed.tally.figures == {}


@contextmanager
def open_port(bed: Bed) -> Iterator[httpx.Client]:
    with (
        listening("127.0.0.1", 0, bed.copies) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10) as client,
    ):
        yield client


def test_a_copy_is_answered_before_it_is_compared_and_sent_on_as_it_came() -> None:
    go = threading.Event()

    def slow(request: Request) -> Answer:
        go.wait(10)
        return Answer(200, read("one"))

    bed = Bed(Fake(slow), Fake(slow), enough=1)
    headers = {
        "X-Request-Id": "r-1", "Content-Type": "image/png", "Inference-Header-Content-Length": "7",
        "Authorization": "Bearer secret", "Cookie": "a=b",
    }  # fmt: skip
    with open_port(bed) as client:
        assert client.post("/v1/ocr?cls=true", content=b"picture", headers=headers).status_code == 204
        assert bed.tally.compared == 0
        go.set()
        bed.copies.wait(10)
    (request,) = bed.new.asked
    assert request == Request(
        "r-1", "/v1/ocr?cls=true", "image/png", b"picture", None, {"Inference-Header-Content-Length": "7"}
    )
    assert bed.tally.compared == 1


def test_what_finds_no_place_is_dropped_and_the_rest_goes_on() -> None:
    go = threading.Event()

    def slow(request: Request) -> Answer:
        go.wait(10)
        return Answer(200, read("one"))

    bed = Bed(Fake(slow), Fake(slow), enough=100)

    def send(number: int) -> int:
        try:
            return client.post("/v1/ocr", content=b"x").status_code
        except httpx.TransportError:
            return 0

    with open_port(bed) as client:
        with ThreadPoolExecutor(8) as pool:
            codes = list(pool.map(send, range(20)))
        assert codes.count(204) == module.MOST_HELD
        go.set()
        wait_until(lambda: bed.tally.compared == module.MOST_HELD)
        wait_until(lambda: send(0) == 204)


@pytest.mark.parametrize(
    ("path", "content"), [("/metrics", b"x"), ("/v1/ocr", b""), ("/v3/ocr", b"x"), ("/", b"x")]
)
def test_what_runs_no_model_is_not_sent_on(path: str, content: bytes) -> None:
    bed = Bed(Fake(read("one")), Fake(read("one")))
    with open_port(bed) as client:
        assert client.post(path, content=content).status_code == 400
    assert bed.stable.asked == []


def test_a_body_without_a_length_or_too_long_a_one_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    bed = Bed(Fake(read("one")), Fake(read("one")))
    with open_port(bed) as client:
        assert client.post("/v1/ocr", content=iter([b"x"])).status_code == 400
        assert client.post("/v1/ocr", content=b"x" * 11).status_code == 400
    assert bed.stable.asked == []


def test_one_who_says_nothing_gives_his_place_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module._Handler, "timeout", 0.3)
    bed = Bed(Fake(read("one")), Fake(read("one")), enough=1)
    with listening("127.0.0.1", 0, bed.copies) as port:
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(module.MOST_HELD)]
        silent[0].sendall(b"POST /v1/ocr HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf")

        def sent() -> bool:
            try:
                return httpx.post(f"http://127.0.0.1:{port}/v1/ocr", content=b"x").status_code == 204
            except httpx.TransportError:
                return False

        wait_until(sent)
        bed.copies.wait(10)
        for each in silent:
            each.close()
    assert bed.tally.compared == 1


def test_an_id_that_cannot_be_told_is_left_out() -> None:
    bed = Bed(Fake(classified("dog")), Fake(classified("cat")), enough=1)
    with open_port(bed) as client:
        client.post("/v1/classify", content=b"{}", headers={"X-Request-Id": "a b/" * 50})
        bed.copies.wait(10)
    told = bed.tally.told(private=True) + json.dumps(dict(bed.tally.document()))
    assert "unnamed" in told
    assert "dog" not in told


def test_waiting_ends_when_the_time_is_over() -> None:
    began = time.monotonic()
    Bed(Fake(read()), Fake(read())).copies.wait(0.2)
    assert 0.1 < time.monotonic() - began < 5
