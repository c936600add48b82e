"""Which instructions of the user's code ran: the ground that branches.py decides on.

A branch is seen however it is written (a helper function, a conditional expression, a method of a sublayer),
since what counts is what Python executed, not what the source looks like.
"""

from __future__ import annotations

import sys
import sysconfig
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any

import numpy as np

import paddle_runtime
from paddle_runtime.export.framework import paddle

NOT_THEIRS = tuple(
    f"{Path(str(library.__file__)).resolve().parent}/" for library in (paddle, np, paddle_runtime)
)
# how a condition gets at a tensor's value
CONVERSIONS = ("__bool__", "__int__", "__float__", "item")
# which may lie inside the standard library's folder
SITE_PACKAGES = f"{Path(sysconfig.get_path('purelib')).resolve()}/"
STANDARD_LIBRARY = f"{Path(sysconfig.get_path('stdlib')).resolve()}/"


@dataclass(frozen=True)
class Span:
    """A place in a file: line and column of its start and of its end, as Python counts them."""

    start: tuple[int, int]
    end: tuple[int, int]

    def holds(self, other: Span) -> bool:
        """Whether the other lies inside."""
        return self.start <= other.start and other.end <= self.end


@dataclass
class Executed:
    """How often each instruction of a code object ran, and what its names stood for when it was entered.

    values: the instructions that asked a tensor for its value.
    """

    hits: Counter[int] = field(default_factory=Counter)
    values: set[int] = field(default_factory=set)
    names: Mapping[str, Any] = field(default_factory=dict)
    owner: object = None


class Watch:
    """`with Watch() as watch:` around a call of the dynamic layer."""

    def __init__(self) -> None:
        self.seen: dict[CodeType, Executed] = {}
        self._before: Any = None
        self._real = {name: getattr(paddle.Tensor, name) for name in CONVERSIONS}

    def __enter__(self) -> Watch:
        self._before = sys.gettrace()
        for name, real in self._real.items():
            setattr(paddle.Tensor, name, self._noting(real))
        sys.settrace(self._called)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.settrace(self._before)
        for name, real in self._real.items():
            setattr(paddle.Tensor, name, real)

    def _noting(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """A tensor's conversion to a Python value that notes who asked."""

        def convert(tensor: Any, *args: Any) -> Any:
            frame = sys._getframe(1)  # noqa: SLF001  the one that is watched
            if frame.f_code in self.seen:
                self.seen[frame.f_code].values.add(frame.f_lasti // 2)
            return real(tensor, *args)

        return convert

    def _called(self, frame: FrameType, event: str, argument: object) -> Any:
        if not is_theirs(frame.f_code.co_filename):
            return None
        executed = self.seen.setdefault(frame.f_code, Executed())
        executed.names = frame.f_globals
        executed.owner = frame.f_locals.get("self")
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        hits = executed.hits

        def instruction(frame: FrameType, event: str, argument: object) -> Any:
            if event == "opcode":
                hits[frame.f_lasti // 2] += 1
            return instruction

        return instruction


def is_theirs(file: str) -> bool:
    """Whether a file is not Paddle's, numpy's, Python's or ours: their branches are on ranks and types."""
    if file.startswith("<"):
        return False
    path = str(Path(file).resolve())
    if path.startswith(NOT_THEIRS):
        return False
    return path.startswith(SITE_PACKAGES) or not path.startswith(STANDARD_LIBRARY)


def spans(code: CodeType) -> list[Span | None]:
    """The place of each instruction; None for those that the compiler added."""
    return [
        None
        if line is None or end_line is None or column is None or end_column is None
        else Span((line, column), (end_line, end_column))
        for line, end_line, column, end_column in code.co_positions()
    ]
