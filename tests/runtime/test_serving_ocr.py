"""`paddle-runtime serve` with the real PP-OCRv4 models: pages in, text out, and what it survives."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
from PIL import Image, ImageDraw

from hack.demo.page import font
from tests.runtime.pipeline.test_ocr_modules import other_letters
from tests.runtime.serving.testbed import RunningServer, Steady, alive, wait_until

# starting real models takes the processor's time, which a busy machine gives slowly
pytestmark = pytest.mark.timeout(300)
SERVE = (sys.executable, "-m", "paddle_runtime.main", "serve")
LINES = (
    "春眠不觉晓处处闻啼鸟",
    "发票号码一二三四五六",
    "上海市浦东新区世纪大道",
    "The quick brown fox jumps",
    "Invoice number 20260117",
    "Payment due in thirty days",
)


def page(form: str = "PNG", mode: str = "RGB", lines: tuple[str, ...] = LINES) -> bytes:
    image = Image.new("RGB", (720, 40 + 70 * len(lines)), "white")
    draw = ImageDraw.Draw(image)
    for row, text in enumerate(lines):
        draw.text((40, 25 + row * 70), text, fill="black", font=font(34))
    buffer = io.BytesIO()
    image.convert(mode).save(buffer, form)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("server")
    with RunningServer(folder, SERVE, model="builtin:ppocr-v4-mobile", workers=2) as running:
        running.wait_warm(2)
        yield running


def texts(answer: httpx.Response) -> tuple[str, ...]:
    assert answer.status_code == 200, answer.text
    return tuple(line["text"] for line in answer.json()["lines"])


def test_a_chinese_and_english_page_is_read_without_an_error_in_all_three_forms(
    server: RunningServer,
) -> None:
    data = page()
    raw = server.ocr(data)
    form = server.client.post("/v1/ocr", files={"file": ("page.png", data, "image/png")})
    coded = server.client.post("/v1/ocr", json={"image": base64.b64encode(data).decode()})
    assert texts(raw) == texts(form) == texts(coded) == LINES
    document = raw.json()
    assert (document["model"], document["width"], document["height"]) == ("ppocr-v4-mobile", 720, 460)
    for line in document["lines"]:
        assert 0.5 < line["score"] <= 1
        assert line["angle"] == 0
        assert len(line["box"]) == 4
    assert {"queueMs", "decodeMs", "detectMs", "recogniseMs", "totalMs"} <= set(document["timings"])


def test_any_client_of_the_open_inference_protocol_can_have_a_page_read(server: RunningServer) -> None:
    with triton.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
        given = triton.InferInput("image", [1], "BYTES")
        given.set_data_from_numpy(np.array([page()], dtype=np.object_))
        lines = client.infer("ppocr-v4-mobile", [given], parameters={"minScore": "0.1"}).as_numpy("lines")
        assert tuple(json.loads(line)["text"] for line in lines) == LINES
    picture = {"name": "image", "shape": [1], "datatype": "BYTES"}
    coded = {**picture, "data": [base64.b64encode(page()).decode()]}
    answer = server.client.post("/v2/models/ppocr-v4-mobile/infer", json={"inputs": [coded]})
    assert tuple(json.loads(line)["text"] for line in answer.json()["outputs"][0]["data"]) == LINES


def test_lines_of_a_document_as_a_tensor_say_which_page_they_are_from(server: RunningServer) -> None:
    frames = [Image.open(io.BytesIO(page(lines=(line,)))) for line in LINES[3:5]]
    document = io.BytesIO()
    frames[0].save(document, "TIFF", save_all=True, append_images=frames[1:])
    coded = base64.b64encode(document.getvalue()).decode()
    body = {"inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", "data": [coded]}]}
    answer = server.client.post("/v2/models/ppocr-v4-mobile/infer", json=body)
    lines = [json.loads(line) for line in answer.json()["outputs"][0]["data"]]
    assert [(line["page"], line["text"]) for line in lines] == [(1, LINES[3]), (2, LINES[4])]


def test_a_picture_as_a_tensor_meets_the_same_limits(server: RunningServer) -> None:
    picture = {"name": "image", "shape": [1], "datatype": "BYTES"}
    long = io.BytesIO()
    Image.new("1", (17_000, 1)).save(long, "PNG")
    for data, code, reason in (
        ("!", 400, "malformed"),
        ("", 400, "empty"),
        (base64.b64encode(b"no picture").decode(), 415, "unsupported_type"),
        (base64.b64encode(long.getvalue()).decode(), 422, "too_many_pixels"),
    ):
        body = {"inputs": [{**picture, "data": [data]}]}
        answer = server.client.post("/v2/models/ppocr-v4-mobile/infer", json=body)
        assert (answer.status_code, answer.json()["reason"]) == (code, reason)
    asked = {**picture, "data": [base64.b64encode(page()).decode()]}
    body = {"inputs": [asked], "parameters": {"minScore": 7}}
    answer = server.client.post("/v2/models/ppocr-v4-mobile/infer", json=body)
    assert (answer.status_code, "option minScore" in answer.text) == (400, True)


def test_each_module_is_asked_by_itself(server: RunningServer) -> None:
    line = page(lines=("Invoice number 20260117",))
    picture = Image.open(io.BytesIO(line)).crop((30, 15, 480, 80))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    headers = {"Content-Type": "image/png"}
    found = server.client.post("/v1/ocr/detect", content=line, headers=headers).json()
    ((left, top), _, (right, bottom), _) = found["boxes"][0]["box"]
    assert len(found["boxes"]) == 1
    assert (left < 60, top < 45, right > 380, bottom > 55) == (True,) * 4
    stands = server.client.post("/v1/ocr/orient", content=buffer.getvalue(), headers=headers).json()
    assert (stands["angle"], stands["score"] > 0.9) == (0, True)
    read = server.client.post("/v1/ocr/recognise", content=buffer.getvalue(), headers=headers).json()
    assert read["text"] == "Invoice number 20260117"
    assert {"id", "model", "timings"} < set(read)
    wrong = server.client.post("/v1/ocr/recognise?cls=true", content=buffer.getvalue(), headers=headers)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "unknown option 'cls'; there are none here")


def test_a_bomb_is_refused_at_every_address_of_a_picture(server: RunningServer) -> None:
    buffer = io.BytesIO()
    Image.new("1", (20_000, 8_000)).save(buffer, "PNG")
    for path in ("/v1/ocr", "/v1/ocr/detect", "/v1/ocr/orient", "/v1/ocr/recognise"):
        answer = server.client.post(path, content=buffer.getvalue(), headers={"Content-Type": "image/png"})
        assert (answer.status_code, answer.json()["reason"]) == (422, "too_many_pixels")


@pytest.mark.parametrize(
    ("form", "mode"),
    [("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"), ("WEBP", "RGB"),
     ("BMP", "RGB"), ("TIFF", "RGB"), ("TIFF", "1")],
)  # fmt: skip
def test_every_form_of_picture_is_read(server: RunningServer, form: str, mode: str) -> None:
    assert texts(server.ocr(page(form, mode, LINES[3:4]))) == LINES[3:4]


def test_options_reach_the_model(server: RunningServer) -> None:
    assert texts(server.ocr(page(lines=LINES[:1]), minScore="1.0")) == ()
    assert texts(server.ocr(page(lines=LINES[:1]), cls="false")) == LINES[:1]


def odd_pictures() -> dict[str, bytes]:
    whole = page()
    noise = io.BytesIO()
    Image.frombytes("RGB", (200, 150), os.urandom(200 * 150 * 3)).save(noise, "PNG")
    dot = io.BytesIO()
    Image.new("RGB", (1, 1)).save(dot, "PNG")
    thread = io.BytesIO()
    Image.new("RGB", (4000, 1)).save(thread, "PNG")
    several = io.BytesIO()
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "white")]
    frames[0].save(several, "TIFF", save_all=True, append_images=frames[1:])
    return {
        "a PNG cut short": whole[: len(whole) // 2],
        "a JPEG cut short": page("JPEG")[:9000],
        "a PNG with a damaged middle": whole[:3000] + bytes(500) + whole[3500:],
        "noise": noise.getvalue(),
        "one pixel": dot.getvalue(),
        "one row": thread.getvalue(),
        "two frames": several.getvalue(),
    }


@pytest.mark.parametrize("name", odd_pictures())
def test_odd_pictures_are_answered_or_refused_and_cost_no_worker(server: RunningServer, name: str) -> None:
    before = server.workers()
    answer = server.ocr(odd_pictures()[name])
    damaged = "cut short" in name or "damaged" in name
    assert answer.status_code == (422 if damaged else 200), answer.text
    if damaged:
        assert answer.json()["reason"] == "undecodable"
    assert server.workers() == before


def test_the_machine_shows_what_is_served(server: RunningServer) -> None:
    metadata = server.get("/v2/models/ppocr-v4-mobile").json()
    assert metadata["name"] == "ppocr-v4-mobile"
    samples = server.metrics()
    (info,) = [name for name in samples if name.startswith("paddle_runtime_model_info{")]
    assert 'digest="sha256:' in info
    assert 'task="OCR"' in info
    for phase in ("verify", "load", "self-test", "warm-up"):
        assert samples[f'paddle_runtime_model_load_seconds{{phase="{phase}"}}'] > 0
    assert samples['paddle_runtime_worker_resident_memory_bytes{worker="1"}'] > 200e6


def test_the_front_end_stays_quick_while_workers_compute(server: RunningServer) -> None:
    data = page()
    threads = [threading.Thread(target=server.ocr, args=(data,)) for _ in range(4)]
    for each in threads:
        each.start()
    slowest = 0.0
    while any(each.is_alive() for each in threads):
        began = time.monotonic()
        assert server.get("/health").status_code == 200
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < 2.0


def test_a_sigterm_meant_for_all_ends_no_worker(server: RunningServer) -> None:
    """Paddle takes SIGTERM for itself when it is imported; the worker takes it back."""
    before = server.workers()
    for pid in before:
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
    assert texts(server.ocr(page(lines=LINES[:1]))) == LINES[:1]
    assert server.workers() == before


def test_kill_9_of_a_worker_under_requests_and_then_a_drain_that_answers_all(server: RunningServer) -> None:
    with Steady(server, page(lines=LINES[:2]), callers=1) as steady:
        wait_until(lambda: len(steady.answers) > 1, what="steady requests")
        victim = server.workers()[0]
        os.kill(victim, signal.SIGKILL)
        crashes = 'paddle_runtime_worker_restarts_total{reason="crash"}'
        wait_until(lambda: server.metrics()[crashes] == 1, what="the crash counted")
        server.wait_warm(2)
        workers = server.workers()
        assert victim not in workers
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
    assert server.process.wait(20) == 0
    assert steady.answers.count("worker_lost") <= 1
    assert set(steady.answers) <= {"good", "worker_lost", "draining"}
    assert steady.answers.count("good") > 5
    assert not any(alive(pid) for pid in workers)


def test_a_module_of_another_bundle_is_served(tmp_path: Path) -> None:
    other_letters(tmp_path / "capitals")
    modules = f"recognise={tmp_path / 'capitals'}"
    with RunningServer(tmp_path, SERVE, model="builtin:ppocr-v4-mobile", modules=modules) as capitals:
        assert texts(capitals.ocr(page(lines=("Invoice number 20260117",)))) == ("INVOICE NUMBER 20260117",)


def test_a_module_without_a_bundle_ends_the_start(tmp_path: Path) -> None:
    with RunningServer(
        tmp_path, SERVE, wait=False, model="builtin:ppocr-v4-mobile", modules="recognise=/nowhere"
    ) as server:
        assert server.process.wait(60) == 10
        assert "/nowhere holds no model.yaml" in server.log
