"""The HTTP server with a fake model: what a caller sees, good and bad, on one server that outlives it all."""

from __future__ import annotations

import base64
import io
import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from paddle_runtime.tasks import TASKS, Task
from tests.runtime.serving.testbed import RunningServer, picture, wait_until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = {"max_body_bytes": 200_000, "max_parts": 3, "body_timeout_seconds": 0.5}
    folder = tmp_path_factory.mktemp("server")
    with RunningServer(folder, header_timeout_seconds=0.5, max_pixels=1_000_000, **settings) as running:
        yield running


def test_raw_bytes_form_and_json_get_the_same_answer(server: RunningServer) -> None:
    data = picture()
    raw = server.ocr(data)
    untyped = server.client.post("/v1/ocr", content=data, headers={"Content-Type": ""})
    form = server.client.post("/v1/ocr", files={"file": ("page.png", data, "image/png")})
    image = server.client.post("/v1/ocr", files={"image": ("page.png", data)}, data={"cls": "true"})
    coded = server.client.post("/v1/ocr", json={"image": base64.b64encode(data).decode()})
    assert {each.status_code for each in (raw, untyped, form, image, coded)} == {200}
    assert {each.json()["bytes"] for each in (raw, untyped, form, image, coded)} == {len(data)}
    assert image.json()["options"] == {"cls": True}


def test_callers_cannot_fill_the_log(server: RunningServer) -> None:
    before = server.log
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    assert server.client.get("/v2/health/ready", headers=upgrade).status_code == 200
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    rest = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\nafter the end'
    server.client.post("/v1/ocr", content=rest, headers=form)
    assert server.client.post("/v1/ocr", content=b"no part", headers=form).status_code == 400
    with socket.create_connection(("127.0.0.1", server.port)) as caller:
        caller.sendall(b"no HTTP\r\n\r\n")
        assert caller.recv(100).startswith(b"HTTP/1.1 400")
    assert server.log == before


def test_options_come_from_query_form_and_json(server: RunningServer) -> None:
    data = picture()
    assert server.ocr(data, cls="false", minScore="0.5").json()["options"] == {"cls": False, "minScore": 0.5}
    form = server.client.post("/v1/ocr", files={"file": data}, data={"minScore": "0.25"})
    assert form.json()["options"] == {"minScore": 0.25}
    body = {"image": base64.b64encode(data).decode(), "options": {"cls": True, "minScore": 1}}
    assert server.client.post("/v1/ocr", json=body).json()["options"] == {"cls": True, "minScore": 1.0}


def test_an_answer_names_its_request_its_model_and_where_the_time_went(server: RunningServer) -> None:
    answer = server.ocr(picture(), {"X-Request-Id": "order-17"})
    document = answer.json()
    assert (document["id"], answer.headers["x-request-id"]) == ("order-17", "order-17")
    assert document["model"] == "fake"
    assert set(document["timings"]) == {"queueMs", "decodeMs", "detectMs", "totalMs"}
    assert "total;dur=" in answer.headers["server-timing"]
    made = server.ocr(picture(), {"X-Request-Id": "not allowed: spaces"})
    assert len(made.headers["x-request-id"]) == 32


