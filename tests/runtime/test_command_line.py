"""The command line: what a wrong start says, and with which exit code."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from paddle_runtime import logs
from paddle_runtime.answering import Progress, open_model
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.main import main
from tests.runtime.bundle.builders import small_bundle
from tests.runtime.serving.testbed import RunningServer


def run(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "paddle_runtime.main", "serve", *arguments]
    command += ["--termination-log", str(tmp_path / "termination.json")]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "--model is not set"),
        (("--model", "x", "--workers", "many"), 2, "--workers='many'"),
        (("--model", "x", "--worker-python", "/nope"), 2, "--worker-python='/nope'"),
        (("--model", "x", "--shared-memory-mib", "9999999999"), 2, "--shared-memory-mib=9999999999"),
        (("--model", "/nothing/here"), 10, "ModelNotFound"),
        (("--model", "builtin:nothing"), 10, "builtin:nothing"),
        (("--model", "https://x/y"), 10, "'paddle-runtime fetch --uri https://x/y --into DIR'"),
    ],
)
def test_a_wrong_start_says_what_and_why(
    tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ended = run(tmp_path, *arguments)
    assert ended.returncode == code
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    if code != 2:
        said = json.loads((tmp_path / "termination.json").read_text())
        assert said["reason"] == "ModelNotFound"


def test_a_port_in_use_is_the_systems_no_and_not_wrong_usage(tmp_path: Path) -> None:
    bundle = small_bundle(tmp_path / "bundle")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run(tmp_path, "--model", str(bundle.path), "--host", "127.0.0.1", "--port", port)
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in ended.stderr


def test_another_digest_than_the_asked_one_is_refused(tmp_path: Path) -> None:
    ended = run(tmp_path, "--model", "builtin:ppocr-v4-mobile", "--model-digest", "sha256:" + "0" * 64)
    assert ended.returncode == 12
    assert json.loads((tmp_path / "termination.json").read_text())["reason"] == "DigestMismatch"


def test_a_model_whose_device_is_missing_says_so(tmp_path: Path) -> None:
    """Each worker finds out by itself; the server ends with what they say."""
    command = (sys.executable, "-m", "paddle_runtime.main", "serve")
    with RunningServer(
        tmp_path, command, model="builtin:ppocr-v4-mobile", device="NPU", wait=False
    ) as server:
        assert server.process.wait(60) == 23
        assert server.termination()["reason"] == "DeviceUnavailable"


def test_sigterm_while_the_bundle_is_verified_tells_that_it_took_too_long(tmp_path: Path) -> None:
    bundle = small_bundle(tmp_path / "bundle")
    weights = bundle.file("model.pdiparams")
    weights.unlink()
    os.mkfifo(weights)  # which is verified for as long as somebody holds its other end
    command = (sys.executable, "-m", "paddle_runtime.main", "serve")
    with RunningServer(tmp_path, command, model=bundle.path, wait=False) as server:
        with weights.open("wb"):
            assert server.terminate() == 20
        assert server.termination()["reason"] == "LoadFailed"
        assert "the bundle was not verified yet" in server.termination()["message"]
        assert "spec.model.preload.timeoutSeconds" in server.termination()["message"]
        assert "Traceback" not in server.log


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for command in ("serve", "fetch", "bundle", "verify", "inspect"):
        assert command in shown


def test_a_json_log_line_is_one_object_with_its_traceback_inside() -> None:
    try:
        raise ValueError("两行\nof text")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "seen %d", (3,), sys.exc_info())
    line = logs.JsonFormatter().format(record)
    document = json.loads(line)
    assert "\n" not in line
    assert (document["message"], document["level"]) == ("seen 3", "error")
    assert "两行" in document["exception"]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("open", BundleReason.LoadFailed),
        ("self_test", BundleReason.SelfTestFailed),
        ("warm_up", BundleReason.WarmupFailed),
    ],
)
def test_whatever_a_phase_of_the_start_raises_becomes_its_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, broken: str, reason: BundleReason
) -> None:
    class BrokenPipeline:
        """A FAKE pipeline that fails in one phase."""

        def self_test(self) -> None:
            if broken == "self_test":
                raise RuntimeError("boom")

        def warm_up(self, progress: object) -> int:
            raise RuntimeError("boom")

    def opened(*_: object) -> BrokenPipeline:
        if broken == "open":
            raise RuntimeError("boom")
        return BrokenPipeline()

    bundle = small_bundle(tmp_path / "bundle")
    monkeypatch.setattr("paddle_runtime.answering.open_pipeline", opened)
    seen: list[str] = []
    progress: Progress = lambda phase, seconds, text: seen.append(phase)  # noqa: E731
    order = {
        "bundle": str(bundle.path),
        "digest": bundle.digest,
        "modules": {},
        "device": "CPU",
        "deviceId": 0,
        "deviceMemoryMib": 1,
        "engineCacheDir": "",
        "modelName": "m",
        "maxBodyBytes": 1,
        "maxPixels": 40_000_000,
        "maxSide": 1,
        "maxPages": 1,
        "maxDecodeBytes": 1,
        "pdfDpi": 1,
        "engine": "bundle",
    }
    with pytest.raises(BundleFault, match="RuntimeError: boom") as fault:
        open_model(order, progress)
    assert fault.value.reason is reason
    assert seen == {"open": [], "self_test": ["load"], "warm_up": ["load", "self-test"]}[broken]
