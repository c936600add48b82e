"""What came of a question to the metrics: a value, no data, a failure, or something too old. Four kinds.

They are told apart by type and by nothing else: none of them is true or false, zero is a value and no data is
not zero. What decides must say what it does with each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NoReturn, TypeAlias, TypeVar

A = TypeVar("A")
B = TypeVar("B")


class _Kind:
    __slots__ = ()

    def __bool__(self) -> NoReturn:
        """Refuse `if answer:`, which would take no data for zero or the reverse."""
        raise TypeError(f"{type(self).__name__} is neither true nor false: ask for its kind with isinstance")


@dataclass(frozen=True, slots=True)
class Value(_Kind, Generic[A]):
    """It is known."""

    value: A


@dataclass(frozen=True, slots=True)
class NoData(_Kind):
    """The question was answered, and the answer is empty: neither good nor bad."""

    why: str


@dataclass(frozen=True, slots=True)
class Failed(_Kind):
    """The question was not answered, or with something that cannot be right."""

    why: str


@dataclass(frozen=True, slots=True)
class Stale(_Kind):
    """What is known ends too long ago to say anything about now."""

    newest: datetime
    why: str


Answer: TypeAlias = Value[A] | NoData | Failed | Stale


def and_then(answer: Answer[A], step: Callable[[A], Answer[B]]) -> Answer[B]:
    """Go on with a value; everything else stays what it is."""
    if isinstance(answer, Value):
        return step(answer.value)
    return answer


def together(answers: Iterable[Answer[A]]) -> Answer[tuple[A, ...]]:
    """All the values, or the worst of what is none: a failure, then what is stale, then no data."""
    given = tuple(answers)
    for kind in (Failed, Stale, NoData):
        for answer in given:
            if isinstance(answer, kind):
                return answer
    return Value(tuple(answer.value for answer in given if isinstance(answer, Value)))
