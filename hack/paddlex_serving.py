"""PaddleX's own serving app on the built-in bundle's weights: `python -m hack.paddlex_serving`.

Run as a program it asks the app to read a few pictures and records its answers, with the versions that gave
them, for the tests: tests/runtime/paddlex/recorded.json. Needs the peer: `python -m hack.peers paddlex`.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hack import peers
from hack.venv import ROOT

TESTS = ROOT / "tests" / "runtime" / "paddlex"
RECORDED = TESTS / "recorded.json"
START_SECONDS = 120.0
PACKAGES = ("paddlex", "paddleocr", "paddlepaddle", "opencv-contrib-python")
# No hub is asked for models, and one math thread, as in the runtime's workers.
ENVIRONMENT = {"PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True", "PADDLE_PDX_CPU_NUM_THREADS": "1"}


class PaddlexServing:
    """The running app."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, body: Mapping[str, Any], path: str = "/ocr") -> tuple[int, dict[str, Any]]:
        """Code and document of one request."""
        data = json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


@contextmanager
def running(log: Path) -> Iterator[PaddlexServing]:
    """Start it on a free port of loopback, wait until it is healthy, end it."""
    home = peers.make("paddlex")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(home / "bin" / "paddlex"), "--serve", "--pipeline", str(home / "models" / "OCR.yaml")]
    command += ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, cwd=log.parent, env={**os.environ, **ENVIRONMENT}
        )
        try:
            serving = PaddlexServing(port)
            wait_healthy(serving, process, log)
            yield serving
        finally:
            process.kill()
            process.wait()


def wait_healthy(serving: PaddlexServing, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until /health answers."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(serving.url + "/health", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"PaddleX's serving did not start:\n{log.read_text(errors='replace')[-2000:]}")


def request_of(path: Path, **options: Any) -> dict[str, Any]:
    """A request for one file; without pictures in the answer unless they are asked for."""
    coded = base64.b64encode(path.read_bytes()).decode("ascii")
    return {"file": coded, "fileType": 0 if path.suffix == ".pdf" else 1, "visualize": False, **options}


def cases() -> dict[str, dict[str, Any]]:
    """What is asked of both servers: name -> file and options."""
    cases: dict[str, dict[str, Any]] = json.loads((TESTS / "cases.json").read_text(encoding="utf-8"))
    return cases


def without_pixels(document: dict[str, Any]) -> None:
    """Pictures in an answer become their number of characters: the records stay small."""
    for result in document.get("result", {}).get("ocrResults", []):
        for name in ("ocrImage", "inputImage", "docPreprocessingImage"):
            if name in result:
                result[name] = f"{len(result[name])} characters"


def record() -> int:
    """Write down what PaddleX answers today."""
    answers: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch, running(Path(scratch) / "serving.log") as serving:
        for name, case in cases().items():
            code, document = serving.ask(request_of(ROOT / case["file"], **case["options"]))
            document.pop("logId")
            without_pixels(document)
            answers[name] = {"code": code, "answer": document}
    versions = peers.versions_of(peers.home_of("paddlex"), PACKAGES)
    text = json.dumps({"versions": versions, "answers": answers}, ensure_ascii=False, indent=1)
    RECORDED.write_text(text + "\n", encoding="utf-8")
    print(f"wrote {RECORDED.relative_to(ROOT)}: {len(answers)} answers of {versions}")
    return 0


if __name__ == "__main__":
    sys.exit(record())
