"""What every pipeline offers to the worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue

from paddle_runtime.bundle.store import Bundle

Array = npt.NDArray[np.generic]
Arrays = Mapping[str, npt.NDArray[Any]]
Body = dict[str, JsonValue]
Given_contra = TypeVar("Given_contra", contravariant=True)
Told_co = TypeVar("Told_co", covariant=True)
Constants = TypeVar("Constants")


@dataclass(frozen=True)
class PipelineAnswer(Generic[Told_co]):
    """A result, either what can be written as JSON or named arrays, and the seconds spent in each stage."""

    body: Told_co
    stages: Mapping[str, float] = field(default_factory=dict)


class Pipeline(Protocol[Given_contra, Told_co]):
    """Made, warmed, tested and run on one and the same thread.

    Given and told: no wire format comes in here. Bytes of a picture or of texts become a Body, Arrays Arrays.
    """

    def warm_up(self, progress: Callable[[str, float], None]) -> int:
        """Run every declared bucket; progress(what, share 0..1); how many shapes were warmed."""
        ...

    def self_test(self) -> None:
        """Run the bundle's known inputs; BundleFault SelfTestFailed with the figures."""
        ...

    def check(self, number: int) -> None:
        """Run one of them."""
        ...

    def run_smallest(self) -> None:
        """Run the smallest shape of every program, with zeros: work to do where nothing is known."""
        ...

    def run(
        self, kind: str, given: Given_contra, options: Mapping[str, JsonValue]
    ) -> PipelineAnswer[Told_co]:
        """Answer one request of a kind of this task; errors.Invalid where it is not to be understood."""
        ...


@runtime_checkable
class BatchPipeline(Pipeline[memoryview, Body], Protocol):
    """A pipeline whose programs take several requests at once."""

    def run_all(
        self, requests: Sequence[tuple[str, memoryview, Mapping[str, JsonValue]]]
    ) -> list[PipelineAnswer[Body] | Exception]:
        """Kind, payload and options of each; an answer or an exception of its own for each."""
        ...


def constants_of(bundle: Bundle, module: str, kind: type[Constants]) -> Constants:
    """A module's constants; the manifest made sure of their kind."""
    constants = bundle.manifest.modules[module].constants
    assert isinstance(constants, kind)
    return constants


def size_of(picture: Array) -> Body:
    """Width and height in pixels."""
    return {"width": int(picture.shape[1]), "height": int(picture.shape[0])}
