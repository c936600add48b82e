"""sla.json: thresholds become boundaries of the histogram, exactly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.sla import (
    DEFAULT_BOUNDARIES_SECONDS,
    SlaFault,
    boundaries_seconds,
    identity,
    read_thresholds,
    thresholds_seconds,
)


@given(st.lists(st.integers(1, 3_600_000), max_size=10))
def test_every_threshold_is_a_boundary(milliseconds: list[int]) -> None:
    data = json.dumps({"slaHash": "x", "latencyThresholdsMilliseconds": milliseconds}).encode()
    boundaries = boundaries_seconds(thresholds_seconds(data))
    assert {each / 1000 for each in milliseconds} <= set(boundaries)
    assert set(DEFAULT_BOUNDARIES_SECONDS) <= set(boundaries)
    assert list(boundaries) == sorted(set(boundaries))


def test_no_thresholds_and_no_file_are_no_mistake(tmp_path: Path) -> None:
    assert thresholds_seconds(b"{}") == ()
    assert read_thresholds(tmp_path / "none.json") == ()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "3", "{", '{"latencyThresholdsMilliseconds": 200}']
    + [
        json.dumps({"latencyThresholdsMilliseconds": [value]})
        for value in (0, -5, 1.5, "200", True, None, 4_000_000)
    ],
)
def test_a_file_that_cannot_be_used_says_why(text: str) -> None:
    with pytest.raises(SlaFault, match=r"sla\.json"):
        thresholds_seconds(text.encode())


def test_a_folder_in_its_place_is_a_fault_and_not_a_crash(tmp_path: Path) -> None:
    with pytest.raises(SlaFault):
        read_thresholds(tmp_path)


def test_identity_sees_the_flip_of_a_symbolic_link(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "sla.json").write_text("{}")
    link = tmp_path / "data"
    link.symlink_to("one")
    before = identity(link / "sla.json")
    (tmp_path / "fresh").symlink_to("two")
    (tmp_path / "fresh").replace(link)
    assert identity(link / "sla.json") != before
    assert identity(tmp_path / "none") is None
