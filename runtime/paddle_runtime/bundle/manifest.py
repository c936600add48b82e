"""model.yaml: what a bundle holds, parsed once into frozen values.

The digest of a bundle is the sha256 of this file's bytes. It names every other file's sha256 and size,
so one short string pins all of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType, NoneType
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from paddle_runtime.bundle.calibration import Calibration
from paddle_runtime.bundle.constants import (
    ClassifyConstants,
    Constants,
    DetectConstants,
    ObjectsConstants,
    OrientConstants,
    RecogniseConstants,
    TextConstants,
)
from paddle_runtime.bundle.engine import Device, Engine, Precision, Runner, default_runner, runner_problem
from paddle_runtime.bundle.paths import MANIFEST_NAME, Names, unsafe_path
from paddle_runtime.bundle.problems import problems
from paddle_runtime.bundle.selftest import SelfTest
from paddle_runtime.bundle.signature import Shape, TensorSpec, bucket_problem
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.tasks import Task

MANIFEST_MAX_BYTES = 1024 * 1024
MAX_FILES = 256
MAX_BUCKETS = 64
ModelFormat = Literal["PaddleInference", "Onnx"]  # the words of the resource's model.format
# For who does not know which Paddle exported a program: its new form does not tell.
UNKNOWN_VERSION = "unknown"

# The modules of each task and what constants they have. An OCR bundle may hold some of them: one module
# serves by itself, or takes the place of another bundle's.
MODULES: Mapping[Task, Mapping[str, Any]] = {
    Task.OCR: {"detect": DetectConstants, "orient": OrientConstants, "recognise": RecogniseConstants},
    Task.DETECTION: {"model": ObjectsConstants},
    Task.IMAGE_CLASSIFICATION: {"model": ClassifyConstants},
    Task.TEXT_CLASSIFICATION: {"model": TextConstants},
    Task.TENSOR: {"model": NoneType},
}
# What a file is looked at for depends on its suffix (forms.py, programs.py), so a program has one of its own.
PROGRAM_SUFFIXES = {"program": (".pdmodel", ".json"), "params": (".pdiparams",), "onnx": (".onnx",)}
# Files beside the program that a kind of constants cannot do without.
NEEDS_DICTIONARY = (RecogniseConstants, TextConstants)
NEEDS_LABELS = (ClassifyConstants, ObjectsConstants, TextConstants)

K = TypeVar("K")
V = TypeVar("V")


def _freeze(mapping: Mapping[K, V]) -> Mapping[K, V]:
    return MappingProxyType(dict(mapping))


FrozenMap = Annotated[Mapping[K, V], AfterValidator(_freeze), PlainSerializer(dict)]


class Frozen(BaseModel):
    """Camel case in the file, snake case here; nothing unknown, nothing changed afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class FileEntry(Frozen):
    """One file of the bundle."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=0)]


class RunnerChoice(Frozen):
    """An engine and its precision, for a device other than the CPU.

    batches: how many requests' rows go into one call; each bucket is run at each of these first dimensions.
    """

    engine: Engine
    precision: Precision = Precision.FLOAT32
    batches: Annotated[tuple[Annotated[int, Field(ge=1, le=256)], ...], Field(min_length=1, max_length=8)] = (
        1,
    )


class Module(Frozen):
    """One program of the bundle with the shapes it is run at.

    The program is there in Paddle's form (`program` and `params`), as `onnx`, or in both; inputs and outputs
    have the same names in both. `engine` and `precision` are for the CPU, `devices` for the others; what is
    not said is chosen by rule.
    """

    program: str | None = None
    params: str | None = None
    onnx: str | None = None
    engine: Engine | None = None
    precision: Precision = Precision.FLOAT32
    devices: FrozenMap[Device, RunnerChoice] = Field(default_factory=dict, validate_default=True)
    inputs: Annotated[tuple[TensorSpec, ...], Field(min_length=1)]
    outputs: Annotated[tuple[TensorSpec, ...], Field(min_length=1)]
    buckets: Annotated[tuple[FrozenMap[str, Shape], ...], Field(min_length=1, max_length=MAX_BUCKETS)]
    dictionary: str | None = None
    labels: str | None = None
    constants: Constants | None = Field(default=None, discriminator="kind")

    @model_validator(mode="before")
    @classmethod
    def _name_bare_shapes(cls, data: object) -> object:
        """A module of one input may write a bucket as a bare shape: [1, 3, 48, 320]."""
        if not isinstance(data, dict) or not isinstance(data.get("buckets"), list):
            return data
        inputs = data.get("inputs")
        if not (isinstance(inputs, list) and len(inputs) == 1 and isinstance(inputs[0], dict)):
            return data
        name = inputs[0].get("name")
        named = [{name: bucket} if isinstance(bucket, list) else bucket for bucket in data["buckets"]]
        return {**data, "buckets": named}

    @model_validator(mode="after")
    def _programs_fit_the_engines(self) -> Module:
        if (self.program is None) != (self.params is None):
            raise ValueError("program and params are named together: the graph and its weights")
        if self.program is None and self.onnx is None:
            raise ValueError("a module names a program: 'program' with 'params', or 'onnx'")
        for field, suffixes in PROGRAM_SUFFIXES.items():
            name = getattr(self, field)
            if name is not None and not name.endswith(suffixes):
                raise ValueError(f"{field} names {name!r}, whose suffix must be {' or '.join(suffixes)}")
        if self.engine is None and self.precision is not Precision.FLOAT32:
            raise ValueError(f"precision {self.precision} needs an engine beside it")
        if Device.CPU in self.devices:
            raise ValueError("devices.CPU is written as 'engine' and 'precision' of the module itself")
        for device in (Device.CPU, *self.devices):
            paddle, onnx = self.program is not None, self.onnx is not None
            problem = runner_problem(device, self.runner(device), paddle=paddle, onnx=onnx)
            if problem is not None:
                raise ValueError(problem)
        return self

    @model_validator(mode="after")
    def _buckets_fit_the_inputs(self) -> Module:
        for index, bucket in enumerate(self.buckets):
            if problem := bucket_problem(self.inputs, bucket):
                raise ValueError(f"buckets[{index}]: {problem}")
        for device in self.devices:
            for bucket in self.on(device).buckets:
                if problem := bucket_problem(self.inputs, bucket):
                    raise ValueError(f"devices.{device}.batches: {problem}")
        return self

    def runner(self, device: Device) -> Runner:
        """What runs this module on a device: as chosen, else by rule."""
        if device is Device.CPU and self.engine is not None:
            return Runner(self.engine, self.precision)
        if choice := self.devices.get(device):
            return Runner(choice.engine, choice.precision)
        legacy = self.program is not None and self.program.endswith(".pdmodel")
        return default_runner(device, paddle=self.program is not None, legacy=legacy)

    def on(self, device: Device) -> Module:
        """The module as that device runs it: its buckets at each of the device's batch sizes."""
        choice = self.devices.get(device)
        if choice is None:
            return self
        buckets = [
            {name: (rows * shape[0], *shape[1:]) if shape else shape for name, shape in bucket.items()}
            for bucket in self.buckets
            for rows in choice.batches
        ]
        return self.model_copy(update={"buckets": tuple(MappingProxyType(bucket) for bucket in buckets)})

    def shapes(self) -> tuple[Shape, ...]:
        """The buckets of a module with one input."""
        name = self.inputs[0].name
        return tuple(bucket[name] for bucket in self.buckets)

    def file_names(self) -> tuple[str, ...]:
        """Every file that this module needs."""
        names = (self.program, self.params, self.onnx, self.dictionary, self.labels)
        return tuple(name for name in names if name is not None)


