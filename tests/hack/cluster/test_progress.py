"""What people see while they wait."""

from __future__ import annotations

import io

import pytest

from hack.cluster.progress import Progress, seconds


@pytest.mark.parametrize(
    ("value", "text"), [(0.42, "0.4 s"), (12.4, "12 s"), (119.0, "119 s"), (185.0, "3 min 05 s")]
)
def test_durations_are_short_and_have_a_unit(value: float, text: str) -> None:
    assert seconds(value) == text


def test_without_a_terminal_a_step_is_a_line_at_its_start_and_one_at_its_end() -> None:
    stream = io.StringIO()
    with Progress(stream).step("node") as step:
        step.note("not worth a line so early")
        step.done_as("Ready")
    first, last = stream.getvalue().splitlines()
    assert first == "  … node"
    assert last.startswith("  ✓ node  Ready  (")


def test_a_failing_step_says_so_and_lets_the_error_through() -> None:
    stream = io.StringIO()
    with pytest.raises(RuntimeError, match="boom"), Progress(stream).step("node"):
        raise RuntimeError("boom")
    assert "✗ node  failed after" in stream.getvalue()


def test_on_a_terminal_steps_may_overlap_and_each_gets_its_closing_line() -> None:
    stream = io.StringIO()
    progress = Progress(stream, live=True)
    with progress.step("outer") as outer:
        outer.note("half")
        with progress.step("inner"):
            pass
    shown = stream.getvalue()
    assert shown.index("✓ inner") < shown.index("✓ outer")
