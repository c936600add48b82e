"""What every pipeline offers to the worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import JsonValue


@dataclass(frozen=True)
class PipelineAnswer:
    """A result that can be written as JSON, and the seconds spent in each stage."""

    body: dict[str, JsonValue]
    stages: Mapping[str, float] = field(default_factory=dict)


class Pipeline(Protocol):
    """Made, warmed, tested and run on one and the same thread."""

    def warm_up(self, progress: Callable[[str, float], None]) -> int:
        """Run every declared bucket; progress(what, share 0..1); how many shapes were warmed."""
        ...

    def self_test(self) -> None:
        """Run the bundle's known inputs; BundleFault SelfTestFailed with the figures."""
        ...

    def run(self, kind: str, payload: memoryview, request: Mapping[str, JsonValue]) -> PipelineAnswer:
        """Answer one request of a kind of this task; errors.Invalid where it is not to be understood."""
        ...
