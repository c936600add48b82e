"""From a sample of traffic to the buckets of each module: pictures for OCR, requests' shapes for tensors."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from paddle_runtime.batching.buckets import Size, covers, plan_buckets
from paddle_runtime.bundle.manifest import Module
from paddle_runtime.bundle.signature import bucket_problem
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.calibrate.measure import Told
from paddle_runtime.calibrate.observe import observe_pictures
from paddle_runtime.calibrate.sample import SampleFault, sample_pictures
from paddle_runtime.tasks import Task


def learned(
    bundle: Bundle, folder: Path, most: int, limit: int, told: Told
) -> dict[str, tuple[Mapping[str, Size], ...]]:
    """New buckets by module; a module whose sizes the sample does not show keeps its own."""
    if bundle.manifest.task is Task.OCR and {"detect", "recognise"} <= set(bundle.manifest.modules):
        pictures = sample_pictures(folder, limit)
        observed = observe_pictures(bundle, pictures, told) if pictures else {}
    else:
        observed = observe_requests(bundle, sorted(folder.rglob("*.json")))
    if not observed:
        raise SampleFault(
            f"{folder} holds nothing that shows the sizes of task {bundle.manifest.task}: put pictures of "
            "your traffic there, or for tensors the JSON bodies of requests.",
        )
    return {name: new_buckets(bundle.manifest.modules[name], asked, most) for name, asked in observed.items()}


def new_buckets(module: Module, asked: Sequence[Size], most: int) -> tuple[Mapping[str, Size], ...]:
    """At most so many. What the present set serves at most stays served: a larger request is not refused."""
    given = [flat(module, bucket) for bucket in module.buckets]
    ends = [size for size in given if not any(size != other and held(size, other) for other in given)]
    sizes = [*asked, *(size for size in ends if not covers(asked, [size]))]
    planned = plan_buckets(sizes, most, given=given, area=lambda size: area(module, size))
    return tuple(unflat(module, size) for size in planned)


def observe_requests(bundle: Bundle, files: Sequence[Path]) -> Mapping[str, Sequence[Size]]:
    """The shapes in bodies of /v2/models/NAME/infer; files that are none are left out."""
    if len(bundle.manifest.modules) != 1:
        return {}
    ((name, module),) = bundle.manifest.modules.items()
    found = [size for file in files if (size := request_size(module, file)) is not None]
    return {name: found} if found else {}


def request_size(module: Module, file: Path) -> Size | None:
    """The shapes of all inputs of one request, one after the other."""
    try:
        body = json.loads(file.read_bytes())
        shapes = {item["name"]: tuple(map(int, item["shape"])) for item in body["inputs"]}
    except (ValueError, KeyError, TypeError):
        return None
    return None if bucket_problem(module.inputs, shapes) else flat(module, shapes)


def flat(module: Module, bucket: Mapping[str, Size]) -> Size:
    """Every dimension of every input, in the manifest's order."""
    return tuple(side for spec in module.inputs for side in bucket[spec.name])


def unflat(module: Module, size: Size) -> Mapping[str, Size]:
    """The same back."""
    bucket, start = {}, 0
    for spec in module.inputs:
        bucket[spec.name] = size[start : start + len(spec.shape)]
        start += len(spec.shape)
    return bucket


def area(module: Module, size: Size) -> int:
    """Elements of all inputs."""
    return sum(math.prod(shape) for shape in unflat(module, size).values())


def held(size: Size, other: Size) -> bool:
    """Whether the other one holds this one."""
    return all(want <= have for want, have in zip(size, other, strict=True))
