"""What a load generator is asked to send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SEED = 20261125


@dataclass(frozen=True)
class Plan:
    """What to send. Without a rate the loop is closed; without seconds each picture is sent once."""

    ports: Sequence[int]
    form: str = "v1"
    callers: int = 1
    rate: float | None = None
    seconds: float | None = None
    deadline_ms: int | None = None
    seed: int = SEED
    pictures: Sequence[str] | None = None
    warm_share: float = 0.2