# What a program of these constants may take: names and numbers of dimensions. The first one it must take.
INPUTS: Mapping[type[Any], Mapping[str, int]] = {
    ObjectsConstants: {"image": 4, "im_shape": 2, "scale_factor": 2},
    TextConstants: {"input_ids": 2, "token_type_ids": 2, "attention_mask": 2},
}


def input_problem(module: Module) -> str | None:
    """Why a pipeline could not feed this program, or None."""
    have = {spec.name: len(spec.shape) for spec in module.inputs}
    if isinstance(module.constants, ClassifyConstants):
        return (
            None if list(have.values()) == [4] else f"one picture [-1, 3, H, W] is fed, declared are {have}"
        )
    allowed = INPUTS.get(type(module.constants))
    if allowed is None:
        return None
    if next(iter(allowed)) not in have or not have.items() <= allowed.items():
        return f"fed are {dict(allowed)} (name and dimensions), declared are {have}"
    return None


class Manifest(Frozen):
    """The whole of model.yaml."""

    format: Literal["paddle-sla-bundle/1"] = "paddle-sla-bundle/1"
    name: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]
    version: Annotated[str, Field(min_length=1, max_length=64)]
    task: Task
    paddle_version: Annotated[str | None, Field(pattern=rf"^(\d+\.\d+\.\d+|{UNKNOWN_VERSION})$")] = None
    license: str | None = None
    source: str | None = None
    modules: Annotated[FrozenMap[str, Module], Field(min_length=1, max_length=16)]
    files: Annotated[FrozenMap[str, FileEntry], Field(min_length=1, max_length=MAX_FILES)]
    calibration: Annotated[tuple[Calibration, ...], Field(max_length=len(Device))] = ()
    self_test: Annotated[tuple[SelfTest, ...], Field(max_length=32)] = ()

    @model_validator(mode="after")
    def _files_are_safe_and_named(self) -> Manifest:
        names = Names()
        for path in (MANIFEST_NAME, *self.files):
            problem = None if path == MANIFEST_NAME else unsafe_path(path)
            if problem := problem or names.add_file(path):
                raise ValueError(f"files[{path!r}]: {problem}")
        needed = [(f"modules.{name}", path) for name, m in self.modules.items() for path in m.file_names()]
        needed += [("selfTest", test.picture) for test in self.self_test if test.picture is not None]
        for field, path in needed:
            if path not in self.files:
                why = (
                    unsafe_path(path)
                    or "it is missing in the folder, or was not there when model.yaml was written"
                )
                raise ValueError(f"{field} names {path!r}, which is not under files: {why}")
        return self

    @model_validator(mode="after")
    def _calibrations_are_of_these_modules(self) -> Manifest:
        for each in self.calibration:
            if unknown := sorted(set(each.modules) - set(self.modules)):
                raise ValueError(f"calibration on {each.device} measured {unknown}, which are no modules")
        return self

    @model_validator(mode="after")
    def _paddle_programs_name_their_version(self) -> Manifest:
        if self.paddle_version is None and any(module.program for module in self.modules.values()):
            raise ValueError(
                "paddleVersion must say which Paddle exported the programs, such as 3.2.2, "
                f"or {UNKNOWN_VERSION!r}"
            )
        return self

    @model_validator(mode="after")
    def _modules_fit_the_task(self) -> Manifest:
        known = MODULES[self.task]
        if not set(self.modules) <= set(known):
            raise ValueError(f"task {self.task} has modules {sorted(known)}; got {sorted(self.modules)}")
        for name, module in self.modules.items():
            kind = known[name]
            if not isinstance(module.constants, kind):
                word = "left out" if kind is NoneType else f"of kind {kind.model_fields['kind'].default!r}"
                raise ValueError(f"modules.{name}.constants must be {word}")
            if isinstance(module.constants, NEEDS_DICTIONARY) and module.dictionary is None:
                raise ValueError(
                    f"modules.{name}.dictionary must name a file of characters or words, one a line"
                )
            if isinstance(module.constants, NEEDS_LABELS) and module.labels is None:
                raise ValueError(f"modules.{name}.labels must name a file of class names, one a line")
            if problem := input_problem(module):
                raise ValueError(f"modules.{name}.inputs: {problem}")
        return self

    @property
    def model_format(self) -> ModelFormat:
        """Paddle's, where any program has that form; else every program is ONNX and nothing else."""
        return "PaddleInference" if any(m.program for m in self.modules.values()) else "Onnx"

    def on(self, device: Device) -> Manifest:
        """The bundle as that device runs it."""
        modules = {name: module.on(device) for name, module in self.modules.items()}
        return self.model_copy(update={"modules": MappingProxyType(modules)})

    @property
    def size_bytes(self) -> int:
        """Size of all files but model.yaml itself."""
        return sum(entry.size for entry in self.files.values())


def digest_of(data: bytes) -> str:
    """The digest of a bundle from the bytes of its model.yaml."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def parse_manifest(data: bytes) -> Manifest:
    """model.yaml's bytes to a Manifest; a fault names the field, the value and what to do."""
    if len(data) > MANIFEST_MAX_BYTES:
        raise ManifestFault(f"is {len(data)} bytes, more than {MANIFEST_MAX_BYTES}")
    try:
        document = yaml.safe_load(data.decode("utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise ManifestFault(f"is not YAML in UTF-8: {' '.join(str(error).split())[:300]}") from error
    if not isinstance(document, dict):
        raise ManifestFault(f"holds a {type(document).__name__}, not a mapping")
    try:
        return Manifest.model_validate(document)
    except ValidationError as error:
        raise ManifestFault("; ".join(problems(error))) from error


class ManifestFault(BundleFault):
    """model.yaml cannot be used; `problem` alone is for who is about to write it."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            BundleReason.BundleInvalid,
            f"model.yaml {problem}. Write it anew with 'paddle-runtime bundle DIR' and upload the folder "
            "again.",
        )
        self.problem = problem
