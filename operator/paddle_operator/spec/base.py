"""The base of every block of the resource, and JSON that cannot be changed.

Python names are snake case, the resource's names camel case. Parsing is strict: "2" is not 2, unknown
fields are refused. A docstring under a field is its description in `kubectl explain`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema

type_json = Any
"""A JSON value as Python's json module makes it; only for values handed on unread."""


class Block(BaseModel):
    """One object of the resource."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        use_attribute_docstrings=True,
    )


@dataclass(frozen=True, slots=True)
class FrozenJson:
    """A JSON value kept as canonical text: hashable, comparable, and nobody can change it in place."""

    text: str

    @classmethod
    def of(cls, value: type_json) -> FrozenJson:
        """Freeze a value; keys are sorted, so equal values have equal text."""
        return cls(canonical_json(value))

    def thaw(self) -> type_json:
        """Return a fresh copy that the caller may change."""
        return json.loads(self.text)

    def __bool__(self) -> bool:
        return self.text not in {"{}", "[]", "null", '""'}


@dataclass(frozen=True, slots=True)
class FrozenAs:
    """Annotation: check the value as this type, then keep it frozen. The schema is the type's."""

    inner: type_json

    def __get_pydantic_core_schema__(self, source: type_json, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Tell pydantic how to check, freeze and write the value."""
        return core_schema.no_info_after_validator_function(
            FrozenJson.of,
            handler.generate_schema(self.inner),
            serialization=core_schema.plain_serializer_function_ser_schema(FrozenJson.thaw),
        )


def canonical_json(value: type_json) -> str:
    """Return the one text of a value: sorted keys, no spaces, non-ASCII kept."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


ShortText = Annotated[str, Field(min_length=1, max_length=128)]
ObjectName = Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
"""A name of one DNS label, which nearly every referenced object has."""
SubdomainName = Annotated[
    str, Field(min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
]
DecimalText = Annotated[str, Field(min_length=1, max_length=12)]
"""A decimal number as a string: the API knows no floats. Rules hold its form and range."""
QuantityText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=20,
        pattern=r"^[0-9]+(\.[0-9]{1,9})?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$",
    ),
]
EMPTY_OBJECT = FrozenJson("{}")
EMPTY_LIST = FrozenJson("[]")
