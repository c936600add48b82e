"""Who is asked and when: a visit is one request, and the queue of visits is one of its own.

The look at a service says where it is asked; nothing waits for the answer but its count.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from paddle_operator.cluster.ports import Key
from paddle_operator.plan.golden import GoldenTarget

AT_A_TIME = 32
"""Services that are asked at the same moment. More wait: a cluster in trouble is not asked faster."""
logger = logging.getLogger(__name__)


class Said(NamedTuple):
    """What came of a request: an outcome, in the words of the runtime's metric, and why it is not good."""

    outcome: str
    why: str = ""


class Counts(Protocol):
    """Where outcomes are counted."""

    def golden_begins(self, namespace: str, name: str) -> None:
        """All counts of a service are there from now on, at 0."""

    def golden_answered(self, namespace: str, name: str, outcome: str) -> None:
        """One request ended."""

    def golden_ends(self, namespace: str, name: str) -> None:
        """The service is asked no more."""


Ask = Callable[[str, float], Awaitable[Said]]
"""Sends one request: address, and the seconds to wait for its answer."""


class Golden:
    """Asks every service that it follows, while this replica leads."""

    def __init__(
        self,
        ask: Ask,
        counts: Counts,
        add: Callable[[Key, float], None],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Make it; `add` asks for a visit after so many seconds, `jitter` is in [0, 1)."""
        self._ask = ask
        self._counts = counts
        self._add = add
        self._jitter = jitter
        self._targets: dict[Key, GoldenTarget] = {}
        self._outcomes: dict[Key, str] = {}

    def follow(self, key: Key, target: GoldenTarget | None, *, served: bool) -> None:
        """Ask there from now on, or no more. One that is not asked yet is asked once it has served."""
        if target is None:
            self.forget(key)
            return
        if key not in self._targets:
            if not served:
                return
            self._counts.golden_begins(*key)
            self._add(key, target.period_seconds * self._jitter())
        self._targets[key] = target

    def forget(self, key: Key) -> None:
        """Ask a service no more."""
        if self._targets.pop(key, None) is not None:
            self._outcomes.pop(key, None)
            self._counts.golden_ends(*key)

    def stop(self) -> None:
        """Ask nobody: another replica does."""
        for key in list(self._targets):
            self.forget(key)

    async def __call__(self, key: Key) -> float | None:
        """Ask once; returns the seconds to the next time, None where there is none."""
        target = self._targets.get(key)
        if target is None:
            return None
        clock = asyncio.get_running_loop().time
        began = clock()
        said = await self._ask(target.address, target.timeout_seconds)
        if (now := self._targets.get(key)) is None:
            return None
        self._counts.golden_answered(*key, said.outcome)
        self._log(key, target.address, said)
        period = now.period_seconds * (0.9 + 0.2 * self._jitter())
        return max(period - (clock() - began), 0.0)

    def _log(self, key: Key, address: str, said: Said) -> None:
        """Say what changed; the counts say how often."""
        before, self._outcomes[key] = self._outcomes.get(key, "good"), said.outcome
        if said.outcome == before:
            return
        if said.outcome == "good":
            logger.info("%s: its golden request at %s is answered as it should", key, address)
        else:
            logger.warning("%s: its golden request at %s is %s: %s", key, address, said.outcome, said.why)
