"""Compute resources of the containers, with the memory volume charged to them."""

from __future__ import annotations

from paddle_operator.plan.revision import Revision
from paddle_operator.spec.quantity import bytes_of, in_bytes
from paddle_operator.spec.source import PreloadTarget
from paddle_operator.spec.workload import Device

ResourceBlock = dict[str, dict[str, str | int]]

DEFAULT_ON_CPU: ResourceBlock = {
    "requests": {"cpu": "500m", "memory": "1Gi"},
    "limits": {"cpu": "1", "memory": "2Gi"},
}
"""One worker has about 850 MiB resident with PP-OCRv4, a picture at the caps takes 350 MiB more while it is
read, and bodies of requests up to 256 MiB: two workers need 2.5 GiB, for more CPUs raise the memory too."""
DEFAULT_ON_ACCELERATOR: ResourceBlock = {
    "requests": {"cpu": "2", "memory": "4Gi"},
    "limits": {"cpu": "4", "memory": "8Gi"},
}
FETCH: ResourceBlock = {
    "requests": {"cpu": "100m", "memory": "128Mi"},
    "limits": {"cpu": "1", "memory": "256Mi"},
}
"""What `paddle-runtime fetch` needs apart from what it writes."""


def runtime_resources(revision: Revision) -> ResourceBlock:
    """Return the runtime container's resources: the user's or the device's default, the volume, the
    device."""
    block = _given(revision) or _copy(
        DEFAULT_ON_CPU if revision.device is Device.CPU else DEFAULT_ON_ACCELERATOR
    )
    block = _with_volume(block, revision)
    if revision.device_resource:
        for side in ("requests", "limits"):
            block.setdefault(side, {})[revision.device_resource] = str(revision.device_count)
    return block


def fetch_resources(revision: Revision) -> ResourceBlock:
    """Return the init container's resources: what it writes into a memory volume counts as its memory."""
    return _with_volume(_copy(FETCH), revision)


def job_resources() -> ResourceBlock:
    """Return the resolve container's resources: it reads one small file."""
    return _copy(FETCH)


def _given(revision: Revision) -> ResourceBlock:
    sides = {"requests": revision.resources.requests, "limits": revision.resources.limits}
    return {side: values.thaw() for side, values in sides.items() if values}


def _with_volume(block: ResourceBlock, revision: Revision) -> ResourceBlock:
    """Add the volume's size to the memory that is asked for: a tmpfs is charged to the pod that wrote it."""
    if revision.preload.target is PreloadTarget.MEMORY:
        volume_bytes = bytes_of(revision.preload.size_limit)
        for values in block.values():
            if "memory" in values:
                values["memory"] = in_bytes(bytes_of(values["memory"]) + volume_bytes)
    return block


def _copy(block: ResourceBlock) -> ResourceBlock:
    return {side: dict(values) for side, values in block.items()}