BAD: dict[str, tuple[bytes, dict[str, str], int, str]] = {
    "empty": (b"", {}, 400, "empty"),
    "no picture": (b"hello, world", {}, 415, "unsupported_type"),
    "a gif": (b"GIF89a" + bytes(40), {}, 415, "unsupported_type"),
    "a header cut short": (picture()[:20], {}, 422, "undecodable"),
    "found wrong by the decoder": (picture(undecodable=True), {}, 422, "undecodable"),
    "over the cap in bytes": (picture() + bytes(200_000), {}, 413, "too_large"),
    "text": (picture(), {"Content-Type": "text/plain"}, 415, "unsupported_type"),
    "compressed": (picture(), {"Content-Encoding": "gzip"}, 415, "unsupported_type"),
    "broken json": (b'{"image": ', {"Content-Type": "application/json"}, 400, "malformed"),
    "json of another kind": (b"[1]", {"Content-Type": "application/json"}, 400, "malformed"),
    "deep json": (b"[" * 100_000, {"Content-Type": "application/json"}, 400, "malformed"),
    "a huge number": (b"1" * 100_000, {"Content-Type": "application/json"}, 400, "malformed"),
    "not utf-8": (b'{"image": "\xff"}', {"Content-Type": "application/json"}, 400, "malformed"),
    "no base64": (b'{"image": "%%%"}', {"Content-Type": "application/json"}, 400, "malformed"),
    "an unknown key": (b'{"image": "", "img": 1}', {"Content-Type": "application/json"}, 400, "malformed"),
    "no boundary": (b"x", {"Content-Type": "multipart/form-data"}, 400, "malformed"),
    "no form": (b"x", {"Content-Type": "multipart/form-data; boundary=b"}, 400, "malformed"),
    "an unfinished form": (
        b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc',
        {"Content-Type": "multipart/form-data; boundary=b"},
        400,
        "malformed",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_body_gets_a_4xx_with_a_reason_and_the_server_lives(server: RunningServer, name: str) -> None:
    body, headers, code, reason = BAD[name]
    answer = server.ocr(body, headers)
    document = answer.json()
    assert (answer.status_code, document["reason"]) == (code, reason)
    assert document["requestId"] == answer.headers["x-request-id"]
    assert len(document["error"]) > 20
    assert server.ocr(picture()).status_code == 200


CURLS_DEFAULT = {"Content-Type": "application/x-www-form-urlencoded"}


def test_a_picture_sent_with_curls_own_type_is_read(server: RunningServer) -> None:
    data = picture()
    answer = server.ocr(data, CURLS_DEFAULT)
    assert (answer.status_code, answer.json()["bytes"]) == (200, len(data))
    assert server.ocr(b"file=page.png", CURLS_DEFAULT).json()["reason"] == "unsupported_type"


@pytest.mark.parametrize("query", ["cls=maybe", "minScore=2", "minScore=nan", "minscore=0.5", "angle=1"])
def test_a_wrong_option_is_named(server: RunningServer, query: str) -> None:
    answer = server.client.post(f"/v1/ocr?{query}", content=picture(), headers={"Content-Type": "image/png"})
    assert answer.status_code == 400
    assert query.split("=", maxsplit=1)[0] in answer.json()["error"]


def test_a_bomb_is_refused_by_its_header_without_being_unpacked(server: RunningServer) -> None:
    buffer = io.BytesIO()
    Image.new("1", (20_000, 8_000)).save(buffer, "PNG")
    assert len(buffer.getvalue()) < 40_000
    busy = server.metrics()["paddle_runtime_busy_seconds_total"]
    answer = server.ocr(buffer.getvalue())
    assert (answer.status_code, answer.json()["reason"]) == (422, "too_many_pixels")
    assert "20000 x 8000" in answer.json()["error"]
    assert server.metrics()["paddle_runtime_busy_seconds_total"] == busy


def test_too_many_parts_or_two_pictures_are_refused(server: RunningServer) -> None:
    data = picture()
    many = server.client.post("/v1/ocr", files=[("file", data)] + [(f"f{i}", b"x") for i in range(5)])
    assert (many.status_code, many.json()["reason"]) == (400, "malformed")
    two = server.client.post("/v1/ocr", files=[("file", data), ("image", data)])
    assert "2 parts" in two.json()["error"]


def test_an_announced_size_over_the_cap_is_refused_before_a_byte_of_it_comes(server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as caller:
        caller.sendall(b"POST /v1/ocr HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
        assert caller.recv(4096).startswith(b"HTTP/1.1 413")


def test_a_body_without_end_is_cut_off_at_the_cap(server: RunningServer) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield bytes(10_000)

    answer = server.client.post("/v1/ocr", content=endless(), headers={"Content-Type": "image/png"})
    assert (answer.status_code, answer.json()["reason"]) == (413, "too_large")
    assert server.metrics()["paddle_runtime_held_bytes"] == 0


def test_a_body_that_trickles_is_given_up(server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as caller:
        caller.sendall(b"POST /v1/ocr HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
        answer = b"".join(iter(lambda: caller.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"slow_body" in answer


def test_a_header_that_trickles_is_given_up(server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as caller:
        began = time.monotonic()
        caller.sendall(b"POST /v1/ocr HTTP/1.1\r\nHost:")
        assert caller.recv(4096) == b""
    assert time.monotonic() - began < 3


def test_garbage_instead_of_http_is_a_400(server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as caller:
        caller.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert caller.recv(4096).startswith(b"HTTP/1.1 400")
    assert server.get("/health").status_code == 200


def test_the_connection_is_good_for_the_next_request_after_a_refused_body(server: RunningServer) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as caller:
        first = caller.post("/v1/ocr", content=bytes(300_000), headers={"Content-Type": "image/png"})
        second = caller.post("/v1/ocr", content=picture(), headers={"Content-Type": "image/png"})
    assert (first.status_code, second.status_code) == (413, 200)


def test_probes_and_metadata(server: RunningServer) -> None:
    assert server.get("/health").json() == {"live": True, "status": "ok", "state": "ready"}
    assert server.get("/v2/health/live").status_code == 200
    assert server.get("/v2/health/ready").json() == {"ready": True, "state": "ready"}
    assert server.get("/v2").json()["name"] == "paddle-runtime"
    assert server.get("/v2/models/fake").json()["name"] == "fake"
    assert server.get("/v2/models/fake/ready").json()["ready"] is True


def test_another_model_is_a_404_that_names_the_right_one(server: RunningServer) -> None:
    for answer in (
        server.get("/v2/models/other"),
        server.get("/v2/models/other/ready"),
        server.client.post("/v2/models/other/infer", json={}),
    ):
        assert answer.status_code == 404
        assert "'fake'" in answer.json()["error"]


def test_unknown_paths_and_methods_answer_in_the_same_form(server: RunningServer) -> None:
    assert server.get("/nothing").json()["reason"] == "not_found"
    wrong = server.get("/v1/ocr")
    assert (wrong.status_code, wrong.json()["reason"]) == (405, "wrong_method")
    assert "use POST" in wrong.json()["error"]
    assert server.client.post("/v1/ocr/", content=picture()).json()["reason"] == "not_found"


def test_what_came_to_no_endpoint_is_counted_by_its_code_alone(server: RunningServer) -> None:
    def counted() -> dict[str, float]:
        return {key: value for key, value in server.metrics().items() if "requests_total" in key}

    before = counted()
    server.get("/nothing")
    server.get("/v2/models/other")
    server.get("/v1/ocr")
    server.client.get("/nothing", headers={"X-Paddle-Synthetic": "true"})
    after = counted()
    assert set(after) == set(before)
    assert {key: after[key] - before[key] for key in after if after[key] != before[key]} == {
        'paddle_runtime_requests_total{code="404",outcome="invalid"}': 2,
        'paddle_runtime_requests_total{code="405",outcome="invalid"}': 1,
        'paddle_runtime_protocol_requests_total{protocol="http"}': 3,
        'paddle_runtime_synthetic_requests_total{code="404",outcome="invalid"}': 1,
    }


def test_a_number_of_thousands_of_digits_is_refused_in_words_for_callers(server: RunningServer) -> None:
    body = b'{"image": "", "options": {"cls": ' + b"1" * 5000 + b"}}"
    answer = server.client.post("/v1/ocr", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["reason"]) == (400, "malformed")
    assert "thousands of digits" in answer.json()["error"]


def test_an_unknown_path_is_answered_with_those_that_this_model_has(server: RunningServer) -> None:
    error = server.get("/nothing").json()["error"]
    own = {kind.path.format(name="fake") for kind in TASKS[Task.OCR].kinds}
    assert set(re.findall(r"(/[\w./]+)", error.partition("try ")[2])) == own | {
        "/v2", "/v2/health/ready", "/metrics",
    }  # fmt: skip


def test_every_label_set_starts_at_zero_and_outcomes_are_counted_apart(server: RunningServer) -> None:
    before = server.metrics()
    server.ocr(picture())
    server.ocr(b"")
    server.ocr(picture(**{"raise": "boom"}))
    after = server.metrics()

    def grown(name: str) -> float:
        return after[name] - before[name]

    assert grown('paddle_runtime_requests_total{code="200",outcome="good"}') == 1
    assert grown('paddle_runtime_requests_total{code="400",outcome="invalid"}') == 1
    assert grown('paddle_runtime_requests_total{code="500",outcome="bad"}') == 1
    assert grown("paddle_runtime_request_duration_seconds_count") == 1
    assert grown('paddle_runtime_stage_duration_seconds_count{stage="detect"}') == 1
    assert grown("paddle_runtime_busy_seconds_total") > 0
    assert after['paddle_runtime_requests_total{code="504",outcome="bad"}'] == 0
    assert after['paddle_runtime_refused_total{reason="queue_full"}'] == 0
    assert after['paddle_runtime_worker_restarts_total{reason="stall"}'] == 0
    assert after['paddle_runtime_worker_resident_memory_bytes{worker="0"}'] > 1e6
    assert not any(name.endswith("_created") for name in after)


def test_synthetic_requests_stay_out_of_everything_but_their_own_counter(server: RunningServer) -> None:
    before = server.metrics()
    server.ocr(picture(), {"X-Paddle-Synthetic": "true"})
    after = server.metrics()
    own = 'paddle_runtime_synthetic_requests_total{code="200",outcome="good"}'
    assert after[own] == before[own] + 1
    for name in before:
        if name.startswith(
            ("paddle_runtime_requests_total", "paddle_runtime_request_d", "paddle_runtime_stage")
        ):
            assert after[name] == before[name], name


def test_the_histogram_takes_over_the_thresholds_of_a_changed_file(server: RunningServer) -> None:
    name = 'paddle_runtime_request_duration_seconds_bucket{le="0.123"}'
    assert name not in server.metrics()
    swap(server.sla_file, {"slaHash": "a", "latencyThresholdsMilliseconds": [123]})
    wait_until(lambda: name in server.metrics(), what="the new boundary")
    swap(server.sla_file, {"latencyThresholdsMilliseconds": ["soon"]})
    wait_until(lambda: "'soon'" in server.log, what="the warning")
    assert name in server.metrics()


def swap(path: Path, document: object) -> None:
    """As the kubelet does: a new file, then a rename."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(document))
    fresh.replace(path)


def test_a_pipelined_second_request_is_answered_too(server: RunningServer) -> None:
    data = picture(seconds=0.05)
    one = b"POST /v1/ocr HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(data) + data
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as caller:
        caller.sendall(one + one)
        got = b""
        while got.count(b"totalMs") < 2:
            got += caller.recv(65536)
    assert got.count(b"HTTP/1.1 200") == 2
