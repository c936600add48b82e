"""helm test: send the picture beside this file to a model service and compare the text that comes back.

Where no URL is given the built-in model is served here first, which needs no service and makes no object.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

EXPECTED = ["PADDLESLA2026", "服务等级协议"]  # without blanks, which the recogniser does not measure
SERVE = ("paddle-runtime", "serve", "--model", "builtin:ppocr-v4-mobile")
LOCAL = "http://127.0.0.1:8080"
ASK_EVERY_SECONDS = 2.0


def recognise(url: str, host: str, timeout_seconds: float) -> list[str]:
    """Post the picture; return the recognised lines, top to bottom."""
    picture = Path(__file__).with_name("picture.png").read_bytes()
    request = urllib.request.Request(f"{url.rstrip('/')}/v1/ocr", data=picture, method="POST")
    request.add_header("Content-Type", "image/png")
    request.add_header("X-Paddle-Synthetic", "true")  # stays out of the service's own SLA counters
    if host:
        request.add_header("Host", host)
    with urllib.request.urlopen(request, timeout=timeout_seconds) as answer:
        return ["".join(line["text"].split()) for line in json.load(answer)["lines"]]


def main() -> int:
    """Ask until the service answers or the time is over; 0 when the text is right."""
    url, host = os.environ.get("TEST_URL", ""), os.environ.get("TEST_HOST", "")
    until = time.monotonic() + float(os.environ.get("TEST_TIMEOUT_SECONDS", "120"))
    server = None
    if not url:
        url = LOCAL
        server = subprocess.Popen([*SERVE, "--host", "127.0.0.1", "--port", "8080", "--workers", "1"])
    try:
        return ask(url, host, until, server)
    finally:
        if server is not None:
            server.terminate()
            server.wait(timeout=30)


def ask(url: str, host: str, until: float, server: "subprocess.Popen[bytes] | None") -> int:
    """Repeat the request while the service cannot be reached; judge the first answer."""
    while True:
        try:
            lines = recognise(url, host, timeout_seconds=30)
        except (urllib.error.URLError, OSError) as refused:
            if server is not None and server.poll() is not None:
                print(f"FAILED: paddle-runtime serve ended with {server.returncode}: see its lines above")
                return 1
            if time.monotonic() > until:
                print(f"FAILED: {url} did not answer in time: {refused}. Is the service Ready?")
                return 1
            time.sleep(ASK_EVERY_SECONDS)
            continue
        if lines == EXPECTED:
            print(f"OK: {url} recognised {lines}")
            return 0
        print(f"FAILED: {url} recognised {lines}, expected {EXPECTED}: is it an OCR service for Chinese?")
        return 1


if __name__ == "__main__":
    sys.exit(main())
