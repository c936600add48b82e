"""What a program takes and gives, read from its own file without Paddle. Pure.

There are two forms: .pdmodel is a protobuf message, of which few fields are looked at here; .json is what
Paddle 3 calls its new intermediate representation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from paddle_runtime.bundle.manifest import UNKNOWN_VERSION
from paddle_runtime.bundle.problems import problems
from paddle_runtime.bundle.programs import MAX_FIELDS, BadProgram, program_json
from paddle_runtime.bundle.signature import TensorSpec
from paddle_runtime.message_fields import BadMessage, Fields

# Numbers of framework.proto's element types and names of the new form's, as the Open Inference Protocol says.
LEGACY_TYPES = {
    0: "BOOL", 1: "INT16", 2: "INT32", 3: "INT64", 4: "FP16", 5: "FP32", 6: "FP64", 20: "UINT8", 21: "INT8",
    22: "BF16",
}  # fmt: skip
NEW_TYPES = {
    "t_bool": "BOOL", "t_i8": "INT8", "t_ui8": "UINT8", "t_i16": "INT16", "t_i32": "INT32", "t_i64": "INT64",
    "t_f16": "FP16", "t_bf16": "BF16", "t_f32": "FP32", "t_f64": "FP64",
}  # fmt: skip
# Fields of framework.proto's messages.
PROGRAM_BLOCKS, PROGRAM_VERSION, VERSION_NUMBER = 1, 4, 1
BLOCK_VARIABLES, BLOCK_OPERATORS = 3, 4
OPERATOR_INPUTS, OPERATOR_OUTPUTS, OPERATOR_KIND, OPERATOR_ATTRIBUTES = 1, 2, 3, 4
ATTRIBUTE_NAME, ATTRIBUTE_INTEGER, ARGUMENT_NAMES = 1, 3, 2
VARIABLE_NAME, VARIABLE_TYPE, TYPE_DENSE, DENSE_TENSOR, ELEMENT_TYPE, DIMENSIONS = 1, 2, 3, 1, 1, 2


@dataclass(frozen=True)
class Program:
    """Inputs and outputs in the program's order; the Paddle that wrote it, where its form tells."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    paddle_version: str


def read_program(name: str, data: bytes) -> Program:
    """A program's file by its name; BadProgram says why it cannot be read."""
    try:
        program = _legacy(data) if name.endswith(".pdmodel") else _new(program_json(data))
    except BadProgram:
        raise
    except BadMessage as error:
        raise BadProgram(f"cannot be read: it has {error}") from error
    except ValidationError as error:
        told = "; ".join(problems(error))
        raise BadProgram(f"takes or gives what is not served ({told})") from error
    except (LookupError, TypeError, ValueError) as error:
        raise BadProgram(f"is no program of Paddle ({error or type(error).__name__})") from error
    if not program.inputs or not program.outputs:
        raise BadProgram(f"has {len(program.inputs)} inputs and {len(program.outputs)} outputs")
    return program


def _new(document: Any) -> Program:
    operators = document["program"]["regions"][0]["blocks"][0]["ops"]
    inputs = [_new_spec(each) for each in operators if each["#"] in {"1.data", "pd_op.data"}]
    outputs = [_new_spec(each) for each in operators if each["#"] in {"1.fetch", "pd_op.fetch"}]
    return Program(_in_order(inputs), _in_order(outputs), UNKNOWN_VERSION)


def _new_spec(operator: Any) -> tuple[int, TensorSpec]:
    attributes = {each["N"]: each["AT"]["D"] for each in operator["A"]}
    element, dimensions = operator["O"][0]["TT"]["D"][:2]
    kind = NEW_TYPES[element["#"].rpartition(".")[2]]
    return attributes.get("col", 0), _spec(attributes["name"], kind, dimensions)


def _in_order(found: list[tuple[int, TensorSpec]]) -> tuple[TensorSpec, ...]:
    """By their column; of equals as they stand."""
    return tuple(spec for _, spec in sorted(found, key=lambda each: each[0]))


def _spec(name: str, datatype: str, shape: list[int]) -> TensorSpec:
    return TensorSpec.model_validate({"name": name, "datatype": datatype, "shape": shape})


@dataclass(frozen=True)
class _Message:
    """A field's content in a file: a message, a text or a number."""

    fields: Fields
    start: int
    end: int

    def all(self, number: int) -> list[_Message]:
        """What the message has under a number."""
        found = self.fields.of(self.start, self.end)
        return [_Message(self.fields, start, end) for at, start, end in found if at == number]

    def first(self, *numbers: int) -> _Message:
        """The first of those under a number, and of that one under the next."""
        message = self
        for number in numbers:
            found = message.all(number)
            if not found:
                raise BadMessage(f"no field {number} where one belongs")
            message = found[0]
        return message

    @property
    def text(self) -> str:
        return self.fields.text(self.start, self.end)

    @property
    def whole(self) -> int:
        return self.fields.whole(self.start, self.end)


def _legacy(data: bytes) -> Program:
    program = _Message(Fields(data, MAX_FIELDS), 0, len(data))
    block = program.first(PROGRAM_BLOCKS)
    variables = {each.first(VARIABLE_NAME).text: each for each in block.all(BLOCK_VARIABLES)}
    found: dict[str, list[tuple[int, TensorSpec]]] = {"feed": [], "fetch": []}
    for operator in block.all(BLOCK_OPERATORS):
        kind = operator.first(OPERATOR_KIND).text
        if kind in found:
            side = OPERATOR_OUTPUTS if kind == "feed" else OPERATOR_INPUTS
            name = operator.first(side, ARGUMENT_NAMES).text
            found[kind].append((_column(operator), _legacy_spec(name, variables[name])))
    versions = [number.whole for each in program.all(PROGRAM_VERSION) for number in each.all(VERSION_NUMBER)]
    return Program(_in_order(found["feed"]), _in_order(found["fetch"]), _version(max(versions, default=0)))


def _legacy_spec(name: str, variable: _Message) -> TensorSpec:
    tensor = variable.first(VARIABLE_TYPE, TYPE_DENSE, DENSE_TENSOR)
    dimensions = [_signed(each.whole) for each in tensor.all(DIMENSIONS)]
    return _spec(name, LEGACY_TYPES[tensor.first(ELEMENT_TYPE).whole], dimensions)


def _column(operator: _Message) -> int:
    """Which input or output of the program a feed or a fetch is."""
    for attribute in operator.all(OPERATOR_ATTRIBUTES):
        if attribute.first(ATTRIBUTE_NAME).text == "col":
            return attribute.first(ATTRIBUTE_INTEGER).whole
    return 0


def _version(number: int) -> str:
    """3002002 is 3.2.2; a Paddle that somebody built without a version writes 0."""
    if not number:
        return UNKNOWN_VERSION
    return f"{number // 1_000_000}.{number // 1_000 % 1_000}.{number % 1_000}"


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value
