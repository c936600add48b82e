"""Options of a request: how each is checked, whichever way it comes, and its schema for OpenAPI. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from paddle_runtime import page_ranges
from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.page_ranges import Ranges

TRUE_WORDS = ("true", "1", "yes", "on")
FALSE_WORDS = ("false", "0", "no", "off")
PDF_DPI_RANGE = (36, 600)
TOP_K_RANGE = (1, 1000)

Value = bool | float | Ranges
Options = dict[str, Value]


@dataclass(frozen=True)
class Option:
    """check: from a name and what came for it to its value, or Invalid. schema: the same for OpenAPI."""

    check: Callable[[str, object], Value]
    schema: Mapping[str, object]


def parse_options(
    values: Mapping[str, object] | Iterable[tuple[str, object]], known: Sequence[str]
) -> Options:
    """Options of a request from query, form or JSON; unknown names are refused, so typos are seen."""
    result: Options = {}
    for name, value in values.items() if isinstance(values, Mapping) else values:
        if name not in known:
            have = f"known are {', '.join(known)}" if known else "there are none here"
            raise Invalid(RequestReason.MALFORMED, f"unknown option {name[:40]!r}; {have}")
        result[name] = OPTIONS[name].check(name, value)
    return result


def _flag(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in TRUE_WORDS + FALSE_WORDS:
        return value.lower() in TRUE_WORDS
    raise Invalid(RequestReason.MALFORMED, f"option {name} is {str(value)[:40]!r}; give true or false")


def _score(name: str, value: object) -> float:
    number = math.nan
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
    if not 0.0 <= number <= 1.0:
        raise Invalid(
            RequestReason.MALFORMED, f"option {name} is {str(value)[:40]!r}; give a number from 0 to 1"
        )
    return number


def _whole(least: int, most: int) -> Callable[[str, object], int]:
    """The check of an option that is a whole number."""

    def check(name: str, value: object) -> int:
        text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
        if not re.fullmatch(r"\d{1,4}", text, re.ASCII) or not least <= int(text) <= most:
            raise Invalid(
                RequestReason.MALFORMED,
                f"option {name} is {str(value)[:40]!r}; give a whole number from {least} to {most}",
            )
        return int(text)

    return check


def _whole_option(least: int, most: int) -> Option:
    return Option(_whole(least, most), {"type": "integer", "minimum": least, "maximum": most})


OPTIONS: Mapping[str, Option] = {
    "cls": Option(_flag, {"type": "boolean"}),
    "minScore": Option(_score, {"type": "number", "minimum": 0, "maximum": 1}),
    "pages": Option(page_ranges.parse, {"type": "string", "examples": ["1-3,5"]}),
    "dpi": _whole_option(*PDF_DPI_RANGE),
    "topK": _whole_option(*TOP_K_RANGE),
}
