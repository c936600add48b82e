"""Arrays that a few bytes of model.yaml stand for: the same values everywhere, whatever numpy's version."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from paddle_runtime.bundle.selftest import Seeded
from paddle_runtime.bundle.signature import NUMPY_NAMES, Datatype
from paddle_runtime.predictor.session import Array

GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)


def seeded_array(datatype: Datatype, shape: Sequence[int], seeded: Seeded) -> Array:
    """Uniform between low and high, both included for whole numbers; a bool is true half of the time."""
    shares = uniform(seeded.seed, math.prod(shape)).reshape(shape)
    dtype = np.dtype(NUMPY_NAMES[datatype])
    if datatype is Datatype.BOOL:
        return np.asarray(shares < 0.5)
    if dtype.kind == "f":
        values: Array = seeded.low + (seeded.high - seeded.low) * shares
    else:
        low, high = int(seeded.low), int(seeded.high)
        values = low + np.floor((high - low + 1) * shares)
    return values.astype(dtype)


def uniform(seed: int, count: int) -> Array:
    """Values from 0 to below 1 by SplitMix64, whose values are its definition: numpy's own may change."""
    with np.errstate(over="ignore"):
        mixed = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * GOLDEN_GAMMA
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    shares: Array = (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return shares
