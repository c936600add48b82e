"""Which revision a resource asks for, once the identity of its bundles is known."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from paddle_operator.plan.model import FoundBundle, LiveRevision, Platform, Refusal, Resolution
from paddle_operator.plan.refusals import misfit, no_image
from paddle_operator.plan.revision import Revision
from paddle_operator.spec.base import canonical_json
from paddle_operator.spec.device import DEFAULT_DEVICE_MEMORY_MIB, RESOURCES
from paddle_operator.spec.model import Spec
from paddle_operator.spec.source import IN_BUNDLES, Model, Source, UriScheme
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
        return Target("", default_image=True, resolve_key="", refusal=no_image(device))
    key = resolve_key(spec.model, image)
    carried = _carried(spec.model, key, live)
    answered = resolution is not None and _answers(resolution, spec.model, key)
    known = carried or (resolution if answered else None)
    resolving = carried is None
    if known is None:
        return Target(image, default, key, resolving=resolving)
    refusal = misfit(spec.model, known)
    revision = None if refusal else revision_of(spec, image, known)
    return Target(image, default, key, revision, resolving, refusal)


def resolve_key(model: Model, image: str) -> str:
    """Hash everything that decides which bytes the addresses name."""
    what = _address(model, image)
    if model.modules:  # where there are none the key is that of a release without them
        what["modules"] = {module.name.value: _address(module, image) for module in model.replacements}
    return hashlib.sha256(canonical_json(what).encode()).hexdigest()[:16]


def _address(source: Source, image: str) -> dict[str, Any]:
    """What decides the bytes of one bundle. For what is built in the image does."""
    what = source.model_dump(
        by_alias=True, mode="json", include={"uri", "version", "digest", "s3", "credentials_ref"}
    )
    return {**what, "image": image if source.scheme is UriScheme.BUILTIN else ""}


def revision_of(spec: Spec, image: str, known: Resolution) -> Revision:
    """Put together everything that decides a pod."""
    model, runtime = spec.model, spec.runtime
    on_gpu = runtime.device is Device.GPU
    memory_mib = (runtime.device_memory_mib or DEFAULT_DEVICE_MEMORY_MIB) if on_gpu else 0
    return Revision.of(
        uri=model.uri,
        digest=known.model.digest,
        size_bytes=known.size_bytes,
        task=model.task,
        modules=tuple(
            module.model_copy(update={"digest": known.modules[module.name].digest})
            for module in model.replacements
        ),
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
        image, known = member.revision.image, _resolution_of(member, member.revision)
        if not _answers(known, spec.model, resolve_key(spec.model, image)):
            continue
        if revision_of(spec, image, known) == member.revision:
            return Target(image, default_image=True, resolve_key=member.resolve_key, revision=member.revision)
    return None


def _carried(model: Model, key: str, live: tuple[LiveRevision, ...]) -> Resolution | None:
    known = (_resolution_of(member, member.revision) for member in live if member.revision is not None)
    return next((one for one in known if _answers(one, model, key)), None)


def _answers(known: Resolution, model: Model, key: str) -> bool:
    """Whether this was found for that key, and for each of the modules."""
    return known.key == key and {module.name for module in model.modules} <= known.modules.keys()


def _resolution_of(member: LiveRevision, revision: Revision) -> Resolution:
    """What was found when the revision was made."""

    def found(source: Source, *modules: str) -> FoundBundle:
        return FoundBundle(source.digest, revision.task, source.format, frozenset(modules))

    return Resolution(
        member.resolve_key,
        found(revision),
        {module.name: found(module, IN_BUNDLES[module.name]) for module in revision.modules},
        revision.size_bytes,
    )
