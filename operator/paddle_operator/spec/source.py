"""The block `spec.model`: where the model and its modules are, how they are proved, how they reach memory."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from paddle_operator.spec.base import Block, QuantityText, SubdomainName, list_map


class Task(StrEnum):
    """What the model is for, which decides the endpoints that serve it."""

    OCR = "OCR"
    DETECTION = "Detection"
    IMAGE_CLASSIFICATION = "ImageClassification"
    TEXT_CLASSIFICATION = "TextClassification"
    TENSOR = "Tensor"


class ModelFormat(StrEnum):
    """How a bundle's programs are stored."""

    PADDLE_INFERENCE = "PaddleInference"
    ONNX = "Onnx"


class ModuleName(StrEnum):
    """The modules of task OCR, as the resource calls them."""

    DETECTION = "detection"
    ORIENTATION = "orientation"
    RECOGNITION = "recognition"


IN_BUNDLES: Mapping[ModuleName, str] = MappingProxyType(
    {
        ModuleName.DETECTION: "detect",
        ModuleName.ORIENTATION: "orient",
        ModuleName.RECOGNITION: "recognise",
    }
)
"""What bundles and the runtime call each module. The only place that knows both words (tests/contract)."""


class Addressing(StrEnum):
    """Where an S3 request names its bucket."""

    PATH = "Path"
    VIRTUAL_HOST = "VirtualHost"


class PreloadTarget(StrEnum):
    """Where the init container puts the bundle."""

    MEMORY = "Memory"
    DISK = "Disk"


class UriScheme(StrEnum):
    """The stores that a model can come from."""

    S3 = "s3"
    HTTPS = "https"
    PVC = "pvc"
    BUILTIN = "builtin"


class S3(Block):
    """An S3-compatible store."""

    endpoint: Annotated[str, Field(min_length=8, max_length=253)]
    """Address of the store, for instance https://s3.eu-central-1.amazonaws.com or http://s3.store.svc:7070.
    """
    region: Annotated[str, Field(min_length=1, max_length=64)] = "us-east-1"
    """Region that requests are signed for. Stores without regions accept the default."""
    addressing: Addressing = Addressing.PATH
    """Path puts the bucket into the path (MinIO, versitygw), VirtualHost into the host name (Alibaba OSS,
    AWS)."""


class CredentialsRef(Block):
    """The Secret with the store's credentials."""

    name: SubdomainName
    """Name of a Secret in the same namespace with the keys accessKeyId and secretAccessKey. Pods mount it;
    the operator never reads it."""


class Preload(Block):
    """How bundles are brought beside the process before it starts."""

    target: PreloadTarget = PreloadTarget.MEMORY
    """Memory is a tmpfs (its sizeLimit is added to the pod's memory), Disk the node's disk."""
    size_limit: QuantityText = "512Mi"
    """Size of the volume that holds the bundle and those of its modules. What is larger is refused before any
    pod is made."""
    timeout_seconds: Annotated[int, Field(ge=10, le=7200)] = 300
    """Seconds allowed for each download, and again for loading and warming up. The startup probe waits this
    long."""


class Source(Block):
    """A bundle: where it is, which one it must be, and what reading it needs."""

    uri: Annotated[str, Field(min_length=1, max_length=512)]
    """Folder that holds model.yaml, or one archive of it (.tar, .tar.gz, .tgz, .zip): s3://bucket/path,
    https://host/path/, pvc://claim/path, or builtin:NAME for one baked into the runtime image. A claim
    may also hold a model as it was exported, without model.yaml."""
    digest: Annotated[str, Field(max_length=71)] = ""
    """Pin: "sha256:" and the sha256 of the bundle's model.yaml, which in turn holds the sha256 of every
    file. Empty: the digest found when the address is first read is recorded and enforced from then on."""
    format: ModelFormat = ModelFormat.PADDLE_INFERENCE
    """Form of the bundle's programs. PaddleInference: some are Paddle's. Onnx: all are ONNX and nothing
    else, which runs on CPU and GPU. A bundle of the other form is refused. Training checkpoints (.pdparams,
    pickles) are never read."""
    s3: S3 | None = None
    """The S3 store. Required with s3:// addresses, refused with others."""
    credentials_ref: CredentialsRef | None = None
    """Credentials of the S3 store. Absent: anonymous; what is behind other addresses is read without any."""

    @property
    def scheme(self) -> UriScheme:
        """The store's kind; the rules have made sure that there is one."""
        return UriScheme(self.uri.partition(":")[0])

    @property
    def at(self) -> str:
        """Where a person finds this in the resource."""
        return "spec.model"


class Module(Source):
    """A module of another bundle in the place of the model's own."""

    name: ModuleName
    """Which one: detection finds lines, orientation turns those that stand upside down, recognition reads
    them. Bundles and requests call them detect, orient and recognise."""
    s3: S3 | None = None
    """The S3 store. Absent with an s3:// address: the model's. Refused with other addresses."""
    credentials_ref: CredentialsRef | None = None
    """Credentials of the S3 store. Absent: those of the model where the store is the model's, else anonymous.
    """

    @property
    def at(self) -> str:
        """Where a person finds this in the resource."""
        return f"spec.model.modules[{self.name}]"


class Model(Source):
    """The model to serve."""

    version: Annotated[str, Field(max_length=63)] = ""
    """Free text for people. A change asks for the same addresses to be read again; pods are replaced only if
    their bytes differ."""
    task: Task = Task.OCR
    """What the bundle does. OCR serves /v1/ocr, Detection /v1/detect, ImageClassification and
    TextClassification /v1/classify; all of them, and Tensor alone, /v2/models/NAME/infer. Must be the
    bundle's own task."""
    modules: Annotated[tuple[Module, ...], Field(max_length=len(ModuleName)), list_map("name")] = ()
    """Modules of other bundles in the place of the model's own, with task OCR only. Each brings its program,
    constants, dictionary and self-tests; the rest of its bundle is not used."""
    preload: Preload = Preload()
    """How the bundle reaches the pod."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every bundle that is read: the model's, then those of its modules."""
        return (self, *self.replacements)

    @property
    def replacements(self) -> tuple[Module, ...]:
        """The modules by name, however they were listed, each with the store that it is read from."""
        return tuple(sorted(map(self._with_store, self.modules), key=lambda module: module.name))

    def _with_store(self, module: Module) -> Module:
        """Credentials go to the store that they are for: the model's are not shown to another one."""
        if module.scheme is not UriScheme.S3 or module.s3 is not None:
            return module
        credentials = module.credentials_ref or self.credentials_ref
        return module.model_copy(update={"s3": self.s3, "credentials_ref": credentials})
