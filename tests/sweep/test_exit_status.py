"""The exit status of `python -m sweep`: what nothing could be said of is neither found good nor found bad."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sweep import __main__ as command_line
from sweep.access import kubeconfig_for
from sweep.proxy import Fault, Strike
from sweep.rounds import Sweep, Verdict
from sweep.trial import Trial
from sweep.writes import Point

TRIAL = Trial(Strike(Point("PATCH services/koi", 1), Fault.KILL))
GOOD, BAD = Verdict(TRIAL, True, [], 1.0), Verdict(TRIAL, True, ["Service koi: is missing"], 1.0)
MISSED, UNNEEDED = Verdict(TRIAL, False, [], 1.0), Verdict(TRIAL, False, [], 1.0, needed=False)


@pytest.fixture
def usual(tmp_path: Path) -> dict[str, str]:
    """Arguments that are all right, but nobody listens where they lead."""
    (tmp_path / "story").mkdir()
    step = tmp_path / "story" / "1-create"
    step.write_text("#!/bin/sh\n")
    step.chmod(0o755)
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(kubeconfig_for("http://127.0.0.1:1", "token", "default"))
    return {"--operator": "sleep 60", "--story": str(tmp_path / "story"), "--compare": "v1/services",
            "--kubeconfig": str(kubeconfig), "--logs": str(tmp_path / "logs")}  # fmt: skip


def status_of(arguments: dict[str, str]) -> int:
    try:
        return command_line.main([part for pair in arguments.items() for part in pair])
    except SystemExit as ended:  # the parser's own way
        return int(ended.code or 0)


@pytest.mark.parametrize(
    ("argument", "value", "told"),
    [
        ("--story", "/nowhere/story", "/nowhere/story is no folder; name the one that holds the steps"),
        ("--story", __file__, f"{__file__} is no folder"),
        ("--follow", "v1/services", "'v1/services' has no JSON pointer; write v1/services:/spec/selector"),
        ("--follow", "v1/services:spec", "'v1/services:spec' has no JSON pointer"),
        ("--follow", "services:/spec", "'services' is no resource; write v1/services or apps/v1/deployments"),
        ("--compare", "v1/services,pods", "'pods' is no resource"),
        ("--operator", "run {port}", "'run {port}': KeyError('port'); only {namespace} and {replica} are"),
        ("--operator", "run {}", "write other braces twice"),
        ("--operator", "run }", "write other braces twice"),
        ("--operator", "run {replica[0]}", "write other braces twice"),
        ("--operator", "run 'it", "No closing quotation"),
        ("--operator", "", "'' is no command"),
        ("--at-once", "0", "'0' is not a number from 1 on"),
        ("--logs", __file__, f"{__file__} cannot be made a folder"),
        ("--kubeconfig", "/nowhere/kubeconfig", "/nowhere/kubeconfig: no current context"),
        ("--patience", "1", "http://127.0.0.1:1/api/v1/namespaces: Cannot connect"),
    ],
)
def test_what_cannot_be_used_is_told_and_is_no_violation(
    usual: dict[str, str], capsys: pytest.CaptureFixture[str], argument: str, value: str, told: str
) -> None:
    assert status_of({**usual, argument: value}) == 2
    said = capsys.readouterr().err
    assert told in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        ([GOOD], 0),
        ([GOOD, UNNEEDED], 0),
        ([GOOD, BAD], 1),
        ([GOOD, MISSED], 3),
        ([BAD, MISSED], 1),
    ],
)
def test_the_status_says_whether_all_is_known(
    usual: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verdicts: Sequence[Verdict],
    status: int,
) -> None:
    async def found(*_: Any, **__: Any) -> Sweep:
        return Sweep([TRIAL.strike.point] if TRIAL.strike else [], {}, verdicts)

    monkeypatch.setattr(command_line, "sweep", found)
    assert status_of(usual) == status
    assert (f"{TRIAL}: not reached" in capsys.readouterr().out) is (MISSED in verdicts)


def test_a_fault_of_the_sweep_itself_is_no_violation(
    usual: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: Any, **__: Any) -> Sweep:
        raise KeyError("kind")

    monkeypatch.setattr(command_line, "sweep", broken)
    assert status_of(usual) == 2
    assert "KeyError: 'kind'" in capsys.readouterr().err
