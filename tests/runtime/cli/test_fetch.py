"""`paddle-runtime fetch` as a pod runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paddle_runtime.bundle.store import Bundle
from paddle_runtime.main import main
from tests.runtime.bundle.builders import serving, small_bundle


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "termination-log"
    monkeypatch.setenv("PADDLE_RUNTIME_TERMINATION_LOG", str(path))
    return path


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    monkeypatch.setenv("PADDLE_RUNTIME_BUILTIN_DIR", str(tmp_path / "builtin"))
    return small_bundle(tmp_path / "builtin" / "small")


def test_resolve_leaves_what_the_operator_reads(stored: Bundle, log: Path) -> None:
    assert main(["fetch", "--resolve", "--uri", "builtin:small"]) == 0
    assert json.loads(log.read_text()) == {
        "reason": "Resolved",
        "digest": stored.digest,
        "name": "small",
        "task": "Tensor",
        "format": "PaddleInference",
        "modules": ["model"],
        "sizeBytes": stored.manifest.size_bytes,
    }


def test_a_failure_leaves_its_reason_and_its_exit_code(stored: Bundle, log: Path) -> None:
    assert main(["fetch", "--resolve", "--uri", "builtin:other"]) == 10
    said = json.loads(log.read_text())
    assert said["reason"] == "ModelNotFound"
    assert "there is small" in said["message"]


def test_fetching_fills_the_folder_and_leaves_no_message(stored: Bundle, log: Path, tmp_path: Path) -> None:
    into = tmp_path / "b"
    given = [
        "--uri",
        "builtin:small",
        "--into",
        str(into),
        "--digest",
        stored.digest,
        "--timeout-seconds",
        "9",
    ]
    assert main(["fetch", *given]) == 0
    assert (into / "model.yaml").is_file()
    assert not log.exists()


def test_the_environment_names_the_store(stored: Bundle, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(stored.path.parents[1]) as store:
        monkeypatch.setenv("PADDLE_RUNTIME_S3_ENDPOINT", store.url)
        assert main(["fetch", "--resolve", "--uri", "s3://builtin/small", "--timeout-seconds", "5"]) == 17
        monkeypatch.setenv("PADDLE_RUNTIME_ALLOW_LOOPBACK_STORE", "1")
        assert main(["fetch", "--resolve", "--uri", "s3://builtin/small", "--timeout-seconds", "5"]) == 0


@pytest.mark.parametrize(
    "given",
    [
        ["--uri", "builtin:small"],
        ["--resolve", "--into", "x", "--uri", "builtin:small"],
        ["--resolve", "--uri", "builtin:small", "--digest", "md5:1"],
        ["--resolve", "--uri", "builtin:small", "--timeout-seconds", "0"],
    ],
)
def test_wrong_usage_ends_with_code_two(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fetch", *given])
    assert ended.value.code == 2
    assert "paddle-runtime fetch" in capsys.readouterr().err


def test_a_wrong_addressing_style_is_told(stored: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PADDLE_RUNTIME_S3_ADDRESSING", "Sideways")
    with pytest.raises(SystemExit, match="must be Path or VirtualHost"):
        main(["fetch", "--resolve", "--uri", "builtin:small"])
