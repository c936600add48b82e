"""Borders: where a long computation may stop, and shows that it goes on. Pure.

Pipelines call `border()` between stages, pages and batches. In a worker it tells the front end's watchdog
that there is progress, and raises Abandoned when nobody waits for the answer any more: its caller left, or
its deadline is over. Anywhere else (warm-up, self-test, a program of one's own) it does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Abandoned(BaseException):
    """Nobody waits for this any more. No Exception, so that no pipeline takes it for its model's failure."""


def _nobody_asks() -> None:
    """There is nobody to stop for."""


_LOOK: ContextVar[Callable[[], None]] = ContextVar("look", default=_nobody_asks)


def border() -> None:
    """Go on, or raise Abandoned. Cheap: a few hundred nanoseconds."""
    _LOOK.get()()


@contextmanager
def looking(look: Callable[[], None]) -> Iterator[None]:
    """Within the block, and on this thread, `border()` is `look()`."""
    token = _LOOK.set(look)
    try:
        yield
    finally:
        _LOOK.reset(token)
