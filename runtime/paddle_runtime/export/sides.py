"""Every side of every branch gets a known input that takes it, or the export is refused with what to do."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from paddle_runtime.export.branches import Branch, merged
from paddle_runtime.export.faults import ExportFault, ExportReason
from paddle_runtime.export.inputs import Bucket, Inputs, shown, spelled
from paddle_runtime.export.layer import Dynamic
from paddle_runtime.predictor.session import Array

FIRST_SEED = 20240
# Values that may turn a branch on data: positive, both signs, negative, nothing, ones, pixels.
OTHER_RANGES = ((-1.0, 1.0), (-1.0, 0.0), (0.0, 0.0), (1.0, 1.0), (0.0, 255.0))
MOST_PROBES = 60
MOST_PROBE_ELEMENTS = 1 << 22


@dataclass(frozen=True)
class Vector:
    """One known input with what the dynamic layer makes of it."""

    bucket: Bucket
    inputs: Inputs
    seed: int
    outputs: tuple[Array, ...]
    took: frozenset[tuple[str, bool]] = frozenset()

    @property
    def shown(self) -> str:
        """Its shapes."""
        return shown(self.bucket)


@dataclass(frozen=True)
class Sides:
    """vectors take all sides of `alive`; `dropped` are the sides that the caller accepted to lose."""

    vectors: tuple[Vector, ...]
    alive: tuple[Branch, ...]
    dropped: tuple[Branch, ...]


def take_sides(dynamic: Dynamic, inputs: Inputs, *, allow_untaken: bool) -> Sides:
    """One vector for each bucket, more where a branch is on values; a fault for a side that is not taken."""
    vectors, runs = [], []
    for number, bucket in enumerate(inputs.buckets):
        seed = FIRST_SEED + 100 * number
        outputs, seen = dynamic.watched(inputs, bucket, seed)
        vectors.append(Vector(bucket, inputs, seed, tuple(outputs), _sides_of(seen)))
        runs.append(seen)
    _turn_on_values(dynamic, inputs, vectors, runs)
    found = merged(runs)
    dropped = []
    for branch in found:
        if branch.missing and (fault := _fault_of(branch, dynamic, inputs, allow_untaken=allow_untaken)):
            raise fault
        if branch.missing and (branch.on_shape or branch.on_values):
            dropped.append(branch)
    alive = [branch for branch in found if len(branch.sides) == 2]
    return Sides(tuple(vectors), tuple(alive), tuple(dropped))


def require_conditionals(sides: Sides, conditionals: int) -> None:
    """A program without any, of a layer whose branches take both sides, has lost them when it was written."""
    if not sides.alive or conditionals:
        return
    raise ExportFault(
        ExportReason.BranchDropped,
        f"{sides.alive[0].place}: both sides run in the layer, and the program that Paddle made has no "
        "branch at all: it would answer wrongly without an error. Decide on x.shape[...] or on a tensor "
        "inside forward, where Paddle translates it: a size that became a Python number before is fixed.",
    )


def _turn_on_values(
    dynamic: Dynamic, inputs: Inputs, vectors: list[Vector], runs: list[list[Branch]]
) -> None:
    """Other values at the smallest bucket, kept where they take a side that nothing took before."""
    smallest = min(inputs.buckets, key=elements)
    for low, high in OTHER_RANGES:
        before = merged(runs)
        if not any(branch.missing for branch in before):
            return
        other = replace(inputs, ranges={**{spec.name: (low, high) for spec in inputs.specs}, **inputs.ranges})
        try:
            outputs, seen = dynamic.watched(other, smallest, FIRST_SEED)
        except ExportFault:
            continue  # values that this layer cannot take
        if _taken([*runs, seen]) > _taken(runs):
            vectors.append(Vector(smallest, other, FIRST_SEED, tuple(outputs), _sides_of(seen)))
            runs.append(seen)


def _sides_of(seen: Iterable[Branch]) -> frozenset[tuple[str, bool]]:
    return frozenset((branch.place, side) for branch in seen for side in branch.sides)


def _taken(runs: Iterable[Iterable[Branch]]) -> int:
    return sum(len(branch.sides) for branch in merged(runs))


def _fault_of(branch: Branch, dynamic: Dynamic, inputs: Inputs, *, allow_untaken: bool) -> ExportFault | None:
    """Why a branch with a side that was not taken is refused; None for one that no request can turn."""
    side = "true" if True in branch.missing else "false"
    if branch.on_values:
        return None if allow_untaken else _values_fault(branch, side)
    for free in (True, False):
        for bucket in _probes(branch, inputs, free=free):
            if not _turns(branch, dynamic, inputs, bucket):
                continue
            if free:
                return ExportFault(
                    ExportReason.BranchNotTaken,
                    f"{branch.place}: no bucket takes its {side} side, and requests can: add "
                    f"--bucket {shown(bucket)}, which takes it, so that it is warmed, proved and served.",
                )
            if allow_untaken:
                return None
            return ExportFault(
                ExportReason.BranchDropped,
                f"{branch.place}: a shape such as {shown(bucket)} takes its {side} side, and the declared "
                f"{' '.join(spelled(spec) for spec in inputs.specs)} rules it out: Paddle drops that side "
                "and then answers wrongly without an error. Declare the size as free (None in InputSpec, "
                "-1 in --input) with a bucket on each side, or serve the declared shape alone with "
                "--allow-untaken: every other one is then refused.",
            )
    if not branch.on_shape or allow_untaken:
        return None
    return ExportFault(
        ExportReason.BranchNotTaken,
        f"{branch.place}: no bucket takes its {side} side, and no shape was found that does: add a --bucket "
        "that takes it, or leave that side unproved with --allow-untaken.",
    )


def _values_fault(branch: Branch, side: str) -> ExportFault:
    return ExportFault(
        ExportReason.BranchNotTaken,
        f"{branch.place}: no known input has values that take its {side} side: give the bounds of "
        "values that do with --range NAME=LOW,HIGH, or leave that side unproved with --allow-untaken.",
    )


def _turns(branch: Branch, dynamic: Dynamic, inputs: Inputs, bucket: Bucket) -> bool:
    """Whether this shape takes the side that is missing."""
    try:
        _, seen = dynamic.watched(inputs, bucket, FIRST_SEED)
    except ExportFault:
        return False  # a shape that this layer cannot take
    return any(
        (other.file, other.line, other.condition) == (branch.file, branch.line, branch.condition)
        and other.sides & branch.missing
        for other in seen
    )


def _probes(branch: Branch, inputs: Inputs, *, free: bool) -> Iterator[Bucket]:
    """Buckets with one size changed: to both sides of the condition's numbers, and to rounder ones."""

    def changed() -> Iterator[Bucket]:
        for bucket in sorted(inputs.buckets, key=elements):
            for spec, axis in _axes(inputs, free=free):
                size = bucket[spec][axis]
                for wanted in dict.fromkeys((*_near(branch.numbers), 1, 2, 2 * size, 4 * size, size // 2)):
                    if 1 <= wanted != size:
                        shape = (*bucket[spec][:axis], wanted, *bucket[spec][axis + 1 :])
                        yield {**bucket, spec: shape}

    small = (bucket for bucket in changed() if elements(bucket) <= MOST_PROBE_ELEMENTS)
    return itertools.islice(small, MOST_PROBES)


def _axes(inputs: Inputs, *, free: bool) -> list[tuple[str, int]]:
    """The last axes first: that is where widths are."""
    return [
        (spec.name, axis)
        for spec in inputs.specs
        for axis in reversed(range(len(spec.shape)))
        if (spec.shape[axis] == -1) == free
    ]


def _near(numbers: Iterable[int]) -> Sequence[int]:
    return [near for number in sorted(numbers, reverse=True) for near in (number + 1, number, number - 1)]


def elements(bucket: Bucket) -> int:
    """Values in a bucket."""
    return sum(math.prod(shape) for shape in bucket.values())
