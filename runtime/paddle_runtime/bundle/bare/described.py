"""What a reader is given of a folder, and what it makes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from paddle_runtime.bundle.bare.faults import refused
from paddle_runtime.bundle.bare.program import Program
from paddle_runtime.bundle.problems import brief
from paddle_runtime.bundle.signature import TensorSpec
from paddle_runtime.tasks import Task

LABELS_FILE, CHARACTERS_FILE = "labels.txt", "characters.txt"
NAME_LENGTH = 63
Sides = tuple[int, int]  # height, width


@dataclass(frozen=True)
class Exported:
    """A program, and by name the documents beside it that say how it is used, the first one too."""

    program: Program
    configuration: str = ""
    documents: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Described:
    """One module of a task. body: the module in model.yaml without its programs, inputs and outputs.

    made: files that the module needs and that the configuration has inside itself.
    """

    task: Task
    module: str
    name: str
    body: Mapping[str, Any]
    made: Mapping[str, bytes] = field(default_factory=dict)


def bundle_name(text: str) -> str:
    """A model's name as bundles are called."""
    return re.sub(r"[^a-z0-9.-]+", "-", text.lower())[:NAME_LENGTH].strip("-.") or "model"


def one_picture(exported: Exported) -> TensorSpec:
    """The one input of a program that takes pictures and nothing else."""
    inputs = exported.program.inputs
    if len(inputs) != 1 or len(inputs[0].shape) != 4:
        told = {spec.name: list(spec.shape) for spec in inputs}
        raise refused(exported.configuration, f"the program takes {told}, not one picture [-1, 3, H, W]")
    return inputs[0]


def one_output(exported: Exported) -> TensorSpec:
    """The one output of a program that gives nothing else."""
    outputs = exported.program.outputs
    if len(outputs) != 1:
        told = [spec.name for spec in outputs]
        raise refused(exported.configuration, f"the program gives {len(outputs)} tensors {told}, one is read")
    return outputs[0]


def fixed_sides(picture: TensorSpec) -> Sides | None:
    """Height and width where the program leaves no choice."""
    height, width = picture.shape[2:]
    return None if min(height, width) < 1 else (height, width)


def label_file(where: str, what: str, labels: Sequence[object]) -> bytes:
    """Class names, one a line, in the order of their numbers."""
    lines = []
    for number, label in enumerate(labels):
        text = str(label).strip() if isinstance(label, str | int) and not isinstance(label, bool) else ""
        if text.splitlines() != [text]:
            raise refused(where, f"{what}[{number}] is {brief(label)}, not a class's name in one line")
        lines.append(text)
    if not lines:
        raise refused(where, f"{what} is empty")
    return ("\n".join(lines) + "\n").encode()


def require_classes(exported: Exported, what: str, count: int) -> None:
    """Refuse names that are not those of the program's classes."""
    classes = one_output(exported).shape[-1:]
    if classes not in {(-1,), (count,)}:
        raise refused(
            exported.configuration, f"{what} names {count} classes, the program tells {list(classes)} apart"
        )
