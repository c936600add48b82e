"""What is measured in a process of its own."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from paddle_runtime.errors import Invalid


@dataclass(frozen=True)
class Refusal:
    """How a call was refused."""

    reason: str
    message: str
    seconds: float
    """Of processor time."""
    peak_bytes: int
    """The most that Python's objects took meanwhile."""


def refusal_of(call: Callable[..., Any], *arguments: Any) -> Refusal:
    """Call a module's function that is to raise Invalid.

    Memory is traced, and in Python 3.11 that may end a process in which threads of a loaded model allocate
    while tracing stops (CPython issue 128679).
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_refusal, call, arguments).result()


def _refusal(call: Callable[..., Any], arguments: tuple[Any, ...]) -> Refusal:
    tracemalloc.start()
    began = time.process_time()
    try:
        call(*arguments)
    except Invalid as fault:
        took, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
        return Refusal(fault.reason, str(fault), took, peak)
    raise AssertionError("nothing was refused")
