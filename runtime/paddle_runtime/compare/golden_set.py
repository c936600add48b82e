"""The golden set: requests, and what is expected of their answers. One JSON file, with files beside it.

In a cluster it is a ConfigMap that is mounted: golden.json is a key of it, and each picture another.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel

from paddle_runtime.bundle.problems import problems
from paddle_runtime.compare.content import Content, Incomparable, content_of
from paddle_runtime.compare.faults import CompareFault, CompareReason

MOST_BYTES = 32 << 20
"""Of golden.json, and of each file. A ConfigMap holds 1 MiB altogether."""
KEY = r"^[-._a-zA-Z0-9]{1,253}$"
"""A key of a ConfigMap: no path, so nothing outside the folder is read."""
PATH = r"^/(v1|v2/models|ocr)(/|\?|$)[!-~]*$"
"""What runs the model, and what a gateway sends on."""
EXAMPLE = '{"cases": [{"name": "a", "path": "/v1/ocr", "file": "a.png", "expected": {"lines": ["text"]}}]}'
HOW_TO = "docs/reference/golden-set.md says how it is written"


class Case(BaseModel):
    """One request, and on wish what is expected of its answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    name: Annotated[str, Field(max_length=63, pattern=r"^[-._ \w]+$")]
    path: Annotated[str, Field(pattern=PATH, max_length=500)]
    body: Annotated[dict[str, Any] | None, Field(alias="json")] = None
    file: Annotated[str, Field(pattern=KEY)] | None = None
    content_type: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[ -~]+$")] | None = None
    expected: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one_body(self) -> Case:
        if (self.body is None) == (self.file is None):
            raise ValueError("a case has one of json, the body as it is sent, and file, a file beside it")
        return self

    @field_validator("expected")
    @classmethod
    def _comparable(cls, expected: dict[str, Any] | None) -> dict[str, Any] | None:
        if expected is not None:
            content_of(expected)  # Incomparable is a ValueError, which says what it has
        return expected

    @property
    def wanted(self) -> Content | None:
        """What the answer has to say."""
        return None if self.expected is None else content_of(self.expected)


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    cases: Annotated[tuple[Case, ...], Field(min_length=1, max_length=500)]

    @model_validator(mode="after")
    def _names_differ(self) -> _Document:
        names = [case.name for case in self.cases]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"cases are told apart by their names, and these stand there twice: {twice[:5]}")
        return self


@dataclass(frozen=True)
class Request:
    """What is sent, and what the answer has to say where that is known."""

    name: str
    path: str
    content_type: str
    body: bytes
    wanted: Content | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def cases_in(document: object) -> tuple[Request, ...]:
    """The requests of a set that somebody else made, without files; ValueError where it is none."""
    return tuple(_request(Path(), case) for case in _Document.model_validate(document).cases)


def read_golden_set(path: Path) -> tuple[Request, ...]:
    """All requests of the set, in its order; CompareFault GoldenSetInvalid says what to mend."""
    document = _parsed(path)
    return tuple(_request(path.parent, case) for case in document.cases)


def _parsed(path: Path) -> _Document:
    if all(one.name.startswith("..") for one in path.parent.glob("*")):  # what a kubelet needs for itself
        _refuse(
            f"there is no {path.name}, nor anything beside it: the ConfigMap that goldenSetRef names does "
            f"not exist, or is empty. Make it, with the set under the key {path.name}"
        )
    text = _bytes(path, f"put the set under the key {path.name} of the ConfigMap that goldenSetRef names")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        _refuse(f"{path.name} is not JSON ({str(error)[:200]}): write for instance {EXAMPLE}")
    try:
        return _Document.model_validate(found)
    except (ValidationError, Incomparable) as error:
        told = problems(error) if isinstance(error, ValidationError) else [str(error)]
        _refuse(f"{path.name} is no golden set: {'; '.join(told)}. {HOW_TO}")


def _request(folder: Path, case: Case) -> Request:
    if case.file is None:
        body, kind = json.dumps(case.body, ensure_ascii=False).encode(), "application/json"
    else:
        remedy = f"put it under this key of binaryData, or mend the case {case.name!r}"
        body, kind = _bytes(folder / case.file, remedy), "application/octet-stream"
    return Request(case.name, case.path, case.content_type or kind, body, case.wanted)


def _bytes(path: Path, remedy: str) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            _refuse(f"{path.name} has {path.stat().st_size} bytes, more than {MOST_BYTES}: send less at once")
        return path.read_bytes()
    except OSError as error:
        _refuse(f"{path.name} cannot be read ({error.strerror}): {remedy}")


def _refuse(message: str) -> NoReturn:
    raise CompareFault(CompareReason.GoldenSetInvalid, f"{message}.")
