"""inference.yml of PaddleOCR, PaddleClas and PaddleX: operators, a program, one step after it. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from paddle_runtime.bundle.bare.described import Exported
from paddle_runtime.bundle.bare.faults import parsed


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Global(_Part):
    """What it says of the model."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model_name: str = ""


class PreProcess(_Part):
    """The operators before the program."""

    transform_ops: list[Any]


class Document(_Part):
    """The whole file. Hpi concerns PaddleX's own engines."""

    about: Global = Field(default=Global(), alias="Global")
    hpi: Any = Field(default=None, alias="Hpi")
    before: PreProcess = Field(alias="PreProcess")
    after: dict[str, Any] = Field(alias="PostProcess")


def document_of(exported: Exported) -> Document:
    """The folder's inference.yml."""
    where = exported.configuration
    return parsed(where, "the file", Document, exported.documents[where])
