from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from hack import long_result
from hack.checks import LINT, TARGETS, Stage, run_stages


def stage(name: str, exit_code: int = 0, *, quick: bool = False) -> Stage:
    return Stage(name, "something", (sys.executable, "-c", f"raise SystemExit({exit_code})"), quick=quick)


def test_stages_run_in_order_and_the_times_come_before_the_last(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_stages([stage("one"), stage("two"), stage("three")], {}) == 0
    lines = capfd.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines if "something" in line] == ["== one", "== two", "== three"]
    assert lines[-2].startswith("== so far one ")
    assert lines[-1].startswith("== three: something (3 of 3)")


def test_a_failure_ends_the_run_and_names_what_was_not_reached(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_stages([stage("one"), stage("two", 3), stage("three"), stage("four")], {}) == 3
    out = capfd.readouterr().out
    assert "two" in out
    assert "FAILED" in out
    assert out.splitlines()[-1] == "== not run: three, four"


def test_what_takes_longer_than_it_may_is_ended_and_fails(capfd: pytest.CaptureFixture[str]) -> None:
    stuck = Stage("stuck", "nothing", (sys.executable, "-c", "import time; time.sleep(600)"), minutes=0.01)
    assert run_stages([stage("one"), stuck, stage("three")], {}) == 124
    out = capfd.readouterr().out
    assert "== stuck: ended after 0.01 minutes" in out
    assert out.splitlines()[-1] == "== not run: three"


def test_quick_stages_all_speak_before_a_failure_ends_the_run(capfd: pytest.CaptureFixture[str]) -> None:
    quick = [stage("format", 1, quick=True), stage("types", 0, quick=True), stage("imports", 2, quick=True)]
    assert run_stages([*quick, stage("unit")], {}) == 1
    out = capfd.readouterr().out
    assert out.count("FAILED") == 2
    assert out.splitlines()[-1] == "== not run: unit"


def test_make_test_holds_every_stage_of_the_smaller_targets_and_ends_with_pytest() -> None:
    whole = TARGETS["test"]
    for name in ("lint", "unit", "charts", "rules", "e2e"):
        assert set(TARGETS[name]) <= set(whole), name
    assert whole[: len(LINT)] == LINT
    assert whole[-1].name == "e2e"


def test_every_make_target_calls_a_known_target_of_the_table() -> None:
    makefile = (Path(__file__).parents[3] / "Makefile").read_text(encoding="utf-8")
    assert all(f"-m hack.checks {name}\n" in makefile for name in TARGETS)


def test_the_long_result_names_commit_outcomes_and_figures(tmp_path: Path) -> None:
    report, result = tmp_path / "r.xml", tmp_path / "out" / "r.json"
    report.write_text(
        '<testsuites><testsuite><testcase classname="a" name="good" time="1.5"><properties>'
        '<property name="lost" value="0"/></properties></testcase>'
        '<testcase classname="a" name="bad" time="2"><failure message="x"/></testcase>'
        "</testsuite></testsuites>"
    )
    long_result.write(report, result)
    said = json.loads(result.read_text(encoding="utf-8"))
    assert said["tests"] == [
        {"test": "a.good", "outcome": "passed", "seconds": 1.5, "lost": "0"},
        {"test": "a.bad", "outcome": "failure", "seconds": 2.0},
    ]
    assert said["commit"]
    assert not report.exists()
