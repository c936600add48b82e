"""Which operators a program is made of, read from its file before any framework is given it.

Nobody is trusted here either: what cannot be read to its last byte is refused, since a framework may read
more in it than is seen here. Weights are stepped over, so the cost is that of the graph.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paddle_runtime.bundle.operators import onnx_problem, paddle_problem
from paddle_runtime.message_fields import BadMessage, Bytes, Fields

MAX_GRAPH_BYTES = 32 * 1024 * 1024  # of a file without weights; the largest seen has 2
MAX_FIELDS = 5_000_000
MAX_DEPTH = 99  # of messages inside messages; protobuf itself stops at 100
MAX_WORD_BYTES = 256  # no operator that is let through has a name this long
DIALECTS = {
    "0": "builtin",
    "1": "pd_op",
    "2": "cf",
}  # as the new form abbreviates them; others are not served
PARAMETER = "p"  # the new form's short word for a weight


class BadProgram(ValueError):
    """A file that holds no program, or one that may not run; the text goes on after the file's name."""


def check_program(path: Path, *, certain: bool = True) -> None:
    """BadProgram unless every operator only computes; a file that is no program by its name is not looked at.

    certain: JSON has to be a program; else it may be anything.
    """
    match path.suffix:
        case ".pdmodel":
            _check_size(path)
            with _mapped(path) as data:
                _check_legacy(data)
        case ".json":
            _check_size(path)
            document = program_json(path.read_bytes())
            if certain or (isinstance(document, dict) and document.keys() & {"base_code", "program"}):
                _check_new(document)
        case ".onnx":
            with _mapped(path) as data:
                _check_onnx(data)
        case _ if certain:
            raise BadProgram("is named as a program and has another suffix: .pdmodel, .json or .onnx")


def _check_size(path: Path) -> None:
    size = path.stat().st_size
    if size > MAX_GRAPH_BYTES:
        raise BadProgram(f"has {size} bytes, a program without its weights has {MAX_GRAPH_BYTES} at most")


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        try:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # an empty file cannot be mapped
            raise BadProgram("is empty") from None


@dataclass(frozen=True)
class Schema:
    """What is looked at in a message: {kind: {field: kind of the message in it}}, and fields to take."""

    root: str
    inside: Mapping[str, Mapping[int, str]]
    taken: Mapping[str, tuple[int, ...]]


LEGACY = Schema(
    root="Program",
    inside={"Program": {1: "Block"}, "Block": {4: "Operator"}},
    taken={"Operator": (3,)},
)
FUNCTION_NAME, FUNCTION_DOMAIN = 1, 10
NODE_OPERATOR, NODE_DOMAIN = 4, 7
TENSOR_EXTERNAL, TENSOR_LOCATION = 13, 14
ONNX = Schema(
    root="Model",
    inside={
        "Model": {7: "Graph", 20: "Training", 25: "Function"},
        "Training": {1: "Graph", 2: "Graph"},
        "Function": {7: "Node", 11: "Attribute"},
        "Graph": {1: "Node", 5: "Tensor", 15: "SparseTensor"},
        "Node": {5: "Attribute"},
        "Attribute": {
            5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "SparseTensor", 23: "SparseTensor",
        },
        "SparseTensor": {1: "Tensor", 2: "Tensor"},
    },
    taken={
        "Function": (FUNCTION_NAME, FUNCTION_DOMAIN),
        "Node": (NODE_OPERATOR, NODE_DOMAIN),
        "Tensor": (TENSOR_EXTERNAL, TENSOR_LOCATION),
    },
)  # fmt: skip
Taken = tuple[str, dict[int, list[bytes]]]


def _messages(data: Bytes, schema: Schema) -> Iterator[Taken]:
    """Every message of a kind with taken fields, those inside others first."""
    fields = Fields(data, MAX_FIELDS)

    def visit(kind: str, start: int, end: int, depth: int) -> Iterator[Taken]:
        if depth > MAX_DEPTH:
            raise BadProgram(f"holds messages inside messages, more than {MAX_DEPTH} deep")
        inside, taken = schema.inside.get(kind, {}), schema.taken.get(kind, ())
        found: dict[int, list[bytes]] = {number: [] for number in taken}
        for number, begin, stop in fields.of(start, end):
            if number in inside:
                yield from visit(inside[number], begin, stop, depth + 1)
            elif number in found:
                found[number].append(bytes(data[begin : min(stop, begin + MAX_WORD_BYTES)]))
        if taken:
            yield kind, found

    try:
        yield from visit(schema.root, 0, len(data), 0)
    except BadMessage as error:
        raise BadProgram(f"cannot be read: it has {error}") from None


def _check_legacy(data: Bytes) -> None:
    """The .pdmodel form: blocks lie side by side, those of branches and loops too."""
    for _, found in _messages(data, LEGACY):
        if problem := paddle_problem(_only(found[3], "operator")):
            raise BadProgram(problem)


def _only(words: list[bytes], what: str) -> str:
    """A word that must be there once: of several, two readers could take different ones."""
    if len(words) != 1:
        raise BadProgram(f"cannot be read: it has an {what} with {len(words)} names")
    return words[0].decode("utf-8", "backslashreplace")


def _check_onnx(data: Bytes) -> None:
    """The ONNX form: graphs in attributes, in functions and for training count, and so do their tensors."""
    nodes, functions = set[tuple[str, str]](), set[tuple[str, str]]()
    for kind, found in _messages(data, ONNX):
        if kind == "Tensor":
            if found[TENSOR_EXTERNAL] or any(any(place) for place in found[TENSOR_LOCATION]):
                raise BadProgram("keeps weights in other files: save it again as one file")
            continue
        domain, name = (NODE_DOMAIN, NODE_OPERATOR) if kind == "Node" else (FUNCTION_DOMAIN, FUNCTION_NAME)
        where = _only(found[domain] or [b""], "operator")
        (nodes if kind == "Node" else functions).add((where, _only(found[name], "operator")))
    for domain_, name_ in sorted(nodes - functions):
        if problem := onnx_problem(domain_, name_):
            raise BadProgram(problem)


def program_json(data: bytes) -> Any:
    """The .json form as it is; BadProgram where two readers could read it differently, or none can."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            raise BadProgram("cannot be read: it has a key twice in one object")
        return made

    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=once)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BadProgram(f"cannot be read as JSON ({' '.join(str(error).split())[:100]})") from None


def _check_new(document: Any) -> None:
    """The .json form, where branches and loops hold regions of their own."""
    waiting = [(document.get("program") if isinstance(document, dict) else None, "program")]
    while waiting:
        holder, what = waiting.pop()
        for region in _list(holder, "regions", what):
            for block in _list(region, "blocks", "region"):
                for operator in _list(block, "ops", "block"):
                    name = operator.get("#") if isinstance(operator, dict) else None
                    if not isinstance(name, str):
                        raise BadProgram("cannot be read: it has an operator without a name")
                    if name != PARAMETER and (problem := paddle_problem(_full_name(name))):
                        raise BadProgram(problem)
                    if "regions" in operator:
                        waiting.append((operator, "operator"))


def _list(holder: Any, key: str, what: str) -> list[Any]:
    found = holder.get(key) if isinstance(holder, dict) else None
    if not isinstance(found, list):
        raise BadProgram(f"cannot be read: it has a {what} without a list of {key}")
    return found


def _full_name(name: str) -> str:
    dialect, _, rest = name.partition(".")
    return f"{DIALECTS.get(dialect, dialect)}.{rest}"
