"""What is wrong with a document that was read, in few words however much it holds. Pure."""

from __future__ import annotations

import reprlib

from pydantic import ValidationError

MOST_TOLD = 5
SHOWN_CHARACTERS = 80


def problems(error: ValidationError) -> list[str]:
    """What is wrong with a document, the first few: which field, its value, why."""
    shown = []
    for item in error.errors(include_url=False)[:MOST_TOLD]:
        field = ".".join(str(part) for part in item["loc"]) or "document"
        shown.append(f"{field} = {brief(item.get('input'))}: {item['msg']}")
    return shown


def brief(value: object) -> str:
    """The beginning of a value; of one that YAML's references make endless no more is looked at."""
    shortened = reprlib.Repr()
    shortened.maxlevel, shortened.maxstring, shortened.maxother = 2, SHOWN_CHARACTERS, SHOWN_CHARACTERS
    return shortened.repr(value)[:SHOWN_CHARACTERS]
