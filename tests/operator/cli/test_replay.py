"""paddle-operator replay and simulate: what goes in, what comes out, and how they end."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from paddle_operator.cli import simulate
from paddle_operator.cli.operator import main
from tests.operator.given import a_resource

FINE = '{"t": 15, "step_weight": 5, "objectives": {"up": {"canary": [15, 0], "stable": [285, 1]}}}\n'


@pytest.fixture
def resource(tmp_path: Path) -> Path:
    path = tmp_path / "service.yaml"
    path.write_text(yaml.safe_dump(a_resource().body))
    return path


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_each_line_of_stdin_gets_a_verdict(
    resource: Path, given: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    given(FINE + FINE.replace("15,", "30,", 1).replace("[15, 0]", "[15, 6]"))
    assert main(["replay", "-f", str(resource)]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["action"] for one in said][-1] == "RollBack"
    assert said[0]["objectives"][0]["canary"] == [15, 0]


def test_counts_come_from_a_file_too_and_a_bad_line_ends_with_its_number(
    resource: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = tmp_path / "counts.jsonl"
    counts.write_text(FINE + "never\n")
    assert main(["replay", "-f", str(resource), "--counts", str(counts)]) == 2
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1
    assert said.err.startswith(f"{counts}: line 2: not JSON")


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_counts_without_a_line_are_no_success(
    resource: Path, given: Callable[[str], None], capsys: pytest.CaptureFixture[str], text: str
) -> None:
    given(text)
    assert main(["replay", "-f", str(resource)]) == 2
    assert "counts: no line of counts, each of which is {" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("kind: Pod\n", 2, "holds 0 PaddleModelServices"),
        ("a: [", 2, "not YAML"),
        ("kind: PaddleModelService\napiVersion: serving.paddle-sla.io/v1alpha1\n", 1, "metadata"),
    ],
)
def test_a_file_without_one_right_service_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, code: int, says: str
) -> None:
    path = tmp_path / "service.yaml"
    path.write_text(text)
    assert main(["replay", "-f", str(path)]) == code
    assert says in capsys.readouterr().err


def test_a_file_that_is_not_there_is_said_to_be_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "-f", "nowhere.yaml"]) == 2
    assert "nowhere.yaml" in capsys.readouterr().err


BROKEN = ("simulate", "--rollouts", "5", "--scenario", "broken", "--target", "99", "--rate", "20")


def test_a_simulation_prints_a_row_for_each_cell(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(BROKEN) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["scenario", "targetPercent", "requestsPerSecond", "rule"]
    assert [row.split()[3] for row in rows] == [
        *("paddle-sla", "flagger", "flagger-10s"),
        *("argo", "argo-5s", "ome"),
    ]
    assert [row.split()[4:7] for row in rows] == [["5", "0", "5"]] * 6, "rollouts, promoted, rolled back"


def test_the_same_seed_is_the_same_table_and_another_one_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for seed in ("1", "1", "2"):
        assert main([*BROKEN, "--output", "json", "--seed", seed]) == 0
        said.append(json.loads(capsys.readouterr().out)["cells"])
    assert said[0] == said[1] != said[2]


def test_no_rollouts_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", "--rollouts", "0"])
    assert ended.value.code == 2
    assert "must be a whole number, 1 or more, is '0'" in capsys.readouterr().err


def test_the_resource_may_come_from_stdin_where_the_counts_do_not(
    resource: Path, given: Callable[[str], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = tmp_path / "counts.jsonl"
    counts.write_text(FINE)
    given(resource.read_text())
    assert main(["replay", "-f", "-", "--counts", str(counts)]) == 0
    assert main(["replay", "-f", "-"]) == 2
    assert "give the counts as a file: --counts FILE" in capsys.readouterr().err


COMMANDS = {
    "plan": ["plan", "-f", "service.yaml"],
    "simulate": ["simulate", "--rollouts", "1", "--rate", "2", "--target", "99", "--scenario", "healthy"],
    "replay": ["replay", "-f", "service.yaml", "--counts", "counts.jsonl"],
}


def ended(command: str, folder: Path, stdout: int) -> tuple[int, str]:
    """How the program itself ends, and what it says of that, where its stdout is not read or is full."""
    (folder / "counts.jsonl").write_text(FINE)
    program = [sys.executable, "-m", "paddle_operator.cli.operator", *COMMANDS[command]]
    done = subprocess.run(
        program, cwd=folder, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_whoever_reads_may_have_enough(command: str, resource: Path, unread: int) -> None:
    assert ended(command, resource.parent, unread) == (141, "")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk_is_not_laid_at_what_was_read(command: str, resource: Path) -> None:
    with Path("/dev/full").open("w") as full:
        code, told = ended(command, resource.parent, full.fileno())
    assert code == 2
    assert told == "what comes of it cannot be printed: [Errno 28] No space left on device\n"


def test_an_interrupted_simulation_ends_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(simulate, "row", interrupted)
    assert main(["simulate", "--rollouts", "1"]) == 130
    assert capsys.readouterr().err == ""
