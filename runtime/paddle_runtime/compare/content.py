"""What an answer says, whatever endpoint gave it: a text, classes, objects or tensors. Pure.

An expected answer is written in the same form, so that an answer that is right can be copied into a golden
set as it is; what nobody wants to hold it to (scores, shapes) is left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

NAMED_BYTES = ("lines", "classes", "objects")
"""Outputs of the Open Inference Protocol that carry a task's own answer, a JSON object in each element."""


class Incomparable(ValueError):
    """It says nothing that is compared; the message tells what it has."""


@dataclass(frozen=True)
class Text:
    """Lines that were read, in their order."""

    text: str


@dataclass(frozen=True)
class Class:
    """A class; without a score it is held to its name alone."""

    label: str
    score: float | None = None


@dataclass(frozen=True)
class Classes:
    """The likeliest class of each text or picture, None where none was sure enough."""

    first: tuple[Class | None, ...]


@dataclass(frozen=True)
class Object(Class):
    """An object and its box: left, top, right, bottom."""

    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Objects:
    """Objects in any order."""

    found: tuple[Object, ...]


@dataclass(frozen=True)
class Tensor:
    """Its values, row by row. No shape: only their number counts."""

    name: str
    shape: tuple[int, ...] | None
    values: tuple[float, ...]


@dataclass(frozen=True)
class Tensors:
    """Outputs by their names."""

    outputs: Mapping[str, Tensor]


Content = Text | Classes | Objects | Tensors


def content_of(document: object) -> Content:
    """What a JSON answer says; Incomparable where it has none of the known parts."""
    try:
        return _content(_object(document))
    except (KeyError, TypeError) as error:
        raise Incomparable(f"a part is missing or of another kind: {error}") from error


def _content(answer: Mapping[str, Any]) -> Content:
    if "outputs" in answer:
        return _outputs(_list(answer["outputs"]))
    parts = _parts(answer)
    if all("lines" in part or "text" in part for part in parts):
        return Text("\n".join(line for part in parts for line in _lines(part)))
    if all("classes" in part for part in parts):
        return Classes(tuple(_first(_list(part["classes"])) for part in parts))
    if all("objects" in part for part in parts):
        return Objects(tuple(_found(_object(one)) for part in parts for one in _list(part["objects"])))
    raise Incomparable(
        f"it has {', '.join(sorted(answer)) or 'nothing'}, and none of lines, text, classes, objects, outputs"
    )


def _parts(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The pages of a document, the results of several texts, else the answer itself."""
    for several in ("pages", "results"):
        if several in answer:
            return [_object(one) for one in _list(answer[several])]
    return [answer]


def _outputs(outputs: list[Any]) -> Content:
    named = {str(_object(one)["name"]): one for one in outputs}
    for name in NAMED_BYTES:
        if name in named and named[name].get("datatype", "BYTES") == "BYTES":
            elements = [json.loads(element) for element in _list(named[name]["data"])]
            return _content({name: elements})
    return Tensors({name: _tensor(name, output) for name, output in named.items()})


def _tensor(name: str, output: Mapping[str, Any]) -> Tensor:
    if "data" not in output:
        raise Incomparable(f"output {name} is not in the JSON; ask for it without binary_data")
    shape = None if output.get("shape") is None else tuple(int(size) for size in output["shape"])
    return Tensor(name, shape, tuple(_flat(name, output["data"])))


def _flat(name: str, data: object) -> Iterator[float]:
    if isinstance(data, list):
        for each in data:
            yield from _flat(name, each)
    else:
        yield _number(data, f"output {name}")


def _lines(part: Mapping[str, Any]) -> Iterator[str]:
    for line in _list(part["lines"]) if "lines" in part else [part["text"]]:
        yield str(line["text"] if isinstance(line, dict) else line)


def _first(classes: list[Any]) -> Class | None:
    if not classes:
        return None
    first = classes[0] if isinstance(classes[0], dict) else {"label": classes[0]}
    return Class(str(first["label"]), _score(first))


def _found(one: Mapping[str, Any]) -> Object:
    left, top, right, bottom = (_number(each, "a box") for each in _list(one["box"]))
    return Object(str(one["label"]), _score(one), (left, top, right, bottom))


def _score(one: Mapping[str, Any]) -> float | None:
    return None if one.get("score") is None else _number(one["score"], "a score")


def _number(value: object, what: str) -> float:
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise Incomparable(f"{what} holds {str(value)[:40]!r}, which is no number")
    return float(value)


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Incomparable(f"{str(value)[:40]!r} is no JSON object")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise Incomparable(f"{str(value)[:40]!r} is no list")
    return value
