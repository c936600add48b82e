"""The block `spec.model`: where the model is, how it is proved, how it reaches memory."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from paddle_operator.spec.base import Block, QuantityText, SubdomainName


class Task(StrEnum):
    """What the model is for, which decides the endpoints that serve it."""

    OCR = "OCR"
    DETECTION = "Detection"
    IMAGE_CLASSIFICATION = "ImageClassification"
    TEXT_CLASSIFICATION = "TextClassification"
    TENSOR = "Tensor"


class ModelFormat(StrEnum):
    """How the model's programs are stored."""

    PADDLE_INFERENCE = "PaddleInference"


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
    """How the bundle is brought beside the process before it starts."""

    target: PreloadTarget = PreloadTarget.MEMORY
    """Memory is a tmpfs (its sizeLimit is added to the pod's memory), Disk the node's disk."""
    size_limit: QuantityText = "512Mi"
    """Size of the volume that holds the bundle. A larger bundle is refused before any pod is made."""
    timeout_seconds: Annotated[int, Field(ge=10, le=7200)] = 300
    """Seconds allowed for the download, and again for loading and warming up. The startup probe waits this
    long."""


class Model(Block):
    """The model to serve."""

    uri: Annotated[str, Field(min_length=1, max_length=512)]
    """Folder that holds model.yaml, or one archive of it (.tar, .tar.gz, .tgz, .zip): s3://bucket/path,
    https://host/path/, pvc://claim/path, or builtin:NAME for one baked into the runtime image."""
    digest: Annotated[str, Field(max_length=71)] = ""
    """Pin: "sha256:" and the sha256 of the bundle's model.yaml, which in turn holds the sha256 of every
    file. Empty: the digest found when the address is first read is recorded and enforced from then on."""
    version: Annotated[str, Field(max_length=63)] = ""
    """Free text for people. A change asks for the same address to be read again; pods are replaced only if
    its bytes differ."""
    task: Task = Task.OCR
    """What the bundle does. OCR serves /v1/ocr, Detection /v1/detect, ImageClassification and
    TextClassification /v1/classify; all of them, and Tensor alone, /v2/models/NAME/infer. Must be the
    bundle's own task."""
    format: ModelFormat = ModelFormat.PADDLE_INFERENCE
    """Form of the bundle's programs. Training checkpoints (.pdparams, pickles) are never read."""
    s3: S3 | None = None
    """The S3 store. Required with s3:// addresses, refused with others."""
    credentials_ref: CredentialsRef | None = None
    """Credentials of the S3 store. Absent: anonymous; what is behind other addresses is read without any."""
    preload: Preload = Preload()
    """How the bundle reaches the pod."""

    @property
    def scheme(self) -> UriScheme:
        """The store's kind; the rules have made sure that there is one."""
        return UriScheme(self.uri.partition(":")[0])
