"""`POST /ocr` beside PaddleX's own serving: recorded answers always, the app itself where there is time."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hack import paddlex_serving
from hack.paddlex_serving import cases, request_of, without_pixels
from hack.venv import ROOT
from tests.runtime.paddlex.comparison import differences
from tests.runtime.pipeline.builders import lines_of
from tests.runtime.serving.testbed import RunningServer, picture

pytestmark = pytest.mark.timeout(300)
SERVE = (sys.executable, "-m", "paddle_runtime.main", "serve")
# Where ours reads what stands there and PaddleX does not: it cuts lines out more narrowly.
KNOWN = {
    "english page": [
        (
            "answer.result.ocrResults.prunedResult.rec_texts: 'Service level agreements keep promises.' "
            "for 'Servicelevel agreementskeep promises'"
        )
    ]
}
RECORDED: dict[str, Any] = json.loads(paddlex_serving.RECORDED.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("server")
    with RunningServer(folder, SERVE, model="builtin:ppocr-v4-mobile", workers=1) as running:
        yield running


def ask(server: RunningServer, **body: Any) -> httpx.Response:
    return server.client.post("/ocr", json=body)


def request(name: str) -> dict[str, Any]:
    case = cases()[name]
    return request_of(ROOT / case["file"], **case["options"])


def coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def compared(server: RunningServer, name: str, theirs: dict[str, Any], code: int) -> list[str]:
    answer = ask(server, **request(name))
    ours = answer.json()
    assert answer.status_code == code, ours
    log_id = ours.pop("logId")
    assert isinstance(log_id, str)
    assert log_id == answer.headers["x-request-id"]
    without_pixels(ours)
    if code != 200:  # the words are our own
        assert isinstance(ours.pop("errorMsg"), str)
        theirs = {key: value for key, value in theirs.items() if key != "errorMsg"}
    return differences(ours, theirs)


@pytest.mark.parametrize("name", cases())
def test_an_answer_is_paddlexs_field_by_field(server: RunningServer, name: str) -> None:
    recorded = RECORDED["answers"][name]
    assert compared(server, name, recorded["answer"], recorded["code"]) == KNOWN.get(name, [])


def test_every_case_was_recorded() -> None:
    assert set(RECORDED["answers"]) == set(cases())


def test_the_english_page_is_read_with_its_spaces(server: RunningServer) -> None:
    (ours,) = ask(server, **request("english page")).json()["result"]["ocrResults"]
    assert ours["prunedResult"]["rec_texts"] == lines_of("english")


@pytest.mark.long
def test_paddlexs_serving_beside_ours_answers_the_same(server: RunningServer, tmp_path: Path) -> None:
    with paddlex_serving.running(tmp_path / "paddlex.log") as theirs:
        for name in cases():
            code, document = theirs.ask(request(name))
            document.pop("logId")
            without_pixels(document)
            assert {"code": code, "answer": document} == RECORDED["answers"][name]
            assert compared(server, name, document, code) == KNOWN.get(name, [])


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({"file": coded(picture()), "useDocUnwarping": True}, 422, "no model for it is served"),
        ({"file": coded(picture()), "returnWordBox": True}, 422, "boxes of words"),
        ({"file": coded(picture()), "textDetTresh": 0.3}, 422, "known are"),
        ({"file": coded(picture()), "textDetThresh": "0.3"}, 400, "give a number"),
        ({"file": coded(picture()), "textDetLimitSideLen": 5000, "textDetLimitType": "min"}, 422, "no shape"),
        ({"file": coded(picture()), "textDetLimitType": "max"}, 422, "give textDetLimitSideLen too"),
        ({"file": "http://169.254.169.254/latest", "fileType": 1}, 422, "file is a URL"),
        ({"file": "HTTPS://example.com/a.pdf"}, 422, "file is a URL"),
        ({"file": "no base64!"}, 400, "file is not base64"),
        ({"file": 5}, 400, "file is int"),
        ({"fileType": 1}, 400, 'there is no "file"'),
        ({"file": coded(picture()), "fileType": 2}, 400, "fileType is '2'"),
        ({"file": coded(b"hello"), "fileType": 1}, 415, "no picture of a known form"),
        ({"file": ""}, 400, "0 bytes"),
    ],
)  # fmt: skip
def test_what_is_not_served_is_refused_in_paddlexs_form(
    server: RunningServer, body: dict[str, Any], code: int, words: str
) -> None:
    answer = ask(server, **body, logId="mine")
    document = answer.json()
    assert set(document) == {"logId", "errorCode", "errorMsg"}
    assert (answer.status_code, document["errorCode"], document["logId"]) == (code, code, "mine")
    assert words in document["errorMsg"]


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"file"', b"nan", b'{"file":"aaaa","logId":7}'])
def test_what_is_no_request_is_refused_in_paddlexs_form(server: RunningServer, body: bytes) -> None:
    answer = server.client.post("/ocr", content=body)
    document = answer.json()
    assert (answer.status_code, document["errorCode"]) == (400, 400)
    assert document["logId"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("media", ["image/png", "application/octet-stream", "application/json", ""])
@pytest.mark.parametrize("padding", [0, 70_000])
def test_a_file_as_it_is_is_told_what_to_send(server: RunningServer, media: str, padding: int) -> None:
    answer = server.client.post("/ocr", content=picture() + bytes(padding), headers={"Content-Type": media})
    assert (answer.status_code, answer.json()["errorCode"]) == (415, 415)
    assert "send application/json here" in answer.json()["errorMsg"]


def test_a_form_is_told_what_to_send(server: RunningServer) -> None:
    answer = server.client.post("/ocr", files={"file": ("page.png", picture(), "image/png")})
    assert (answer.status_code, answer.json()["errorCode"]) == (415, 415)


def test_json_of_whatever_type_is_read_as_paddlex_does(server: RunningServer) -> None:
    body = b'\n {"file": "%s", "logId": "%%PDF-"}' % coded(picture(40, 30)).encode()
    answer = server.client.post("/ocr", content=body, headers={"Content-Type": "image/png"})
    assert (answer.status_code, answer.json()["logId"]) == (200, "%PDF-")


def test_null_means_the_default_and_a_picture_is_told_from_a_pdf_by_its_bytes(server: RunningServer) -> None:
    nulls = dict.fromkeys(("useDocUnwarping", "textDetThresh", "visualize", "logId", "fileType"))
    answer = ask(server, file=coded(picture(40, 30)), **nulls)
    assert answer.json()["result"]["dataInfo"] == {"width": 40, "height": 30, "type": "image"}


def test_a_picture_comes_back_when_it_is_asked_for(server: RunningServer) -> None:
    (result,) = ask(server, file=coded(picture(3000, 20)), visualize=True).json()["result"]["ocrResults"]
    for name in ("inputImage", "ocrImage"):
        assert base64.b64decode(result[name]).startswith(b"\xff\xd8\xff")
