"""What each task answers: the one table that the front end and the workers read. Pure.

A task is what a bundle does. A kind is one sort of request to it: its address, what its body holds, the
stages in which it is answered. Whoever adds a task adds its rows here and its pipeline in
pipeline/__init__.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Task(StrEnum):
    """What a bundle does; it picks the pipeline and the endpoints."""

    OCR = "OCR"
    DETECTION = "Detection"
    IMAGE_CLASSIFICATION = "ImageClassification"
    TEXT_CLASSIFICATION = "TextClassification"
    TENSOR = "Tensor"


class Payload(StrEnum):
    """What a body holds: it decides how it is read and which limits it meets before a worker sees it."""

    PICTURE = "picture"
    DOCUMENT = "document"  # a picture, or a TIFF or PDF of several pages
    PADDLEX = "paddlex"  # such a document in the JSON of PaddleX's serving, answered likewise
    TEXT = "text"
    TENSORS = "tensors"
    NOTHING = "nothing"  # the bundle holds the input

    @property
    def has_pages(self) -> bool:
        """Whether it may be a document of several pages."""
        return self in {Payload.DOCUMENT, Payload.PADDLEX}

    @property
    def is_file(self) -> bool:
        """Whether it is the bytes of a picture or document as they are."""
        return self in {Payload.PICTURE, Payload.DOCUMENT}


@dataclass(frozen=True)
class Kind:
    """One sort of request. stages: in their order, without the wait in the queue, which all have."""

    name: str
    path: str
    payload: Payload
    stages: tuple[str, ...]
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class TensorRow:
    """An input or output as the Open Inference Protocol's metadata shows it; -1 is any number."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Serving:
    """All of one task. The first kind is the one that a lost caller is sent to.

    inputs, outputs: what metadata says of a task whose bundles declare no tensors of their own, and what
    `infer` takes and gives there: one input, and outputs named like the keys of the task's JSON answer.
    """

    kinds: tuple[Kind, ...]
    inputs: tuple[TensorRow, ...] = ()
    outputs: tuple[TensorRow, ...] = ()

    def kind(self, name: str) -> Kind | None:
        """The kind of that name, where this task answers it."""
        return next((kind for kind in self.kinds if kind.name == name), None)

    @property
    def stages(self) -> tuple[str, ...]:
        """Every stage that a request to this task can have, once."""
        named = (stage for kind in self.kinds for stage in kind.stages)
        return tuple(dict.fromkeys(("queue", *named)))


def _infer(*stages: str, options: tuple[str, ...] = ()) -> Kind:
    """The Open Inference Protocol, which every task speaks."""
    return Kind("infer", "/v2/models/{name}/infer", Payload.TENSORS, stages, options)


GOLDEN = Kind("golden", "/golden", Payload.NOTHING, ())
"""The bundle's own known request, which every task answers. Gateways do not send this path on."""
KNOWN = Kind("known", "/golden/requests", Payload.NOTHING, ())
"""What the bundle knows answers to, as requests that can be sent to two revisions. Gateways neither."""
OF_THE_BUNDLE = (GOLDEN, KNOWN)
"""Kinds without an input. No caller sends them, so they are always synthetic and no load."""

OCR_STAGES = ("decode", "detect", "orient", "recognise", "encode")
OCR_OPTIONS = ("cls", "minScore")
PAGE_OPTIONS = ("pages", "dpi")

PICTURE_STAGES = ("decode", "prepare", "infer", "encode")
TEXT_STAGES = ("decode", "tokenise", "infer", "encode")

TASKS: Mapping[Task, Serving] = MappingProxyType(
    {
        Task.OCR: Serving(
            kinds=(
                Kind("ocr", "/v1/ocr", Payload.DOCUMENT, OCR_STAGES, (*OCR_OPTIONS, *PAGE_OPTIONS)),
                Kind("paddlex", "/ocr", Payload.PADDLEX, OCR_STAGES),
                # one module each, asked by itself; the last two take a picture of one line
                Kind("ocr/detect", "/v1/ocr/detect", Payload.PICTURE, ("decode", "detect", "encode")),
                Kind("ocr/orient", "/v1/ocr/orient", Payload.PICTURE, ("decode", "orient", "encode")),
                Kind(
                    "ocr/recognise", "/v1/ocr/recognise", Payload.PICTURE, ("decode", "recognise", "encode")
                ),
                _infer(*OCR_STAGES, options=OCR_OPTIONS),
                *OF_THE_BUNDLE,
            ),
            inputs=(TensorRow("image", "BYTES", (1,)),),
            outputs=(TensorRow("lines", "BYTES", (-1,)),),
        ),
        Task.DETECTION: Serving(
            kinds=(
                Kind("detect", "/v1/detect", Payload.PICTURE, PICTURE_STAGES, ("minScore",)),
                _infer(*PICTURE_STAGES, options=("minScore",)),
                *OF_THE_BUNDLE,
            ),
            inputs=(TensorRow("image", "BYTES", (1,)),),
            outputs=(TensorRow("objects", "BYTES", (-1,)),),
        ),
        Task.IMAGE_CLASSIFICATION: Serving(
            kinds=(
                Kind("classify", "/v1/classify", Payload.PICTURE, PICTURE_STAGES, ("minScore", "topK")),
                _infer(*PICTURE_STAGES, options=("minScore", "topK")),
                *OF_THE_BUNDLE,
            ),
            inputs=(TensorRow("image", "BYTES", (1,)),),
            outputs=(TensorRow("classes", "BYTES", (-1,)),),
        ),
        Task.TEXT_CLASSIFICATION: Serving(
            kinds=(
                Kind("classify", "/v1/classify", Payload.TEXT, TEXT_STAGES, ("minScore", "topK")),
                _infer(*TEXT_STAGES, options=("minScore", "topK")),
                *OF_THE_BUNDLE,
            ),
            inputs=(TensorRow("text", "BYTES", (1,)),),
            outputs=(TensorRow("classes", "BYTES", (-1,)),),
        ),
        Task.TENSOR: Serving(
            kinds=(_infer("decode", "infer", "encode"), *OF_THE_BUNDLE),
        ),
    }
)


def of_the_bundle(kind: str) -> bool:
    """Whether this is one of the kinds without an input."""
    return any(kind == each.name for each in OF_THE_BUNDLE)


def paths() -> Mapping[str, str]:
    """Every endpoint that runs a model and the kind it asks for, over all tasks."""
    return {kind.path: kind.name for serving in TASKS.values() for kind in serving.kinds}


def batch_paths() -> Mapping[str, str]:
    """Every endpoint that takes several pictures at once, and the kind that is asked of each."""
    return {
        f"{kind.path}:batch": kind.name
        for serving in TASKS.values()
        for kind in serving.kinds
        if kind.payload.is_file
    }


def payloads(kind: str) -> frozenset[Payload]:
    """What bodies of the kind of this name hold, over all tasks."""
    return frozenset(
        each.payload for serving in TASKS.values() for each in serving.kinds if each.name == kind
    )


def endpoint(task: Task, model: str) -> str:
    """Where requests to a model of this task go."""
    return TASKS[task].kinds[0].path.format(name=model)
