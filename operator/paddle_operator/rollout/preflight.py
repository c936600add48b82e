"""What a preflight came to, as the rollout is told it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PreflightState(StrEnum):
    """How far it is, or how it ended."""

    RUNNING = "Running"
    PASSED = "Passed"
    FAILED = "Failed"
    """The answers differ: this speaks against the revision."""
    BROKEN = "Broken"
    """It could not be found out, which speaks against nobody."""


@dataclass(frozen=True, slots=True)
class PreflightResult:
    """`why`: in words and figures, what was found, or what is in the way."""

    state: PreflightState
    why: str = ""
    reason: str = ""
    """The program's own word for how it ended, where it left one."""
    comparisons: int = 0
    """Answers that were held to something; 0 of a set without expectations, where nobody serves yet."""
    seconds: float = 0.0
    jobs: tuple[str, ...] = ()
    """Which Jobs came to this, where it is known."""
