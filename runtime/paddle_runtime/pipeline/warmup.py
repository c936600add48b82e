"""Run every declared shape before the first request does: a new shape costs 45 to 500 ms the first time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from paddle_runtime.bundle.manifest import Module
from paddle_runtime.bundle.signature import NUMPY_NAMES, Shape
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.predictor.session import Array, Session, paddle_words


def elements(bucket: Mapping[str, Shape]) -> int:
    """Values in a bucket: the largest is warmed first, so that memory is taken once (50 MB less)."""
    return sum(math.prod(shape) for shape in bucket.values())


def warm_modules(
    modules: Mapping[str, Module], sessions: Mapping[str, Session], progress: Callable[[str, float], None]
) -> int:
    """Run each bucket once; how many shapes that were."""
    total = sum(len(module.buckets) for module in modules.values())
    done = 0
    for name, module in modules.items():
        for bucket in sorted(module.buckets, key=elements, reverse=True):
            shown = ", ".join("x".join(map(str, shape)) for shape in bucket.values())
            try:
                sessions[name].run(_zeros(module, bucket))
            except Exception as error:
                raise BundleFault(
                    BundleReason.WarmupFailed,
                    f"module {name} failed at bucket {shown}: {paddle_words(error)} Take the bucket out of "
                    "model.yaml or export the program with dynamic dimensions.",
                ) from error
            done += 1
            progress(f"{name} {shown}", done / total)
    return done


def run_smallest(modules: Mapping[str, Module], sessions: Mapping[str, Session]) -> None:
    """Run the smallest bucket of each program once more."""
    for name, module in modules.items():
        sessions[name].run(_zeros(module, min(module.buckets, key=elements)))


def _zeros(module: Module, bucket: Mapping[str, Shape]) -> dict[str, Array]:
    return {
        spec.name: np.zeros(bucket[spec.name], dtype=NUMPY_NAMES[spec.datatype]) for spec in module.inputs
    }
