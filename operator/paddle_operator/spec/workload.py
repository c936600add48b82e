"""The block `spec.runtime` and the pod's own settings."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from paddle_operator.spec.base import (
    EMPTY_OBJECT,
    Block,
    FrozenAs,
    FrozenJson,
    Quantity,
    SubdomainName,
    list_map,
)


class Device(StrEnum):
    """The kinds of processor that a predictor can run on."""

    CPU = "CPU"
    GPU = "GPU"
    NPU = "NPU"
    MLU = "MLU"


class Queue(Block):
    """Requests that wait inside one pod."""

    max_requests: Annotated[int, Field(ge=1, le=4096)] = 64
    """Requests that may wait in one pod. More are answered 503 at once, with Retry-After."""


class Batching(Block):
    """Requests that an accelerator computes together: their lines or rows cost little more than one."""

    max_size: Annotated[int, Field(ge=1, le=64)] = 4
    """Requests computed together at most."""
    max_delay_milliseconds: Annotated[int, Field(ge=0, le=1000)] = 20
    """How long the first request waits for others. None waits longer than half of the time it has."""


class Toleration(Block):
    """A taint that the pods tolerate, as in a pod's spec."""

    key: Annotated[str, Field(max_length=316)] = ""
    """Taint's key. Empty with operator Exists: every taint."""
    operator: Literal["Exists", "Equal"] = "Equal"
    """Exists ignores the taint's value."""
    value: Annotated[str, Field(max_length=63)] = ""
    """Taint's value, with operator Equal."""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""
    """Effect to tolerate. Empty: all."""
    toleration_seconds: Annotated[int, Field(ge=0, le=86400)] | None = None
    """Seconds to stay on a node after it got a NoExecute taint. Absent: for ever."""


class SecretName(Block):
    """A Secret in the same namespace."""

    name: SubdomainName
    """Name of the Secret."""


class EnvironmentVariable(Block):
    """One more environment variable of the runtime container."""

    name: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    """Name. PADDLE_RUNTIME_... are set by the operator and refused here."""
    value: Annotated[str, Field(max_length=4096)] = ""
    """Value."""


_NAME_OR_EMPTY = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$"
NameOrEmpty = Annotated[str, Field(max_length=253, pattern=_NAME_OR_EMPTY)]
LabelValue = Annotated[str, Field(max_length=63, pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")]
AnnotationValue = Annotated[str, Field(max_length=4096)]
LabelMap = Annotated[FrozenJson, FrozenAs(Annotated[dict[str, LabelValue], Field(max_length=32)])]
AnnotationMap = Annotated[FrozenJson, FrozenAs(Annotated[dict[str, AnnotationValue], Field(max_length=32)])]
QuantityMap = Annotated[FrozenJson, FrozenAs(Annotated[dict[str, Quantity], Field(max_length=16)])]
FreeObject = Annotated[FrozenJson, FrozenAs(dict[str, Any])]


class Resources(Block):
    """Compute resources of the runtime container, as in a pod's spec."""

    requests: QuantityMap = EMPTY_OBJECT
    """What the scheduler sets aside. Empty requests and limits: by device, see the reference."""
    limits: QuantityMap = EMPTY_OBJECT
    """What the container may use at most. With preload.target Memory its sizeLimit is added to memory."""


class Pod(Block):
    """Settings of the service's pods. What they need to be safe and observed cannot be changed."""

    node_selector: LabelMap = EMPTY_OBJECT
    """Labels that a node must have."""
    tolerations: Annotated[tuple[Toleration, ...], Field(max_length=16)] = ()
    """Taints that are tolerated."""
    affinity: FreeObject = EMPTY_OBJECT
    """Affinity as in a pod's spec, handed on unchanged."""
    env: Annotated[tuple[EnvironmentVariable, ...], Field(max_length=64), list_map("name")] = ()
    """More environment variables of the runtime container."""
    annotations: AnnotationMap = EMPTY_OBJECT
    """More annotations of the pods."""
    labels: LabelMap = EMPTY_OBJECT
    """More labels of the pods."""
    priority_class_name: NameOrEmpty = ""
    """PriorityClass of the pods."""
    runtime_class_name: NameOrEmpty = ""
    """RuntimeClass of the pods, for instance nvidia."""
    service_account_name: NameOrEmpty = ""
    """Service account of the pods. Its token is never mounted."""
    image_pull_secrets: Annotated[tuple[SecretName, ...], Field(max_length=8), list_map("name")] = ()
    """Secrets for the image registry."""


class Runtime(Block):
    """How the model is run."""

    device: Device = Device.CPU
    """Processor of the predictor. It decides the extended resource, the image and the predictor's settings.
    """
    device_count: Annotated[int, Field(ge=1, le=16)] = 1
    """Devices of one pod. Only 1 on CPU, where resources say how many CPUs."""
    device_resource: Annotated[str, Field(max_length=253)] = ""
    """Extended resource to ask for. Empty: nvidia.com/gpu, huawei.com/Ascend910 or cambricon.com/mlu, by
    device."""
    device_memory_mib: Annotated[
        Annotated[int, Field(ge=100, le=1048576)] | None, Field(alias="deviceMemoryMiB")
    ] = None
    """MiB of device memory that the predictor takes at the start. GPU only; absent there: 1000."""
    image: Annotated[str, Field(max_length=512)] = ""
    """Runtime image. Empty: the operator's image for the device, recorded when the revision is made, so that
    an upgrade of the operator replaces no pod."""
    batching: Batching | None = None
    """Requests computed together. GPU, NPU and MLU only: on a CPU it gains nothing. Absent: each alone."""
    queue: Queue = Queue()
    """Requests that wait."""
    resources: Resources = Resources()
    """Compute resources. Empty: by device."""
    pod: Pod = Pod()
    """Settings of the pods."""
