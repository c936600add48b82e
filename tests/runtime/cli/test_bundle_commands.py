"""bundle, verify and inspect: what they print, in both forms, and their exit codes."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.cli.outcome import Result, finish
from paddle_runtime.cli.progress import Progress
from paddle_runtime.main import COMMANDS, main
from tests.runtime.bundle.builders import BLOCK, description, small_bundle


@pytest.fixture
def small(tmp_path: Path) -> Bundle:
    return small_bundle(tmp_path / "small")


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The one object that the command prints."""
    code = main([*arguments, "--output", "json"])
    (line,) = capsys.readouterr().out.splitlines()
    document: dict[str, Any] = json.loads(line)
    assert document["exitCode"] == code
    assert document["ok"] == (code == 0)
    assert document["command"] == arguments[0]
    return document


def test_verify_tells_what_was_checked(small: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "verify", str(small.path))["result"] == {
        "path": str(small.path),
        "digest": small.digest,
        "files": 2,
        "sizeBytes": small.manifest.size_bytes,
        "selfTest": None,
    }


def test_a_changed_file_is_found_and_bundling_it_again_accepts_it(
    small: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    small.file("model.pdmodel").write_bytes(BLOCK)
    failed = told(capsys, "verify", str(small.path))
    assert (failed["exitCode"], failed["reason"]) == (13, "BundleInvalid")
    assert "model.pdmodel has 16 bytes" in failed["message"]
    written = told(capsys, "bundle", str(small.path))["result"]
    assert written["files"] == 2
    assert written["digest"] != small.digest
    assert told(capsys, "verify", str(small.path))["result"]["digest"] == written["digest"]


def test_bundling_without_a_file_names_it_and_not_the_command_that_just_failed(
    small: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    small.file("model.pdmodel").unlink()
    failed = told(capsys, "bundle", str(small.path))
    assert failed["exitCode"] == 13
    assert "names 'model.pdmodel', which is not under files" in failed["message"]
    assert "the files that it names into the folder" in failed["message"]
    assert "paddle-runtime bundle" not in failed["message"]


@pytest.mark.parametrize("command", ["verify", "bundle"])
def test_a_link_out_of_the_bundle_is_refused_and_one_inside_is_followed(
    small: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    weights = small.file("model.pdiparams")
    inside = small.path / "..data" / "weights"
    inside.parent.mkdir()
    weights.rename(inside)
    weights.symlink_to(inside.relative_to(small.path))
    (small.path / "..unnamed").symlink_to(tmp_path)
    assert told(capsys, command, str(small.path))["ok"]
    outside = tmp_path / "elsewhere"
    inside.rename(outside)
    weights.unlink()
    weights.symlink_to(outside)
    failed = told(capsys, command, str(small.path))
    assert failed["reason"] == "BundleInvalid"
    assert f"{weights} is a link out of the bundle" in failed["message"]


def test_what_is_built_in_is_not_bundled_anew(capsys: pytest.CaptureFixture[str]) -> None:
    failed = told(capsys, "bundle", "builtin:ppocr-v4-mobile")
    assert failed["exitCode"] == 13
    assert "is built in" in failed["message"]
    assert "copy it to a folder of your own" in failed["message"]


def test_a_bundle_without_self_tests_cannot_pass_them(
    small: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = told(capsys, "verify", str(small.path), "--self-test")
    assert (failed["exitCode"], failed["reason"]) == (22, "SelfTestFailed")


def test_the_self_test_runs_on_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    result = told(capsys, "verify", "builtin:ppocr-v4-mobile", "--self-test")["result"]
    assert result["selfTest"]["passed"] >= 1
    assert result["selfTest"]["device"] == "CPU"


def test_a_self_test_on_a_device_that_is_not_there_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    failed = told(capsys, "verify", "builtin:ppocr-v4-mobile", "--self-test", "--device", "NPU")
    assert (failed["exitCode"], failed["reason"]) == (23, "DeviceUnavailable")


def test_inspect_tells_what_a_bundle_holds_and_answers(
    small: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    result = told(capsys, "inspect", str(small.path))["result"]
    assert result["digest"] == small.digest
    assert result["endpoints"] == ["/v2/models/small/infer", "/golden", "/golden/requests"]
    assert result["selfTests"] == 0
    module = result["modules"]["model"]
    assert module["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}]
    assert module["buckets"] == [{"x": [1, 4]}, {"x": [8, 4]}]


def test_inspect_tells_what_memory_was_seen_to_be_needed(
    small: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, "inspect", str(small.path))["result"]["memory"] == []
    assert main(["inspect", str(small.path)]) == 0
    assert "memory      not measured" in capsys.readouterr().out
    rows = [
        {"engine": "Plain", "chosen": True, "residentMib": 250.5, "medianMilliseconds": 1.0},
        {"engine": "OneDNN", "residentMib": 400.0},
    ]
    seen = {"date": "2026-11-25", "device": "CPU", "machine": "m", "cpus": 2, "measure": "MaxAbsDifference"}
    write_manifest(small.path, description(calibration=[{**seen, "modules": {"model": rows}}]))
    (memory,) = told(capsys, "inspect", str(small.path))["result"]["memory"]
    assert memory["modulesMiB"] == {"model": 250.5}
    assert (memory["atLeastMiB"], memory["atMostMiB"]) == (250.5, 250.5)
    assert main(["inspect", str(small.path)]) == 0
    assert "250 to 250 MiB a worker on CPU (2026-11-25)" in capsys.readouterr().out


def test_inspect_reads_well_for_people(small: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(small.path)]) == 0
    shown = capsys.readouterr().out
    assert "in x       FP32[-1,4]" in shown
    assert "2 buckets  1x4, 8x4" in shown


def test_a_missing_folder_is_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("bundle", "verify", "inspect"):
        assert told(capsys, command, str(tmp_path / "nothing"))["reason"] == "ModelNotFound"


def test_what_the_operating_system_refuses_has_a_code_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    def action(progress: Progress) -> Result:
        raise PermissionError(13, "Permission denied", "/model.yaml")

    assert finish("bundle", "json", action) == 1
    assert json.loads(capsys.readouterr().out)["reason"] == "SystemError"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_one_bar_that_is_wiped_away() -> None:
    stream, now = Terminal(), iter(range(100))
    with Progress(stream, lambda: float(next(now))) as progress:
        progress.share("a.bin", 0.25)
        progress.share("b.bin", 0.5)
    assert "[############            ]  50 % b.bin" in stream.getvalue()
    assert "\n" not in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_a_pipe_gets_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    stream, now = io.StringIO(), iter([0.0] + [number / 10 for number in range(50)])
    with Progress(stream, lambda: next(now)) as progress:
        for share in range(50):
            progress.share("a.bin", share / 50)
    assert [record.message for record in caplog.records] == [" 40 % a.bin", " 80 % a.bin"]
    assert stream.getvalue() == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert COMMANDS[command] in " ".join(capsys.readouterr().out.split())
