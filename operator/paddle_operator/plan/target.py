"""Which revision a resource asks for, once the identity of its bundle is known."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from paddle_operator.plan.model import LiveRevision, Platform, Refusal, Resolution
from paddle_operator.plan.revision import Revision
from paddle_operator.reasons import Reason
from paddle_operator.spec.base import canonical_json
from paddle_operator.spec.device import DEFAULT_DEVICE_MEMORY_MIB, RESOURCES
from paddle_operator.spec.model import Spec
from paddle_operator.spec.quantity import bytes_of
from paddle_operator.spec.source import Model, UriScheme
from paddle_operator.spec.workload import Device


@dataclass(frozen=True, slots=True)
class Target:
    """What a resource asks for. Without a revision it waits for a digest, or was refused."""

    image: str
    default_image: bool
    resolve_key: str
    revision: Revision | None = None
    resolving: bool = False
    """No live revision carries the resolve key, so the Job is wanted, done or not."""
    refusal: Refusal | None = None


def target_of(
    spec: Spec, platform: Platform, resolution: Resolution | None, live: tuple[LiveRevision, ...]
) -> Target:
    """Find the revision that the resource asks for."""
    recorded = _with_recorded_image(spec, live)
    if recorded is not None:
        return recorded
    device = spec.runtime.device
    image = spec.runtime.image or platform.runtime_images.get(device, "")
    default = not spec.runtime.image
    if not image:
        return Target("", default_image=True, resolve_key="", refusal=_no_image(device))
    key = resolve_key(spec.model, image)
    carried = _carried(key, live)
    known = carried or (resolution if resolution is not None and resolution.key == key else None)
    resolving = carried is None
    if known is None:
        return Target(image, default, key, resolving=resolving)
    refusal = _refusal(spec, known)
    revision = None if refusal else revision_of(spec, image, known)
    return Target(image, default, key, revision, resolving, refusal)


def resolve_key(model: Model, image: str) -> str:
    """Hash everything that decides which bytes an address names. For a builtin model the image does."""
    what = model.model_dump(
        by_alias=True, mode="json", include={"uri", "version", "digest", "s3", "credentials_ref"}
    )
    what["image"] = image if model.scheme is UriScheme.BUILTIN else ""
    return hashlib.sha256(canonical_json(what).encode()).hexdigest()[:16]


def revision_of(spec: Spec, image: str, known: Resolution) -> Revision:
    """Put together everything that decides a pod."""
    model, runtime = spec.model, spec.runtime
    on_gpu = runtime.device is Device.GPU
    memory_mib = (runtime.device_memory_mib or DEFAULT_DEVICE_MEMORY_MIB) if on_gpu else 0
    return Revision.of(
        uri=model.uri,
        digest=known.digest,
        size_bytes=known.size_bytes,
        task=model.task,
        format=model.format,
        s3=model.s3,
        credentials_ref=model.credentials_ref,
        preload=model.preload,
        device=runtime.device,
        device_count=runtime.device_count,
        device_resource=runtime.device_resource or RESOURCES[runtime.device],
        device_memory_mib=memory_mib,
        image=image,
        batching=runtime.batching,
        queue=runtime.queue,
        resources=runtime.resources,
        pod=runtime.pod,
        probes=spec.probes,
    )


def _with_recorded_image(spec: Spec, live: tuple[LiveRevision, ...]) -> Target | None:
    """Find a live revision that is what is asked for but for the operator's default image.

    Without this an upgrade of the operator, which brings a new default, would replace every pod.
    """
    if spec.runtime.image:
        return None
    for member in live:
        if member.revision is None or not member.default_image:
            continue
        image = member.revision.image
        if resolve_key(spec.model, image) != member.resolve_key:
            continue
        if revision_of(spec, image, _resolution_of(member, member.revision)) == member.revision:
            return Target(image, default_image=True, resolve_key=member.resolve_key, revision=member.revision)
    return None


def _carried(key: str, live: tuple[LiveRevision, ...]) -> Resolution | None:
    for member in live:
        if member.revision is not None and member.resolve_key == key:
            return _resolution_of(member, member.revision)
    return None


def _resolution_of(member: LiveRevision, revision: Revision) -> Resolution:
    return Resolution(member.resolve_key, revision.digest, "", revision.task.value, revision.size_bytes)


def _refusal(spec: Spec, known: Resolution) -> Refusal | None:
    if known.task != spec.model.task:
        return Refusal(
            Reason.TASK_MISMATCH,
            f"spec.model.task is {spec.model.task} and the bundle at {spec.model.uri} is for task "
            f"{known.task}: set spec.model.task to {known.task}, or name another bundle in spec.model.uri",
        )
    limit = bytes_of(spec.model.preload.size_limit)
    if known.size_bytes > limit:
        return Refusal(
            Reason.MODEL_TOO_LARGE,
            f"the bundle at {spec.model.uri} has {known.size_bytes} bytes and spec.model.preload.sizeLimit "
            f"is {spec.model.preload.size_limit} ({limit} bytes): raise sizeLimit",
        )
    return None


def _no_image(device: Device) -> Refusal:
    return Refusal(
        Reason.IMAGE_NOT_CONFIGURED,
        f"the operator has no runtime image for device {device}: set spec.runtime.image, or give the "
        f"operator PADDLE_OPERATOR_RUNTIME_IMAGE_{device} (chart value runtimeImages)",
    )
