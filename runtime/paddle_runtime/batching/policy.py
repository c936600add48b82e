"""When a batch of requests leaves for a worker. Pure.

The window opens when its first request came. It closes when it is full, when its time is up, or when one of
its requests has waited for half of the time that it can: the other half is for what cannot be predicted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """max_size: requests in one batch. max_delay_seconds: how long the first one waits for others."""

    max_size: int = 1
    max_delay_seconds: float = 0.0


ALONE = Window()


@dataclass(frozen=True)
class Member:
    """A request in the window: when it came, and the last moment to begin it (seconds, one clock)."""

    came_at: float
    begin_by: float


def leaves_at(members: Sequence[Member], window: Window) -> float:
    """When a batch of these has to leave a window that a free worker waits at; -inf is at once."""
    if len(members) >= window.max_size:
        return -math.inf
    full_time = min(member.came_at for member in members) + window.max_delay_seconds
    half_time = min(member.came_at + (member.begin_by - member.came_at) / 2 for member in members)
    return min(full_time, half_time)
