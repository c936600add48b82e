"""`paddle-runtime compare` between real servers: the same digits, and fast but wrong ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from paddle_runtime.cli.outcome import OS_EXIT_CODE, USAGE_EXIT_CODE
from paddle_runtime.compare.faults import CompareReason
from paddle_runtime.main import main
from tests.digits_models import EXAMPLE, train
from tests.e2e.wrapped_runtime import WITHOUT_DEVICE_CHECK
from tests.runtime.serving.testbed import RunningServer, free_port

# starting real models takes the processor's time, which a busy machine gives slowly
pytestmark = pytest.mark.timeout(300)
SERVE = (sys.executable, "-m", "paddle_runtime.main", "serve")


def base(server: RunningServer) -> str:
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, RunningServer]]:
    """One of the digits as they are, and one of the digits after them: ready, fast and wrong."""
    with ExitStack() as stack:
        running = []
        for shuffled in (False, True):
            folder = tmp_path_factory.mktemp("digits")
            bundle = train(folder / "bundle", shuffled=shuffled)
            server = RunningServer(folder, SERVE, model=bundle, model_name="digits")
            running.append(stack.enter_context(server))
        right, wrong = running
        yield right, wrong


@pytest.fixture
def golden(tmp_path: Path, servers: tuple[RunningServer, RunningServer]) -> dict[str, Path]:
    """One set without an expectation, and one with the right answer, copied as it came."""
    request = json.loads((EXAMPLE / "request.json").read_text())
    case: dict[str, Any] = {"name": "digits", "path": "/v2/models/digits/infer", "json": request}
    answer = servers[0].client.post(case["path"], json=request).json()
    sets = {"open": case, "expected": {**case, "expected": {"outputs": answer["outputs"]}}}
    for name, each in sets.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({"cases": [each]}))
    return {name: tmp_path / f"{name}.json" for name in sets}


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "termination-log"
    monkeypatch.setenv("PADDLE_RUNTIME_TERMINATION_LOG", str(path))
    return path


def test_the_same_model_passes_against_what_is_expected_and_against_stable(
    servers: tuple[RunningServer, RunningServer],
    golden: dict[str, Path],
    log: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    right = base(servers[0])
    assert main(["compare", str(golden["expected"]), "--new", right, "--output", "json"]) == 0
    said, told = json.loads(log.read_text()), json.loads(capsys.readouterr().out)
    assert told["result"] == said
    assert (said["reason"], said["requests"], said["comparisons"]) == ("Passed", 1, 1)
    assert said["figures"]["absError"]["value"] <= 0.001
    parity = ["compare", str(golden["expected"]), "--new", right, "--stable", right, "--parity"]
    assert main(parity) == 0
    assert json.loads(log.read_text())["comparisons"] == 2


@pytest.mark.parametrize("which", ["expected", "open"])
def test_a_fast_but_wrong_model_is_stopped_with_the_figure(
    servers: tuple[RunningServer, RunningServer], golden: dict[str, Path], log: Path, which: str
) -> None:
    stable, new = map(base, servers)
    code = main(["compare", str(golden[which]), "--new", new, "--stable", stable])
    said = json.loads(log.read_text())
    assert code == CompareReason.AnswersDiffer.value
    assert said["reason"] == "AnswersDiffer"
    figure = said["figures"]["absError"]
    assert figure["value"] > 0.9
    assert (figure["limit"], figure["case"]) == (0.001, "digits")
    assert figure["against"] == {"expected": "Expected", "open": "Stable"}[which]
    assert "absError is " in said["message"]


def test_a_wrong_model_is_stopped_although_the_set_has_a_request_that_both_refuse(
    servers: tuple[RunningServer, RunningServer], golden: dict[str, Path], log: Path
) -> None:
    cases = json.loads(golden["open"].read_text())["cases"]
    refused = {"name": "refused", "path": "/v2/models/digits/infer", "json": {"inputs": "none"}}
    golden["open"].write_text(json.dumps({"cases": [refused, *cases]}))
    stable, new = map(base, servers)
    code = main(["compare", str(golden["open"]), "--new", new, "--stable", stable])
    said = json.loads(log.read_text())
    assert (code, said["reason"]) == (CompareReason.AnswersDiffer.value, "AnswersDiffer")
    assert "absError is " in said["message"]
    assert ". Not all could be compared: 'refused' at /v2/models/digits/infer is refused" in said["message"]


def test_what_the_bundle_knows_is_asked_of_both_where_there_is_no_golden_set(
    servers: tuple[RunningServer, RunningServer], log: Path
) -> None:
    right, wrong = map(base, servers)
    assert main(["compare", "--self-test", "--new", right, "--stable", right]) == 0
    said = json.loads(log.read_text())
    assert (said["reason"], said["requests"], said["comparisons"]) == ("Passed", 1, 1)
    assert said["message"].endswith("(absError 0 of 0.001).")
    code = main(["compare", "--self-test", "--new", wrong, "--stable", right])
    said = json.loads(log.read_text())
    assert (code, said["reason"]) == (CompareReason.AnswersDiffer.value, "AnswersDiffer")
    assert (said["figures"]["absError"]["case"], said["figures"]["absError"]["against"]) == (
        "selfTest 0",
        "Stable",
    )


def test_a_device_that_errs_only_after_its_self_test_is_found_out(
    servers: tuple[RunningServer, RunningServer], log: Path, tmp_path: Path
) -> None:
    """The device is a fake, and so is its error: see the file in that folder."""
    bundle = train(tmp_path / "bundle")
    device = {"PYTHONPATH": str(WITHOUT_DEVICE_CHECK), "DEVICE_ERROR": "0.25"}
    server = RunningServer(
        tmp_path, SERVE, environment=device, model=bundle, model_name="digits", device="GPU"
    )
    with server as errs:
        code = main(["compare", "--self-test", "--new", base(errs), "--stable", base(servers[0])])
    assert code == CompareReason.AnswersDiffer.value
    assert "absError is 0.25, allowed is 0.001" in json.loads(log.read_text())["message"]


def test_its_requests_are_in_no_service_level(
    servers: tuple[RunningServer, RunningServer], golden: dict[str, Path], log: Path
) -> None:
    def counts(server: RunningServer, name: str) -> float:
        return sum(value for text, value in server.metrics().items() if text.startswith(name))

    before = [counts(server, "paddle_runtime_requests_total") for server in servers]
    synthetic = [counts(server, "paddle_runtime_synthetic_requests_total") for server in servers]
    main(["compare", str(golden["open"]), "--new", base(servers[1]), "--stable", base(servers[0])])
    assert [counts(server, "paddle_runtime_requests_total") for server in servers] == before
    after = [counts(server, "paddle_runtime_synthetic_requests_total") for server in servers]
    assert after == [count + 1 for count in synthetic]


def test_what_could_not_be_found_out_says_so_and_speaks_against_no_revision(
    servers: tuple[RunningServer, RunningServer], golden: dict[str, Path], log: Path, tmp_path: Path
) -> None:
    right = base(servers[0])
    missing = main(["compare", str(tmp_path / "none.json"), "--new", right])
    assert missing == CompareReason.GoldenSetInvalid.value
    assert json.loads(log.read_text())["reason"] == "GoldenSetInvalid"
    flags = ["--new", "http://127.0.0.1:1", "--timeout-seconds", "0.5"]
    unreachable = main(["compare", str(golden["open"]), *flags])
    assert unreachable == CompareReason.RevisionUnreachable.value
    assert json.loads(log.read_text())["reason"] == "RevisionUnreachable"


def shadowed(
    new: RunningServer, stable: RunningServer, folder: Path, copies: int, *flags: str
) -> tuple[int, dict[str, Any]]:
    """Copies of one request, until the program has seen enough; its exit code and its last words."""
    port, log = free_port(), folder / "shadow.json"
    command = [sys.executable, "-m", "paddle_runtime.main", "compare", "--host", "127.0.0.1"]
    command += ["--listen", str(port), "--new", base(new), "--stable", base(stable), *flags]
    environment = {**os.environ, "PADDLE_RUNTIME_TERMINATION_LOG": str(log)}
    program = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    body = (EXAMPLE / "request.json").read_bytes()
    headers = {"Content-Type": "application/json", "X-Request-Id": "real-1"}
    url, sent = f"http://127.0.0.1:{port}/v2/models/digits/infer", 0
    try:
        while program.poll() is None:
            if sent < copies:
                try:
                    sent += httpx.post(url, content=body, headers=headers).status_code == 204
                except httpx.TransportError:
                    time.sleep(0.05)  # not there yet, busy, or just gone
            else:
                time.sleep(0.05)
    finally:
        program.kill()
    return program.wait(), json.loads(log.read_text())


def test_the_shadow_passes_the_same_model_and_stops_a_wrong_one_without_a_word_of_the_callers(
    servers: tuple[RunningServer, RunningServer], tmp_path: Path
) -> None:
    right, wrong = servers
    code, said = shadowed(right, right, tmp_path, 100, "--copies", "5", "--timeout-seconds", "60")
    assert (code, said["reason"], said["comparisons"]) == (0, "Passed", 5)
    code, said = shadowed(wrong, right, tmp_path, 100, "--copies", "5", "--timeout-seconds", "60")
    assert (code, said["reason"]) == (CompareReason.AnswersDiffer.value, "AnswersDiffer")
    assert said["figures"]["absError"]["value"] > 0.9
    assert said["figures"]["absError"]["case"] == "real-1"
    assert "output" not in json.dumps(said)


def test_a_shadow_that_saw_too_little_says_so(
    servers: tuple[RunningServer, RunningServer], tmp_path: Path
) -> None:
    code, said = shadowed(servers[0], servers[0], tmp_path, 1, "--copies", "5", "--timeout-seconds", "4")
    assert (code, said["reason"]) == (CompareReason.TooFewCopies.value, "TooFewCopies")
    assert said["message"].startswith("1 of 5 copies were compared in 4 s, 0 had no answer")


@pytest.mark.parametrize(
    "flags",
    [
        ["--new", "http://127.0.0.1:1", "--parity"],
        ["--new", "http://127.0.0.1:1", "--stable", "http://127.0.0.1:1", "--self-test"],
        ["--new", "http://127.0.0.1:1", "--stable", "http://127.0.0.1:1", "--listen", "0"],
        ["--new", "127.0.0.1:1"],
        ["--new", "http://127.0.0.1:1/v1"],
        ["--new", "http://127.0.0.1:1", "--max-abs-error", "-1"],
        ["--new", "http://127.0.0.1:1", "--max-abs-error", "nan"],
    ],
)
def test_wrong_flags_are_wrong_usage(flags: list[str], tmp_path: Path) -> None:
    try:
        code = main(["compare", str(tmp_path / "golden.json"), *flags])
    except SystemExit as ended:
        code = int(str(ended.code))
    assert code == USAGE_EXIT_CODE != OS_EXIT_CODE
