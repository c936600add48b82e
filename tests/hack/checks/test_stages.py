from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from hack import long_result
from hack.checks import E2E_TESTS, LINT, ROOT, TARGETS, Stage, only, run_stages, without_cluster


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


def test_sweeps_that_need_no_cluster_are_run_without_one() -> None:
    assert [one.name for one in TARGETS["test-long"]] == ["cluster", "long"]
    assert [one.name for one in without_cluster(TARGETS["test-long"])] == ["long"]


def test_no_end_to_end_test_lies_where_none_is_looked_for() -> None:
    mark = "pytest.mark." + "e2e"
    files = [file.relative_to(ROOT) for file in ROOT.glob("tests/**/*.py") if mark in file.read_text("utf-8")]
    assert len(files) > 20
    assert [file for file in files if not any(file.is_relative_to(place) for place in E2E_TESTS)] == []


def test_every_make_target_calls_a_known_target_of_the_table() -> None:
    makefile = (Path(__file__).parents[3] / "Makefile").read_text(encoding="utf-8")
    assert all(f"-m hack.checks {name}\n" in makefile for name in TARGETS)


def long_report(path: Path, **outcomes: str) -> Path:
    cases = (
        f'<testcase classname="tests.long.test_hpa" name="{name}" time="1.5"><properties>'
        f'<property name="lost" value="0"/></properties>{said}</testcase>'
        for name, said in outcomes.items()
    )
    path.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    return path


def test_the_long_result_names_commit_outcomes_and_figures(tmp_path: Path) -> None:
    report, result = tmp_path / "r.xml", tmp_path / "out" / "r.json"
    long_result.write(long_report(report, good="", other='<failure message="x"/>'), result)
    good, other = json.loads(result.read_text(encoding="utf-8"))["tests"]
    assert (good["test"], good["outcome"], good["lost"]) == ("tests.long.test_hpa.good", "passed", "0")
    assert other["outcome"] == "failure"
    assert good["commit"]
    assert good["finished"]
    assert not report.exists()


def test_what_was_not_run_now_keeps_its_result_as_long_as_there_is_such_a_test(tmp_path: Path) -> None:
    report, result = tmp_path / "r.xml", tmp_path / "r.json"
    is_there = "test_cpu_through_metrics_server"
    long_result.write(long_report(report, **{is_there: '<failure message="x"/>', "test_gone": ""}), result)
    long_result.write(long_report(report, test_now=""), result)
    said = {one["test"].rpartition(".")[2]: one["outcome"] for one in json.loads(result.read_text())["tests"]}
    assert said == {is_there: "failure", "test_now": "passed"}
    long_result.write(long_report(report, **{is_there: ""}), result)
    said = {one["test"].rpartition(".")[2]: one["outcome"] for one in json.loads(result.read_text())["tests"]}
    assert said == {is_there: "passed"}


def test_a_part_of_the_last_stage_can_be_run() -> None:
    *before, last = only([stage("one"), stage("two")], "scaling")
    assert before == [stage("one")]
    assert last.command[-2:] == ("-k", "scaling")
    assert only([stage("one")], "") == [stage("one")]
