"""How far an answer is from the one that it is held to, by what they say. Pure."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

from paddle_runtime.compare.content import Class, Classes, Content, Object, Objects, Tensor, Tensors, Text
from paddle_runtime.text_error import edit_distance

Box = tuple[float, float, float, float]


class Measure(StrEnum):
    """What is measured, as the result calls it."""

    FORM = "otherForm"
    """Answers that are none, or of another kind or shape: their number."""
    TEXT = "textErrorPercent"
    """Characters that differ, over all characters of the set."""
    LABEL = "labelErrorPercent"
    """First labels that differ, over all labels of the set."""
    BOX = "boxErrorPercent"
    """100 less the overlap (intersection over union, in percent) of the box that is furthest off."""
    NUMBER = "absError"
    """The greatest difference of a number in a tensor, or of a score."""


SHARES = frozenset({Measure.TEXT, Measure.LABEL})
"""These are added up over the set; of the others the greatest counts."""


@dataclass(frozen=True)
class Difference:
    """One measure of one answer. amount: what differs; of: out of how many, for a share."""

    measure: Measure
    amount: float
    of: float = 1.0
    where: str = ""


def differences(wanted: Content, got: Content) -> Iterator[Difference]:
    """Everything that is measured of the two; of equal ones each amount is 0."""
    if isinstance(wanted, Text) and isinstance(got, Text):
        wrong = edit_distance(wanted.text, got.text)
        yield Difference(Measure.TEXT, wrong, len(wanted.text), _first_line(wanted.text, got.text))
    elif isinstance(wanted, Classes) and isinstance(got, Classes):
        yield from _classes(wanted, got)
    elif isinstance(wanted, Objects) and isinstance(got, Objects):
        yield from _objects(wanted, got)
    elif isinstance(wanted, Tensors) and isinstance(got, Tensors):
        for tensor in wanted.outputs.values():
            yield _tensor(tensor, got.outputs.get(tensor.name))
    else:
        yield other_form(f"{type(got).__name__.lower()} instead of {type(wanted).__name__.lower()}")


def _first_line(wanted: str, got: str) -> str:
    """The first line that differs."""
    for one, other in zip_longest(wanted.split("\n"), got.split("\n")):
        if one != other:
            return f"{other!r} instead of {one!r}"
    return ""


def other_form(where: str) -> Difference:
    """An answer that nothing can be measured of."""
    return Difference(Measure.FORM, 1, where=where)


def _classes(wanted: Classes, got: Classes) -> Iterator[Difference]:
    if len(wanted.first) != len(got.first):
        yield other_form(f"classes of {len(got.first)} inputs instead of {len(wanted.first)}")
        return
    for one, other in zip(wanted.first, got.first, strict=True):
        names = [None if each is None else each.label for each in (one, other)]
        where = f"{names[1]!r} instead of {names[0]!r}"
        yield Difference(Measure.LABEL, float(names[0] != names[1]), where=where)
        if one is not None and other is not None and names[0] == names[1]:
            yield from _score(one, other)


def _objects(wanted: Objects, got: Objects) -> Iterator[Difference]:
    """Each object with the one of its label that overlaps it most; one without a partner overlaps nothing."""
    left, free = list(wanted.found), list(got.found)
    pairs = sorted(
        ((overlap(one.box, other.box), one, other) for one in left for other in free),
        key=lambda pair: -pair[0],
    )
    for share, one, other in pairs:
        if share > 0 and one.label == other.label and one in left and other in free:
            left.remove(one)
            free.remove(other)
            yield Difference(Measure.BOX, 100 * (1 - share), where=_named(one))
            yield from _score(one, other)
    for one in left:
        yield Difference(Measure.BOX, 100, where=f"{_named(one)} was not found")
    for other in free:
        yield Difference(Measure.BOX, 100, where=f"{_named(other)} was found beside what is wanted")


def _named(one: Object) -> str:
    return f"{one.label!r} at {[round(side, 1) for side in one.box]}"


def overlap(one: Box, other: Box) -> float:
    """Intersection over union, 0 to 1; boxes without an area overlap only where they are equal."""
    if one == other:
        return 1.0
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(width, 0.0) * max(height, 0.0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return both / (areas - both) if both > 0 else 0.0


def _score(wanted: Class, got: Class) -> Iterator[Difference]:
    if wanted.score is not None and got.score is not None:
        where = f"score of {wanted.label!r} is {got.score:g} instead of {wanted.score:g}"
        yield Difference(Measure.NUMBER, abs(wanted.score - got.score), where=where)


def _tensor(wanted: Tensor, got: Tensor | None) -> Difference:
    if got is None:
        return other_form(f"there is no output {wanted.name}")
    if wanted.shape not in {None, got.shape} or len(wanted.values) != len(got.values):
        wanted_shape = list(wanted.shape or (len(wanted.values),))
        return other_form(f"output {wanted.name} has shape {list(got.shape or ())} instead of {wanted_shape}")
    distances = [abs(one - other) for one, other in zip(wanted.values, got.values, strict=True)]
    if not distances:
        return Difference(Measure.NUMBER, 0.0)
    place = max(range(len(distances)), key=distances.__getitem__)
    where = f"output {wanted.name}, value {place}: {got.values[place]:g} instead of {wanted.values[place]:g}"
    return Difference(Measure.NUMBER, min(distances[place], sys.float_info.max), where=where)
