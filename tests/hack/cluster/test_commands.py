"""A failing program is an error that shows what it said."""

from __future__ import annotations

import pytest

from hack.cluster.commands import run
from hack.cluster.errors import CommandFailed, ProgramMissing


def test_output_and_input_are_text() -> None:
    assert run(["cat"], stdin="hé\n").stdout == "hé\n"


def test_a_failure_carries_the_command_its_code_and_the_end_of_its_output() -> None:
    with pytest.raises(CommandFailed, match=r"sh -c 'echo why >&2; exit 3' ended with 3: why"):
        run(["sh", "-c", "echo why >&2; exit 3"])


def test_a_failure_that_is_expected_is_a_result() -> None:
    assert run(["false"], check=False).returncode == 1


def test_a_command_that_takes_too_long_is_ended() -> None:
    with pytest.raises(CommandFailed, match="did not end within 0 s"):
        run(["sleep", "30"], timeout=0.1)


def test_a_missing_program_is_named() -> None:
    with pytest.raises(ProgramMissing, match="nosuchprogram was not found"):
        run(["nosuchprogram"])
