"""Several requests through the same programs at once, each written as if it were alone.

A pipeline writes what happens to one request as a generator: where it needs a program it yields a Want and is
sent the results. `together` takes many of them forward, stage by stage, and runs a program once for what all
of them want. On a CPU there is one at a time; on an accelerator thirty-two lines cost little more than one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Want:
    """Results of the named program for these items, one for each, in their order."""

    program: str
    items: Sequence[Any]


Steps = Generator[Want, list[Any], T]
Programs = Mapping[str, Callable[[Sequence[Any]], Sequence[Any]]]


def together(requests: Sequence[Steps[T]], programs: Programs) -> list[T | Exception]:
    """What each request ends with: its value, or the exception that it, or a program it shared, met.

    programs: in the order of the stages. Those who are behind go first, so that they join the others.
    """
    ends: list[T | Exception] = [RuntimeError("unreachable: never taken forward")] * len(requests)
    wants: dict[int, Want] = {}

    def forward(index: int, step: Callable[..., Want], given: object) -> None:
        wants.pop(index, None)
        try:
            wants[index] = step(given)
        except StopIteration as end:
            ends[index] = end.value
        except Exception as error:
            ends[index] = error

    for index, request in enumerate(requests):
        forward(index, request.send, None)
    while wants:
        program = next(name for name in programs if any(want.program == name for want in wants.values()))
        group = {index: want for index, want in wants.items() if want.program == program}
        try:
            results = iter(programs[program]([item for want in group.values() for item in want.items]))
        except Exception as error:
            for index in group:
                forward(index, requests[index].throw, error)
            continue
        for index, want in group.items():
            own = list(islice(results, len(want.items)))
            forward(index, requests[index].send, own)
    return ends


def alone(request: Steps[T], programs: Programs) -> T:
    """The same for one request; its exception is raised."""
    (end,) = together([request], programs)
    if isinstance(end, Exception):
        raise end
    return end
