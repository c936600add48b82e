"""What is wrong with a document that was read, in few words however much it holds. Pure."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

MOST_TOLD = 5
SHOWN_CHARACTERS = 80


def problems(error: ValidationError) -> list[str]:
    """What is wrong with a document, the first few: which field, its value, why."""
    shown = []
    found = error.errors(include_url=False)
    for item in [one for one in found if not _follows(one, found)][:MOST_TOLD]:
        field = ".".join(str(part) for part in item["loc"]) or "document"
        shown.append(f"{field} = {brief(item.get('input'))}: {item['msg']}")
    return shown


def _follows(item: ErrorDetails, found: Sequence[ErrorDetails]) -> bool:
    """Whether it only says that a list has too few members, because those that it has are wrong."""
    loc = item["loc"]
    inside = any(one["loc"][: len(loc)] == loc for one in found if len(one["loc"]) > len(loc))
    return item["type"] == "too_short" and inside


def brief(value: object) -> str:
    """The beginning of a value; of one that YAML's references make endless no more is looked at."""
    shortened = reprlib.Repr()
    shortened.maxlevel, shortened.maxstring, shortened.maxother = 2, SHOWN_CHARACTERS, SHOWN_CHARACTERS
    return shortened.repr(value)[:SHOWN_CHARACTERS]
