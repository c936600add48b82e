"""Dynamic to static: paddle.jit.save, in the form that serves best, and what the program then holds."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from paddle_runtime.bundle.signature import TensorSpec
from paddle_runtime.export.faults import ExportFault, ExportReason
from paddle_runtime.export.framework import paddle
from paddle_runtime.export.inputs import PADDLE_TYPES
from paddle_runtime.export.legacy import legacy_form
from paddle_runtime.export.source import Layer
from paddle_runtime.predictor.session import paddle_words

PADDLE_NAMES = {datatype: name for name, datatype in PADDLE_TYPES.items()}
# An operator of the new form's JSON, as Paddle 3.2 abbreviates its dialects.
NEW_FORM_BRANCHES = ('"1.if"', '"1.while"', '"cf.if"', '"pd_op.if"')


class Form(StrEnum):
    """The two forms of a program; the engines that each has are those of predictor/engines.py."""

    LEGACY = "Legacy"
    NEW = "New"


@dataclass(frozen=True)
class Program:
    """What was written. conditionals: branches that are alive in it. output_shapes: -1 where free."""

    form: Form
    program: str
    params: str
    conditionals: int
    output_shapes: tuple[tuple[int, ...], ...]


def save_program(layer: Layer, specs: Sequence[TensorSpec], folder: Path, scratch: Path) -> Program:
    """The legacy form where Paddle can write it, else the new one: OpenVINO and oneDNN do better on it."""
    if not layer.state_dict():
        raise ExportFault(
            ExportReason.ProgramFailed,
            "the layer has no weights, so Paddle writes no file of them, and a bundle names one: do this in "
            "the caller, or in a layer that has weights.",
        )
    try:
        return save_form(Form.LEGACY, layer, specs, folder, scratch / "legacy")
    except Exception as first:
        try:
            return save_form(Form.NEW, layer, specs, folder, scratch / "new")
        except Exception as error:
            raise ExportFault(
                ExportReason.ProgramFailed,
                f"Paddle {paddle.__version__} cannot make a program of this layer: {paddle_words(error)} "
                f"(legacy form: {paddle_words(first)}) What Paddle can translate is described in its guide "
                "of paddle.jit.to_static.",
            ) from error


def save_form(form: Form, layer: Layer, specs: Sequence[TensorSpec], folder: Path, scratch: Path) -> Program:
    """Write program and weights into folder; the third file that Paddle leaves is a pickle: not taken."""
    asked = [
        paddle.static.InputSpec(
            [None if size == -1 else size for size in spec.shape], PADDLE_NAMES[spec.datatype], name=spec.name
        )
        for spec in specs
    ]
    with legacy_form() if form is Form.LEGACY else nullcontext(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of how Paddle names the files, which are copied anyway
        static = paddle.jit.to_static(layer.forward, input_spec=asked, full_graph=True)
        built = static.concrete_program_specify_input_spec(asked)
        outputs = tuple(tuple(int(size) for size in output.shape) for output in built.outputs)
        paddle.jit.save(static, str(scratch / "model"), input_spec=asked)
    suffix = ".pdmodel" if form is Form.LEGACY else ".json"
    for name in (f"model{suffix}", "model.pdiparams"):
        shutil.copyfile(scratch / name, folder / name)
    data = (folder / f"model{suffix}").read_bytes()
    return Program(form, f"model{suffix}", "model.pdiparams", conditionals_in(data, form), outputs)


def conditionals_in(data: bytes, form: Form) -> int:
    """How many branches and loops a program has."""
    if form is Form.NEW:
        text = data.decode("utf-8", errors="replace")
        return sum(text.count(name) for name in NEW_FORM_BRANCHES)
    described = paddle.base.core.ProgramDesc(data)
    kinds = [
        described.block(block).op(op).type()
        for block in range(described.num_blocks())
        for op in range(described.block(block).op_size())
    ]
    # a branch is written as two blocks, one for each side
    return (kinds.count("conditional_block") + 1) // 2 + kinds.count("while")


def program_outputs(folder: Path, program: Program) -> list[str]:
    """The names of a program's outputs, in the order of the layer's, asked of the program itself."""
    config = paddle.inference.Config(str(folder / program.program), str(folder / program.params))
    config.disable_glog_info()
    config.enable_new_ir(program.form is Form.NEW)
    if program.form is Form.NEW:
        config.enable_new_executor(True)
    config.disable_onednn()
    names: list[str] = paddle.inference.create_predictor(config).get_output_names()
    return names
