"""The base of every block of the resource, and JSON that cannot be changed.

Python names are snake case, the resource's names camel case. Parsing is strict: "2" is not 2, unknown
fields are refused. A docstring under a field is its description in `kubectl explain`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

AnyJson = Any
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
    def of(cls, value: AnyJson) -> FrozenJson:
        """Freeze a value; keys are sorted, so equal values have equal text."""
        return cls(canonical_json(value))

    def thaw(self) -> AnyJson:
        """Return a fresh copy that the caller may change."""
        return json.loads(self.text)

    def __bool__(self) -> bool:
        return self.text not in {"{}", "[]", "null", '""'}


@dataclass(frozen=True, slots=True)
class FrozenAs:
    """Annotation: check the value as this type, then keep it frozen. The schema is the type's."""

    inner: AnyJson

    def __get_pydantic_core_schema__(self, source: AnyJson, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Tell pydantic how to check, freeze and write the value."""
        return core_schema.no_info_after_validator_function(
            FrozenJson.of,
            handler.generate_schema(self.inner),
            serialization=core_schema.plain_serializer_function_ser_schema(FrozenJson.thaw),
        )


def canonical_json(value: AnyJson) -> str:
    """Return the one text of a value: sorted keys, no spaces, non-ASCII kept."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


QUANTITY_PATTERN = r"^[0-9]+(\.[0-9]{1,9})?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$"


@dataclass(frozen=True, slots=True)
class KubeQuantity:
    """Annotation: a Kubernetes quantity, a whole number or a string, kept as the user wrote it."""

    def __get_pydantic_core_schema__(self, source: AnyJson, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Tell pydantic how to check the value."""
        return core_schema.no_info_plain_validator_function(
            _check_quantity,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, AnyJson]:
        """Describe the value as Kubernetes does."""
        return {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": True,
            "pattern": QUANTITY_PATTERN,
            "maxLength": 20,
        }


def _check_quantity(value: AnyJson) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 2**53:
        return value
    if isinstance(value, str) and len(value) <= 20 and re.fullmatch(QUANTITY_PATTERN, value, re.ASCII):
        return value
    raise PydanticCustomError("quantity", "must be a quantity such as 500m, 2 or 1Gi")


def list_map(key: str) -> ListType:
    """Annotation: items are told apart by this field, and two appliers can own different items."""
    return ListType("map", (key,))


def list_set() -> ListType:
    """Annotation: every item is there once."""
    return ListType("set", ())


@dataclass(frozen=True, slots=True)
class ListType:
    """Annotation: how the API server merges a list."""

    list_type: str
    keys: tuple[str, ...]

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, AnyJson]:
        """Add the list type to the field's schema."""
        described = handler(schema)
        described["x-kubernetes-list-type"] = self.list_type
        if self.keys:
            described["x-kubernetes-list-map-keys"] = list(self.keys)
        return described


Quantity = Annotated[int | str, KubeQuantity()]
ObjectName = Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
"""A name of one DNS label, such as a namespace's."""
SubdomainName = Annotated[
    str, Field(min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
]
"""A name of DNS labels joined by dots, which most objects have."""
DecimalText = Annotated[str, Field(min_length=1, max_length=12)]
"""A decimal number as a string: the API knows no floats. Rules hold its form and range."""
QuantityText = Annotated[str, Field(min_length=1, max_length=20, pattern=QUANTITY_PATTERN)]
EMPTY_OBJECT = FrozenJson("{}")
