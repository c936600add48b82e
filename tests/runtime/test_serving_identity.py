"""Who a request is: ids and traces, in answers and in the log; which model and version it is for."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator

import pytest

from tests.runtime.serving.testbed import RunningServer, picture, wait_until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
OWN = re.compile(r"[0-9a-f]{32}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("server")
    with RunningServer(folder, log_format="json", log_level="debug") as running:
        yield running


def lines(server: RunningServer, request_id: str) -> list[dict[str, object]]:
    """Log lines of one request."""

    def found() -> list[dict[str, object]]:
        entries = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
        return [entry for entry in entries if entry.get("requestId") == request_id]

    told: list[dict[str, object]] = wait_until(found, what=f"a line of {request_id}")
    return told


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/health", 200),
        ("GET", "/v2/health/live", 200),
        ("GET", "/v2/health/ready", 200),
        ("GET", "/metrics", 200),
        ("GET", "/v2", 200),
        ("GET", "/v2/models", 200),
        ("GET", "/v2/models/fake", 200),
        ("GET", "/v2/models/other", 404),
        ("GET", "/nothing", 404),
        ("POST", "/v2", 405),
        ("POST", "/v1/ocr", 400),
    ],
)
def test_every_answer_carries_the_requests_id(
    server: RunningServer, method: str, path: str, code: int
) -> None:
    theirs = server.client.request(method, path, headers={"X-Request-Id": "theirs-1"})
    made = server.client.request(method, path, headers={"X-Request-Id": "not one\u00e9".encode("latin-1")})
    assert (theirs.status_code, theirs.headers["x-request-id"]) == (code, "theirs-1")
    assert OWN.fullmatch(made.headers["x-request-id"])
    if code >= 400:
        assert theirs.json()["requestId"] == "theirs-1"


@pytest.mark.parametrize(
    ("sent", "status"), [(b"GET /" + b"a" * 200_000, b"431"), (b"\x16\x03\x01 no HTTP\r\n\r\n", b"400")]
)
def test_what_never_became_a_request_is_answered_in_the_same_form(
    server: RunningServer, sent: bytes, status: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as caller:
        caller.sendall(sent)
        head, _, body = caller.recv(65536).partition(b"\r\n\r\n")
    document = json.loads(body)
    assert head.startswith(b"HTTP/1.1 " + status)
    assert OWN.fullmatch(document["requestId"])
    assert document["requestId"].encode() in head


def test_a_line_of_the_log_tells_the_trace_that_a_request_belongs_to(server: RunningServer) -> None:
    server.ocr(picture(), {"X-Request-Id": "good", **TRACEPARENT})
    server.ocr(picture(fail="by order"), {"X-Request-Id": "bad", **TRACEPARENT})
    server.ocr(b"", {"X-Request-Id": "invalid", "traceparent": "no"})
    (good,), (bad,), (invalid,) = (lines(server, name) for name in ("good", "bad", "invalid"))
    assert (good["level"], good["traceId"], good["outcome"], good["code"]) == ("debug", TRACE, "good", 200)
    assert (bad["level"], bad["traceId"], bad["outcome"], bad["code"]) == ("warning", TRACE, "bad", 500)
    assert (invalid["level"], invalid["traceId"], invalid["outcome"]) == ("debug", "", "invalid")
    assert "by order" in str(bad["message"])
    assert isinstance(good["seconds"], float)


def test_the_time_until_a_refusal_is_told_too(server: RunningServer) -> None:
    for answer in (server.ocr(b""), server.ocr(picture(fail="by order"))):
        assert re.fullmatch(r"total;dur=[\d.]+", answer.headers["server-timing"])


def test_a_version_is_served_by_its_name_and_no_other(server: RunningServer) -> None:
    assert server.get("/v2/models").json() == {"models": ["fake"]}
    one, model = server.get("/v2/models/fake/versions/1"), server.get("/v2/models/fake")
    assert one.json() == model.json()
    assert server.get("/v2/models/fake/versions/1/ready").status_code == 200
    for path in ("", "/ready", "/stats"):
        answer = server.get(f"/v2/models/fake/versions/2{path}")
        assert (answer.status_code, answer.json()["reason"]) == (404, "not_found")
        assert "it is '1'" in answer.json()["error"]
    assert server.client.post("/v2/models/fake/versions/1/infer", content=b"{}").status_code == 200
    assert server.client.post("/v2/models/fake/versions/2/infer", content=b"{}").status_code == 404


def test_statistics_tell_what_was_done_and_how_long_it_took(server: RunningServer) -> None:
    def told() -> dict[str, dict[str, int]]:
        (model,) = server.get("/v2/models/fake/versions/1/stats").json()["model_stats"]
        assert model["inference_count"] == model["inference_stats"]["success"]["count"]
        return model["inference_stats"]

    before = told()
    assert server.ocr(picture()).status_code == 200
    server.ocr(b"")
    server.ocr(picture(), {"X-Paddle-Synthetic": "true"})
    after = told()
    more = {part: after[part]["count"] - before[part]["count"] for part in after}
    assert more == {
        "success": 1,
        "fail": 1,
        "queue": 1,
        "compute_input": 1,
        "compute_infer": 1,
        "compute_output": 0,
    }
    assert after["compute_infer"]["ns"] - before["compute_infer"]["ns"] == 2_000_000
    assert after["success"]["ns"] > before["success"]["ns"]
