"""The closed set of shapes that serves what was asked with the least padding. Pure.

Every shape is compiled, warmed and held in memory by every worker, so a set is small; every request is padded
to the shape that holds it, so a set is close to what is asked. The planner starts from the one shape that
holds everything and adds, and at the end exchanges, the shapes that save most.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

Size = tuple[int, ...]
Area = Callable[[Size], int]
MAX_CANDIDATES = 1500


def plan_buckets(
    asked: Sequence[Size], limit: int, *, given: Sequence[Size] = (), area: Area = math.prod
) -> tuple[Size, ...]:
    """At most `limit` shapes that hold every size of `asked`; never more padding than `given` causes."""
    if not asked or limit < 1:
        raise ValueError(f"{len(asked)} sizes and at most {limit} shapes: both must be at least 1")
    counted = Counter(asked)
    chosen = _grown(counted, limit, area)
    chosen = _exchanged(chosen, counted, area)
    if len(given) <= limit and covers(given, asked):
        used = _used(list(given), counted, area)
        if padded_area(used, asked, area) < padded_area(chosen, asked, area):
            chosen = used
    return tuple(sorted(chosen, key=lambda shape: (area(shape), shape)))


def holds(shape: Size, size: Size) -> bool:
    """Whether a size fits into a shape in every dimension."""
    return all(have >= want for have, want in zip(shape, size, strict=True))


def covers(shapes: Sequence[Size], asked: Sequence[Size]) -> bool:
    """Whether every size fits into one of the shapes."""
    return all(any(holds(shape, size) for shape in shapes) for size in set(asked))


def padded_area(shapes: Sequence[Size], asked: Sequence[Size], area: Area = math.prod) -> int:
    """What is computed for all of `asked`, each in the smallest shape that holds it."""
    return sum(_cost(shapes, size, area) * count for size, count in Counter(asked).items())


def joined(first: Size, second: Size) -> Size:
    """The smallest shape that holds both."""
    return tuple(map(max, first, second))


def _cost(shapes: Sequence[Size], size: Size, area: Area) -> int:
    return min(area(shape) for shape in shapes if holds(shape, size))


def _candidates(counted: Counter[Size]) -> list[Size]:
    """Sizes that were asked and joins of two of them, those of frequent sizes first."""
    frequent = [size for size, _ in counted.most_common()]
    found = dict.fromkeys(frequent[:MAX_CANDIDATES])
    for index, first in enumerate(frequent):
        for second in frequent[:index]:
            if len(found) >= MAX_CANDIDATES:
                return list(found)
            found[joined(first, second)] = None
    return list(found)


def _grown(counted: Counter[Size], limit: int, area: Area) -> list[Size]:
    """Greedy: the shape that holds everything, then each time the one that saves most."""
    whole = tuple(map(max, *counted)) if len(counted) > 1 else next(iter(counted))
    chosen = [whole]
    costs = {size: area(whole) for size in counted}
    candidates = _candidates(counted)
    while len(chosen) < limit:
        best, saved = max(
            ((shape, _saving(shape, costs, counted, area)) for shape in candidates), key=_second
        )
        if saved <= 0:
            break
        chosen.append(best)
        for size in counted:
            if holds(best, size):
                costs[size] = min(costs[size], area(best))
    return _used(chosen, counted, area)


def _saving(shape: Size, costs: dict[Size, int], counted: Counter[Size], area: Area) -> int:
    here = area(shape)
    return sum(
        (cost - here) * counted[size] for size, cost in costs.items() if cost > here and holds(shape, size)
    )


def _exchanged(chosen: list[Size], counted: Counter[Size], area: Area) -> list[Size]:
    """Replace one shape by another as long as that helps: what was chosen first need not be best last."""
    asked = list(counted)
    candidates = _candidates(counted)[: MAX_CANDIDATES // 10]
    better = True
    while better:
        better = False
        for index in range(len(chosen)):
            rest = chosen[:index] + chosen[index + 1 :]
            best = sum(_cost(chosen, size, area) * counted[size] for size in asked)
            for shape in candidates:
                other = [*rest, shape]
                if not covers(other, asked):
                    continue
                cost = sum(_cost(other, size, area) * counted[size] for size in asked)
                if cost < best:
                    chosen, best, better = other, cost, True
    return chosen


def _used(shapes: list[Size], counted: Counter[Size], area: Area) -> list[Size]:
    """Without the shapes that nothing is put into."""
    return list(
        dict.fromkeys(
            min((shape for shape in shapes if holds(shape, size)), key=lambda shape: (area(shape), shape))
            for size in counted
        )
    )


def _second(pair: tuple[Size, int]) -> int:
    return pair[1]
