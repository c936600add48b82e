"""Convert one program to ONNX: an order on standard input, the count of branches on standard output."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import onnx
import paddle2onnx

OPSET = 17


def main() -> None:
    """Convert, give the outputs the names that they have in Paddle's form, check, write."""
    order = json.loads(sys.stdin.read())
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # the converter talks on standard output
    paddle2onnx.export(
        order["program"],
        order["params"],
        save_file=order["into"],
        opset_version=OPSET,
        optimize_tool="None",
    )
    model = onnx.load(order["into"])
    rename_outputs(model.graph, order["outputs"])
    onnx.checker.check_model(model)
    onnx.save(model, order["into"])
    print(json.dumps({"branches": branches(model.graph)}), file=answers, flush=True)


def rename_outputs(graph: Any, names: list[str]) -> None:
    """An output keeps its place; a node that only hands it on gives it its name."""
    for output, name in zip(graph.output, names, strict=True):
        if output.name != name:
            graph.node.append(onnx.helper.make_node("Identity", [output.name], [name], name=f"name_{name}"))
            output.name = name


def branches(graph: Any) -> int:
    """If and Loop, in branches too."""
    count = 0
    for node in graph.node:
        count += node.op_type in {"If", "Loop"}
        count += sum(branches(attribute.g) for attribute in node.attribute if attribute.HasField("g"))
    return count


if __name__ == "__main__":
    main()
