"""Files come some at a time; the first that cannot be had ends the others."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from paddle_runtime.bundle.fetch import FetchOptions, fetch
from paddle_runtime.bundle.s3 import S3Options
from paddle_runtime.bundle.verify import verify
from paddle_runtime.errors import BundleFault, BundleReason
from tests.runtime.bundle.builders import Store, reply, serving, small_bundle


def options(store: Store, seconds: float = 30.0) -> FetchOptions:
    return FetchOptions(s3=S3Options(endpoint=store.url), allow_loopback=True, timeout_seconds=seconds)


def test_two_files_are_asked_for_at_one_time(tmp_path: Path) -> None:
    small_bundle(tmp_path / "store" / "models" / "small")
    both = threading.Barrier(2, timeout=10)  # broken when one file is only asked for after the other

    def together(handler: BaseHTTPRequestHandler, path: str) -> bool:
        if not path.endswith("model.yaml"):
            both.wait()
        return False

    with serving(tmp_path / "store") as store:
        store.answer = together
        verify(fetch("s3://models/small", options(store), tmp_path / "into"))


@pytest.mark.parametrize("other", ["drips", "is away"])
def test_a_file_that_is_missing_is_told_at_once_whatever_the_others_do(other: str, tmp_path: Path) -> None:
    small_bundle(tmp_path / "store" / "models" / "small")
    ended = threading.Event()

    def answer(handler: BaseHTTPRequestHandler, path: str) -> bool:
        if path.endswith(".pdmodel"):
            time.sleep(0.5)
            reply(handler, 404, b"")
            return True
        if not path.endswith(".pdiparams"):
            return False
        if other == "is away":
            reply(handler, 503, b"")
            return True
        handler.send_response(200)
        handler.send_header("Content-Length", "256000")
        handler.end_headers()
        handler.close_connection = True
        try:
            while not ended.wait(0.05):
                handler.wfile.write(b"x")
        except OSError:
            pass
        return True

    began = time.monotonic()
    with serving(tmp_path / "store") as store:
        store.answer = answer
        with pytest.raises(BundleFault, match=r"model.pdmodel is named in model.yaml and missing") as fault:
            fetch("s3://models/small", options(store), tmp_path / "into")
        ended.set()
    assert fault.value.reason is BundleReason.BundleInvalid
    assert time.monotonic() - began < 10
