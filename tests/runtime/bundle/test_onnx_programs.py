"""ONNX programs: known domains, weights inside, and nothing hidden in graphs inside graphs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from paddle_runtime.bundle import programs
from paddle_runtime.bundle.programs import BadProgram, check_program
from tests.runtime.bundle.builders import message, written


def model(*nodes: onnx.NodeProto, **parts: Any) -> onnx.ModelProto:
    """A model of these nodes; parts: fields of its graph, and functions."""
    functions = parts.pop("functions", [])
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    graph = helper.make_graph(list(nodes), "g", [x], [x], **parts)
    return helper.make_model(graph, functions=functions)


def node(kind: str, domain: str = "", **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, ["x"], ["y"], domain=domain, **attributes)


def outside(place: str = "../../etc/passwd") -> TensorProto:
    """A weight that lies in another file."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=place)
    return tensor


def sparse() -> onnx.SparseTensorProto:
    return onnx.SparseTensorProto(values=outside("*/_ORT_MEM_ADDR_/*"), indices=TensorProto(), dims=[1])


def graph_with(*nodes: onnx.NodeProto, **parts: Any) -> onnx.GraphProto:
    return helper.make_graph(list(nodes), "inner", [], [], **parts)


def function(name: str, *nodes: onnx.NodeProto) -> onnx.FunctionProto:
    return helper.make_function("own", name, ["x"], ["y"], list(nodes), [helper.make_opsetid("", 17)])


def trained() -> onnx.ModelProto:
    made = model(node("Relu"))
    made.training_info.add(algorithm=graph_with(node("Hidden", "hostile")))
    return made


UNMARKED = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], raw_data=bytes(4))
UNMARKED.external_data.add(key="location", value="/etc/passwd")
OUTSIDE = "keeps weights in other files"


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (model(node("Relu"), node("Own", "my.operators")), "has the operator 'Own' of 'my.operators'"),
        (model(node("EPContext", "com.microsoft", ep_cache_context="../x")), "has the operator 'EPContext'"),
        (model(node("Snpe", "com.microsoft")), "has the operator 'Snpe'"),
        (model(node("Conv", "com.microsoft.nchwc")), "of 'com.microsoft.nchwc'"),
        (model(node("If", then_branch=graph_with(node("Own", "a")))), "has the operator 'Own' of 'a'"),
        (model(node("Own", "a", body=graph_with(node("Relu")))), "has the operator 'Own' of 'a'"),
        (
            model(node("f", "own"), functions=[function("f", node("Own", "a"))]),
            "has the operator 'Own' of 'a'",
        ),
        (model(node("g", "own"), functions=[function("f", node("Relu"))]), "has the operator 'g' of 'own'"),
        (trained(), "has the operator 'Hidden' of 'hostile'"),
        (model(initializer=[outside()]), OUTSIDE),
        (model(initializer=[outside("weights.bin")]), OUTSIDE),
        (model(initializer=[UNMARKED]), OUTSIDE),
        (model(sparse_initializer=[sparse()]), OUTSIDE),
        (model(node("Constant", value=outside())), OUTSIDE),
        (model(node("Constant", sparse_value=sparse())), OUTSIDE),
        (model(node("If", then_branch=graph_with(initializer=[outside()]))), OUTSIDE),
        (model(node("f", "own"), functions=[function("f", node("Constant", value=outside()))]), OUTSIDE),
    ],
    ids=str,
)
def test_an_onnx_program_holds_its_weights_and_only_known_operators(
    made: onnx.ModelProto, words: str, tmp_path: Path
) -> None:
    with pytest.raises(BadProgram, match=words):
        check_program(written(tmp_path / "m.onnx", made.SerializeToString()))


@pytest.mark.parametrize(
    "made",
    [
        model(node("Relu"), node("QLinearAdd", "com.microsoft"), node("Normalizer", "ai.onnx.ml")),
        model(node("f", "own"), functions=[function("f", node("Relu"))]),
        model(
            initializer=[TensorProto(name="w", data_location=TensorProto.DEFAULT, raw_data=bytes(100_000))]
        ),
    ],
    ids=["domains", "functions", "weights"],
)
def test_an_onnx_program_of_known_operators_passes(made: onnx.ModelProto, tmp_path: Path) -> None:
    check_program(written(tmp_path / "m.onnx", made.SerializeToString()))


def test_graphs_inside_graphs_have_an_end(tmp_path: Path) -> None:
    """protobuf reads 100 messages inside each other at most; onnxruntime refuses what has more."""

    def deep(graphs: int) -> bytes:
        graph = b""
        for _ in range(graphs):
            graph = message(1, message(4, b"If") + message(5, message(6, graph)))
        return message(7, graph)

    check_program(written(tmp_path / "m.onnx", deep(30)))
    with pytest.raises(BadProgram, match="more than 99 deep"):
        check_program(written(tmp_path / "m.onnx", deep(40)))


def test_a_flood_of_fields_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "MAX_FIELDS", 1000)
    check_program(written(tmp_path / "m.onnx", b"\x08\x01" * 1000))
    with pytest.raises(BadProgram, match="more than 1000 fields"):
        check_program(written(tmp_path / "m.onnx", b"\x08\x01" * 1001))
