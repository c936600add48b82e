"""Programs that do more than compute, as Paddle itself writes them: make_hostile.py FOLDER PLACE SECRET.

In FOLDER/NAME/ a program of input x in each of Paddle's forms: model.pdmodel, model.json. What it writes goes
below PLACE, what it reads is the file SECRET. Beside it, in .outputs, the names of its two outputs.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paddle
from paddle.base.layer_helper import LayerHelper
from paddle.base.proto import framework_pb2

from paddle_runtime.bundle.signature import Datatype, TensorSpec
from paddle_runtime.export.program import Form, program_outputs, save_form

FOLDER, PLACE, SECRET = (Path(argument) for argument in sys.argv[1:])
X = TensorSpec(name="x", datatype=Datatype.FP32, shape=(-1, 4))


def appended(kind: str, inputs: dict[str, Any], outputs: dict[str, str], **attributes: Any) -> Any:
    """One operator of the legacy form; the first of its outputs, whose types are given."""
    helper = LayerHelper(kind)
    made = {name: helper.create_variable_for_type_inference(dtype) for name, dtype in outputs.items()}
    helper.append_op(type=kind, inputs=inputs, outputs=made, attrs=attributes)
    return next(iter(made.values()), None)


def plain(x: Any) -> Any:
    """Only computes."""
    return x + 1


def read_file(x: Any) -> Any:
    """Its output is the file."""
    if paddle.framework.in_pir_mode():
        return paddle._C_ops.read_file(str(SECRET), paddle.uint8, paddle.CPUPlace())
    return appended("read_file", {}, {"Out": "uint8"}, filename=str(SECRET))


def check_numerics(x: Any) -> Any:
    """Writes a file that begins with the folder's name."""
    place = str(PLACE / "checked")
    if paddle.framework.in_pir_mode():
        return paddle._C_ops.check_numerics(x, "a", "b", 3, -1, place)[1]
    told = {"op_type": "a", "var_name": "b", "check_nan_inf_level": 3, "stack_height_limit": -1}
    outputs = {"values": "float32", "stats": "int64"}
    return appended("check_numerics", {"tensor": x}, outputs, output_dir=place, **told)


def print_(x: Any) -> Any:
    """Writes into the log for each request."""
    return paddle.static.Print(x, message="a hostile message")


def nested(x: Any) -> Any:
    """The same on one side of a branch."""
    return paddle.static.nn.cond(paddle.sum(x) > 0, lambda: print_(x) + 0, lambda: x)


def looped(x: Any) -> Any:
    """The same in a loop."""
    one = paddle.full([1], 1, "int64")
    count, found = paddle.static.nn.while_loop(
        lambda n, _: n < 3, lambda n, y: [n + one, print_(y) + 1], [paddle.full([1], 0, "int64"), x]
    )
    return found + count.astype("float32")


class Layer(paddle.nn.Layer):  # type: ignore[misc]
    """With a weight, since a bundle names a file of them."""

    def __init__(self, what: Callable[[Any], Any]) -> None:
        super().__init__()
        self.linear = paddle.nn.Linear(4, 4)
        self.what = what

    def forward(self, x: Any) -> tuple[Any, Any]:
        return self.linear(x), self.what(x)


def saving(program: Path) -> bytes:
    """A program that also writes its input to a file; paddle.jit.save leaves out what nothing comes of."""
    described = framework_pb2.ProgramDesc.FromString(program.read_bytes())
    operator = described.blocks[0].ops.add(type="save")
    operator.inputs.add(parameter="X", arguments=["x"])
    operator.attrs.add(name="file_path", type=framework_pb2.AttrType.STRING, s=str(PLACE / "saved"))
    written: bytes = described.SerializeToString()
    return written


for form in Form:
    for each in (plain, read_file, check_numerics, print_, nested, looped):
        layer = Layer(each)
        layer.eval()
        home = FOLDER / each.__name__.strip("_")
        home.mkdir(exist_ok=True)
        made = save_form(form, layer, [X], home, FOLDER / "scratch" / f"{form}-{home.name}")
        (home / f"{made.program}.outputs").write_text("\n".join(program_outputs(home, made)))
shutil.rmtree(FOLDER / "scratch")
shutil.copytree(FOLDER / "plain", FOLDER / "save")
(FOLDER / "save" / "model.pdmodel").write_bytes(saving(FOLDER / "plain" / "model.pdmodel"))
(FOLDER / "save" / "model.json").unlink()
