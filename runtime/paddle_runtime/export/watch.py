"""Which instructions of the user's code ran: the ground that branches.py decides on.

A branch is seen however it is written (a helper function, a conditional expression, a method of a sublayer),
since what counts is what Python executed, not what the source looks like.
"""

from __future__ import annotations

import sys
import sysconfig
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any

import numpy as np

from paddle_runtime.export.framework import paddle

PADDLE, NUMPY = (f"{Path(str(library.__file__)).resolve().parent}/" for library in (paddle, np))
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
    """How often each instruction of a code object ran, and what its names stood for when it was entered."""

    hits: Counter[int] = field(default_factory=Counter)
    names: Mapping[str, Any] = field(default_factory=dict)
    owner: object = None


class Watch:
    """`with Watch() as watch:` around a call of the dynamic layer."""

    def __init__(self) -> None:
        self.seen: dict[CodeType, Executed] = {}
        self._before: Any = None

    def __enter__(self) -> Watch:
        self._before = sys.gettrace()
        sys.settrace(self._called)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.settrace(self._before)

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
    """Whether a file is neither Paddle, numpy nor Python itself: their branches are on ranks and types."""
    if file.startswith("<"):
        return False
    path = str(Path(file).resolve())
    if path.startswith((PADDLE, NUMPY)):
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
