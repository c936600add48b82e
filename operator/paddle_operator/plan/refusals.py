"""Why a correct resource cannot become pods: what its bundles turned out to be, or the lack of an image."""

from __future__ import annotations

from paddle_operator.plan.model import FoundBundle, Refusal, Resolution
from paddle_operator.reasons import Reason
from paddle_operator.spec.quantity import bytes_of
from paddle_operator.spec.source import IN_BUNDLES, Model, Module, Source
from paddle_operator.spec.workload import Device


def misfit(model: Model, known: Resolution) -> Refusal | None:
    """Return why the bundles that were found are not what the resource says of them, if so."""
    found = (known.model, *(known.modules[module.name] for module in model.replacements))
    for source, bundle in zip(model.sources, found, strict=True):
        if (refusal := _misfit_of(source, bundle, model)) is not None:
            return refusal
    limit = bytes_of(model.preload.size_limit)
    if known.size_bytes > limit:
        addresses = ", ".join(source.uri for source in model.sources)
        return Refusal(
            Reason.MODEL_TOO_LARGE,
            f"what is read from {addresses} has {known.size_bytes} bytes and spec.model.preload.sizeLimit is "
            f"{model.preload.size_limit} ({limit} bytes): raise sizeLimit",
        )
    return None


def _misfit_of(source: Source, found: FoundBundle, model: Model) -> Refusal | None:
    another = f"name another bundle in {source.at}.uri"
    if found.task != model.task:
        change = "" if isinstance(source, Module) else f"set spec.model.task to {found.task}, or "
        return Refusal(
            Reason.TASK_MISMATCH,
            f"spec.model.task is {model.task} and the bundle at {source.uri} is for task {found.task}: "
            f"{change}{another}",
        )
    if isinstance(source, Module) and IN_BUNDLES[source.name] not in found.modules:
        held = ", ".join(sorted(found.modules))
        return Refusal(
            Reason.MODULE_MISSING,
            f"module {source.name} is called {IN_BUNDLES[source.name]} in bundles, and the one at "
            f"{source.uri} holds {held}: {another}",
        )
    if found.format != source.format:
        return Refusal(
            Reason.FORMAT_MISMATCH,
            f"{source.at}.format is {source.format} and the programs of the bundle at {source.uri} have the "
            f"form {found.format}: set {source.at}.format to {found.format}, or {another}",
        )
    return None


def no_image(device: Device) -> Refusal:
    """Return that nobody has named an image for the device."""
    return Refusal(
        Reason.IMAGE_NOT_CONFIGURED,
        f"the operator has no runtime image for device {device}: set spec.runtime.image, or give the "
        f"operator PADDLE_OPERATOR_RUNTIME_IMAGE_{device} (chart value runtimeImages)",
    )
