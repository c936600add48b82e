"""Any program as it is: tensors in, tensors out. Pure."""

from __future__ import annotations

from paddle_runtime.bundle.bare.described import Described, Exported
from paddle_runtime.bundle.bare.faults import refused
from paddle_runtime.bundle.signature import TensorSpec
from paddle_runtime.tasks import Task


def describe_tensors(exported: Exported) -> Described:
    """At the sizes that the program fixes; of a free first dimension one row."""
    bucket = {spec.name: bucket_of(spec) for spec in exported.program.inputs}
    return Described(Task.TENSOR, "model", "tensors", {"buckets": [bucket]})


def bucket_of(spec: TensorSpec) -> list[int]:
    """The one shape that can be told from a declaration."""
    shape = [1 if place == 0 and size < 1 else size for place, size in enumerate(spec.shape)]
    if min(shape, default=1) < 1:
        raise refused(
            "the program",
            f"input {spec.name} is {list(spec.shape)}, and nothing tells which sizes of it will be asked",
            "write model.yaml by hand with those sizes as buckets, as docs/how-to/bundles.md shows",
        )
    return shape
