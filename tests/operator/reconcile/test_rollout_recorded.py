"""What the operator logs of a rollout is enough to make each of its verdicts again."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from paddle_operator.cli.operator import main
from paddle_operator.logs import JsonLines
from paddle_operator.rollout.machine import State
from paddle_operator.sla.answer import Failed
from tests.operator.reconcile.rollout_story import RolloutStory


@dataclass
class Told:
    """A story, what its operator logged, and what the gate's status said after each look of the gate."""

    story: RolloutStory
    log: pytest.LogCaptureFixture
    verdicts: list[tuple[Any, Any]] = field(default_factory=list)

    def begins(self) -> tuple[str, str]:
        """One revision serves, another takes its first share; their names."""
        both = self.story.begun()
        self.verdicts += [figures_of(self.story.rollout)] * len(self.lines)
        return both

    def passes(self, looks: int, **counts: int) -> None:
        """Let so many looks go by."""
        for _ in range(looks):
            before = len(self.lines)
            self.story.passes(15, **counts)
            if len(self.lines) > before:
                self.verdicts.append(figures_of(self.story.rollout))

    @property
    def lines(self) -> list[str]:
        """The lines by the words of the page: those of a text log, and the same of one in JSON."""
        said = [record.getMessage() for record in self.log.records if record.name.endswith(".rolling")]
        found = [line for one in said for line in re.findall(r": look: (\{.*\})$", one)]
        records = [json.loads(JsonLines().format(one))["message"] for one in self.log.records]
        assert found == [line for one in records for line in re.findall(r": look: (\{.*\})$", one)]
        return found

    def replayed(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
        """What the command makes of the log."""
        resource = folder / "service.yaml"
        resource.write_text(yaml.safe_dump(self.story.cluster.body))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(sys, "stdin", io.StringIO("\n".join(self.lines)))
            capsys.readouterr()
            assert main(["replay", "-f", str(resource)]) == 0, capsys.readouterr().err
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def figures_of(rollout: dict[str, Any]) -> tuple[str, list[tuple[Any, ...]]]:
    """The finding of a status, with each objective's counts and figures."""
    counts = ("canaryRequests", "canaryBad", "stableRequests", "stableBad")
    figures = ("evidenceAbsolute", "evidenceRelative", "evidenceProof")
    told = [(*(one[name] for name in (*counts, *figures)), one["verdict"]) for one in rollout["results"]]
    return rollout["verdict"], told


def figures_again(said: dict[str, Any]) -> tuple[str, list[tuple[Any, ...]]]:
    """The same of a line of the command."""
    figures = ("absolute", "relative", "proof")
    told = [
        (*one["canary"], *one["stable"], *(f"{one[name]:.3g}" for name in figures), one["finding"])
        for one in said["objectives"]
    ]
    return said["finding"], told


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Told:
    caplog.set_level(logging.INFO)
    return Told(RolloutStory(), caplog)


def test_a_canary_that_is_found_broken_is_found_broken_again(
    told: Told, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, canary = told.begins()
    told.passes(1)
    told.story.metrics.failure = Failed("gone")
    told.passes(1)
    told.story.metrics.failure = None
    told.passes(4, good=70, bad=30)
    assert told.story.rollout["state"] == "RolledBack"
    again = told.replayed(tmp_path, capsys)
    assert [figures_again(one) for one in again] == told.verdicts
    assert [one["finding"] for one in again].count("NoData") >= 1
    assert [one["action"] for one in again][-1] == "RollBack"
    assert [one["action"] for one in again].count("RollBack") == 1
    first, last = json.loads(told.lines[0]), json.loads(told.lines[-1])
    assert (first["anew"], last["anew"], last["look"]["canary"]) == (True, False, canary)
    assert last["look"]["finding"] == "Broken"
    assert last["look"]["thresholds"] == {"against": 200, "proof": 20}
    assert last["look"]["asked"][0]["query"]


def test_a_promotion_is_made_again_and_its_bake_begins_anew(
    told: Told, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told.begins()
    told.passes(16)
    assert told.story.complete[0] == "True"
    again = told.replayed(tmp_path, capsys)
    assert [figures_again(one) for one in again] == told.verdicts
    assert [one["action"] for one in again if one["stepWeight"] < 100][-1] == "Promote"
    looks = [json.loads(line) for line in told.lines]
    assert {one["step_weight"] for one in looks} == {10, 50, 100}
    assert next(one for one in looks if one["step_weight"] == 100)["anew"]


def test_a_look_that_could_not_be_written_down_is_counted_once(
    told: Told, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told.begins()
    told.passes(1)
    with told.story.not_remembered(State.STEP):
        told.passes(1, good=98, bad=2)
    told.passes(1)
    assert any(": lost look: {" in record.getMessage() for record in told.log.records)
    again = told.replayed(tmp_path, capsys)
    assert figures_again(again[-1]) == told.verdicts[-1]
