"""An event loop whose clock jumps: a sleep of an hour takes no time and wakes at exactly the right second."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _JumpingSelector(selectors.SelectSelector):
    """Instead of waiting for the next timer, moves the clock there."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0)
        if not found:
            if timeout is None:
                raise RuntimeError("nothing will ever happen: the test waits for an event that nobody sets")
            self.now += timeout
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop that starts at second 0."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def run_in_executor(  # type: ignore[override]
        self, executor: object, call: Callable[..., T], *arguments: Any
    ) -> asyncio.Future[T]:
        """What would run in a thread runs here and now: how long it takes is not what a test is about."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(call(*arguments))
        except Exception as failed:  # noqa: BLE001: whoever awaits gets it, as from a thread
            done.set_exception(failed)
        return done


def in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a jumping clock."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def seconds() -> float:
    """The running loop's clock."""
    return asyncio.get_running_loop().time()
