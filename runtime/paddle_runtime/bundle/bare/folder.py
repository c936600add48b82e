"""THE FLOW of a bare folder: its program -> the configuration beside it -> one reader -> model.yaml's bytes.

Equal folders give equal bytes, wherever they lie and whatever they are called, so a bare folder has a digest:
that of the model.yaml which `paddle-runtime bundle` would write.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import yaml

from paddle_runtime.bundle.bare.classification import describe_classifier
from paddle_runtime.bundle.bare.described import Described, Exported
from paddle_runtime.bundle.bare.detection import describe_objects
from paddle_runtime.bundle.bare.faults import refused
from paddle_runtime.bundle.bare.ocr import describe_detector, describe_recogniser
from paddle_runtime.bundle.bare.program import read_program
from paddle_runtime.bundle.bare.tensors import describe_tensors
from paddle_runtime.bundle.bare.texts import (
    CLASSES_FILE,
    MODEL_FILE,
    TOKENIZER_FILE,
    VOCABULARY_FILE,
    describe_texts,
    tells_its_task,
)
from paddle_runtime.bundle.make import make_manifest, place_manifest
from paddle_runtime.bundle.manifest import MANIFEST_MAX_BYTES, PROGRAM_SUFFIXES, ManifestFault
from paddle_runtime.bundle.paths import MANIFEST_NAME
from paddle_runtime.bundle.problems import brief
from paddle_runtime.bundle.programs import MAX_GRAPH_BYTES, BadProgram
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.tasks import Task

WEIGHTS_SUFFIX = ".pdiparams"
INFERENCE_FILE, DETECTION_FILE = "inference.yml", "infer_cfg.yml"
# What says how a program is used, and what is read with it.
CONFIGURATIONS: Mapping[str, tuple[str, ...]] = {
    INFERENCE_FILE: (),
    DETECTION_FILE: (),
    TOKENIZER_FILE: (MODEL_FILE, CLASSES_FILE),
}
# The step after the program, by which inference.yml tells what the model is for.
AFTERWARDS: Mapping[str, Callable[[Exported], Described]] = {
    "DBPostProcess": describe_detector,
    "CTCLabelDecode": describe_recogniser,
    "Topk": describe_classifier,
}
SAID_BY = "by --task, or by spec.model.task of a service"


@dataclass(frozen=True)
class Bare:
    """What a bare folder lacks. task, configuration: what it was taken for, and after which file."""

    task: Task
    configuration: str
    manifest: bytes
    made: Mapping[str, bytes]

    @property
    def files(self) -> dict[str, bytes]:
        """All that is not in the folder, by name."""
        return {**self.made, MANIFEST_NAME: self.manifest}


def is_bare(folder: Path) -> bool:
    """Whether a folder has no model.yaml, but a program with its weights."""
    return bool(_programs(folder)) and not (folder / MANIFEST_NAME).exists()


def read_bare(folder: Path, task: Task | None = None) -> Bare:
    """The manifest of a bare folder; BundleInvalid instead of a guess. task: None is as its files say."""
    try:
        return _bare(folder, task)
    except OSError as error:
        forbidden = isinstance(error, PermissionError)
        raise BundleFault(
            BundleReason.ModelForbidden if forbidden else BundleReason.StoreUnreachable,
            f"{error.filename or folder} cannot be read by uid {os.getuid()} ({error.strerror}): look at its "
            "owner, its mode and its disk.",
        ) from error


def _bare(folder: Path, task: Task | None) -> Bare:
    program, weights = _only_program(folder)
    exported = _exported(folder, program)
    described = _described(exported, task)
    module = {
        "program": program,
        "params": weights,
        "inputs": [spec.model_dump(mode="json") for spec in exported.program.inputs],
        "outputs": [spec.model_dump(mode="json") for spec in exported.program.outputs],
        **described.body,
    }
    told = exported.configuration if described.task is not Task.TENSOR else ""
    description: dict[str, Any] = {
        "format": "paddle-sla-bundle/1",
        "name": described.name,
        "version": "1",
        "task": described.task.value,
        "paddleVersion": exported.program.paddle_version,
        "source": f"read from {told}" if told else "read from the program alone",
        "modules": {described.module: module},
    }
    for name, data in described.made.items():
        _require_no_other(folder / name, data, told)
    try:
        manifest = make_manifest(folder, description, described.made)
    except ManifestFault as fault:
        raise refused(told or program, f"model.yaml as it says {fault.problem}") from fault
    return Bare(described.task, told, manifest, described.made)


def write_bare(folder: Path, task: Task | None = None) -> Bare:
    """Write into the folder what it lacks; model.yaml last."""
    bare = read_bare(folder, task)
    for name, data in bare.made.items():
        (folder / name).write_bytes(data)
    place_manifest(folder, bare.manifest)
    return bare


def _programs(folder: Path) -> list[tuple[str, str]]:
    """Every program that has its weights beside it."""
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    except OSError:
        return []
    pairs = [
        (name, PurePath(name).stem + WEIGHTS_SUFFIX)
        for name in names
        if name.endswith(PROGRAM_SUFFIXES["program"])
    ]
    return [(program, weights) for program, weights in pairs if weights in names]


def _only_program(folder: Path) -> tuple[str, str]:
    found = _programs(folder)
    if len(found) != 1:
        names = ", ".join(program for program, _ in found) or "none"
        raise refused(
            str(folder), f"one program with its weights is served, here are {names}", "leave one there"
        )
    return found[0]


def _exported(folder: Path, program: str) -> Exported:
    try:
        parsed = read_program(program, _read(folder / program, MAX_GRAPH_BYTES))
    except BadProgram as error:
        raise refused(program, str(error), "export the model again") from error
    found = [name for name in CONFIGURATIONS if (folder / name).is_file()]
    if len(found) > 1:
        raise refused(
            str(folder), f"{' and '.join(found)} both say how the program is used", "leave one there"
        )
    if not found:
        return Exported(parsed)
    names = (found[0], *(name for name in CONFIGURATIONS[found[0]] if (folder / name).is_file()))
    if found == [TOKENIZER_FILE] and not (folder / VOCABULARY_FILE).is_file():
        raise refused(found[0], f"{VOCABULARY_FILE} is not beside it, and no other tokeniser is served")
    return Exported(parsed, found[0], {name: _document(folder / name) for name in names})


def _described(exported: Exported, task: Task | None) -> Described:
    """By the configuration; the task that was named must be its own, or Tensor, which any program can be."""
    if task is Task.TENSOR:
        return describe_tensors(exported)
    if not exported.configuration:
        what = "no task" if task is None else f"task {task}"
        known = ", ".join(CONFIGURATIONS)
        raise refused(
            "the folder", f"{what} can be told from a program alone, and none of {known} is beside it",
            f"say {Task.TENSOR} {SAID_BY} for its tensors as they are, or write model.yaml by hand, as "
            "docs/how-to/bundles.md shows",
        )  # fmt: skip
    described = _reader(exported, task)(exported)
    if task not in {None, described.task}:
        raise refused(
            exported.configuration, f"it is of task {described.task}, asked for was {task}",
            f"say {described.task} {SAID_BY}, or {Task.TENSOR} for its tensors as they are",
        )  # fmt: skip
    return described


def _reader(exported: Exported, task: Task | None) -> Callable[[Exported], Described]:
    where, document = exported.configuration, exported.documents[exported.configuration]
    if where == TOKENIZER_FILE:
        if task is None and not tells_its_task(exported):
            raise refused(
                where, "nothing says whether the network tells one class of a text or does something else",
                f"say {Task.TEXT_CLASSIFICATION} or {Task.TENSOR} {SAID_BY}",
            )  # fmt: skip
        return describe_texts
    if where == DETECTION_FILE or "Preprocess" in document:
        return describe_objects
    after = document.get("PostProcess")
    named = after.get("name", next(iter(after), None)) if isinstance(after, dict) else None
    if not isinstance(named, str) or named not in AFTERWARDS:
        known = ", ".join(AFTERWARDS)
        raise refused(
            where, f"PostProcess is {brief(named)}; served are {known}, and PaddleDetection's Preprocess"
        )
    return AFTERWARDS[named]


def _document(path: Path) -> dict[str, Any]:
    """A configuration in YAML or JSON."""
    data = _read(path, MANIFEST_MAX_BYTES)
    try:
        document = json.loads(data) if path.suffix == ".json" else yaml.safe_load(data.decode())
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise refused(path.name, f"it cannot be read ({' '.join(str(error).split())[:300]})") from error
    if not isinstance(document, dict):
        raise refused(path.name, f"it holds a {type(document).__name__}, not a mapping")
    return document


def _read(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise refused(path.name, f"it has more than {most} bytes")
    return data


def _require_no_other(place: Path, data: bytes, configuration: str) -> None:
    """What the user wrote there is neither overwritten nor left out without a word."""
    if place.exists() and _read(place, MANIFEST_MAX_BYTES) != data:
        raise refused(
            place.name,
            f"it says something else than {configuration}",
            "remove it, or write model.yaml by hand",
        )
