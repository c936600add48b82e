"""How a revision is asked: as synthetic, again where that may help, and never for ever."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from paddle_runtime.compare import asking
from paddle_runtime.compare.asking import Revision
from paddle_runtime.compare.faults import CompareFault, CompareReason
from paddle_runtime.compare.golden_set import Request

REQUEST = Request("a", "/v1/ocr?cls=true", "image/png", b"picture")
Said = tuple[int, dict[str, str], bytes]


class Script:
    """What a server answers, one after another, the last one for ever; and what it was asked."""

    def __init__(self, *answers: Said) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, str], bytes]] = []

    def next(self) -> Said:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def serving(script: Script) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            script.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            status, headers, answer = script.next()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def revision(base: str, *, timeout: float = 5.0, left: float = 60.0) -> Revision:
    return Revision("new", base, timeout_seconds=timeout, ends_at=left, clock=lambda: 0.0)


def said(status: int, document: object, **headers: str) -> Said:
    return (
        status,
        {name.replace("_", "-"): value for name, value in headers.items()},
        json.dumps(document).encode(),
    )


def test_a_request_is_sent_as_it_is_and_as_synthetic() -> None:
    script = Script(said(200, {"lines": []}))
    with serving(script) as base:
        answer = revision(base).ask(REQUEST)
    assert (answer.status, answer.document) == (200, {"lines": []})
    ((path, headers, body),) = script.asked
    assert (path, body) == ("/v1/ocr?cls=true", b"picture")
    assert (headers["content-type"], headers["x-paddle-synthetic"]) == ("image/png", "true")
    assert headers["connection"] == "close"  # so that pods take turns


def test_what_has_no_room_now_is_asked_again() -> None:
    busy = said(503, {"error": "queue full"}, Retry_After="0")
    script = Script(busy, busy, said(200, {"lines": []}))
    with serving(script) as base:
        assert revision(base).ask(REQUEST).status == 200
    assert len(script.asked) == 3


def test_what_has_no_room_for_long_says_nothing_of_its_answers() -> None:
    script = Script(said(503, {"error": "queue full"}, Retry_After="0"))
    with (
        serving(script) as base,
        pytest.raises(CompareFault, match="4 times answered 503: queue full") as told,
    ):
        revision(base).ask(REQUEST)
    assert told.value.reason is CompareReason.RevisionUnreachable
    assert len(script.asked) == asking.TRIES


@pytest.mark.parametrize(("status", "refused"), [(400, True), (422, True), (500, False), (502, False)])
def test_other_codes_are_answers(status: int, refused: bool) -> None:
    script = Script(said(status, {"error": "no  such\nthing"}))
    with serving(script) as base:
        answer = revision(base).ask(REQUEST)
    assert (answer.refused, answer.document, answer.words) == (refused, None, f"{status} no such thing")
    assert len(script.asked) == 1


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    script = Script((302, {"Location": "http://127.0.0.1:1/"}, b""))
    with serving(script) as base:
        assert revision(base).ask(REQUEST).status == 302


def test_an_answer_that_is_not_json_says_so() -> None:
    with serving(Script((200, {}, b"<html>"))) as base:
        assert revision(base).ask(REQUEST).words == "an answer that is not JSON"


def test_an_answer_without_end_is_not_read_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_ANSWER_BYTES", 10)
    with serving(Script(said(200, ["x" * 100]))) as base:
        assert revision(base).ask(REQUEST).words == "an answer of more than 10 bytes"


def test_nobody_there_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "LONGEST_PAUSE_SECONDS", 0)
    with pytest.raises(CompareFault, match=r"the new revision at http://127\.0\.0\.1:1 does not answer 'a'"):
        revision("http://127.0.0.1:1").ask(REQUEST)


def test_when_the_time_is_over_nobody_is_asked() -> None:
    script = Script(said(200, {}))
    with serving(script) as base, pytest.raises(CompareFault, match="the whole comparison is over"):
        revision(base, left=0.0).ask(REQUEST)
    assert script.asked == []
