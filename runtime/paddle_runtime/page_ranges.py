"""Which pages of a document a caller wants: the option `pages`, for instance 2, 1-3 or 1,4-6. Pure.

Read by the front end, which knows how many pages may be asked for, and by the worker, which knows how many
there are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from paddle_runtime.errors import Invalid, RequestReason

ONE = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?", re.ASCII)
MAX_TEXT = 100
# [first, last] of each range, counted from 1; the form in which they travel to the worker, as JSON.
Ranges = list[list[int]]


def parse(name: str, value: object) -> Ranges:
    """Ranges from text, or from a number as JSON has it; rising, none touching the one before."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    found = [ONE.fullmatch(part.strip()) for part in text.split(",")] if len(text) <= MAX_TEXT else [None]
    ranges = [(int(match[1]), int(match[2] or match[1])) for match in found if match]
    if len(ranges) < len(found) or any(not 1 <= first <= last for first, last in ranges):
        raise Invalid(
            RequestReason.MALFORMED,
            f"option {name} is {str(value)[:40]!r}; give page numbers from 1 to 9999, like 2 or 1-3,5",
        )
    joined: Ranges = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1][1] = max(joined[-1][1], last)
        else:
            joined.append([first, last])
    return joined


def last_needed(ranges: Sequence[Sequence[int]] | None, most: int) -> int:
    """How many pages must be looked at: up to the last one that is wanted, or one more than is allowed."""
    return ranges[-1][1] if ranges else most + 1


def chosen(ranges: Sequence[Sequence[int]] | None, pages: int, most: int) -> list[int]:
    """The numbers of the pages to read of a document of `pages` pages, `most` of them at most; or Invalid."""
    wanted = ranges or [[1, pages]]
    count = sum(last - first + 1 for first, last in wanted)
    if count > most:
        several = (
            f"the option pages asks for {count} pages"
            if ranges
            else f"the document has more than {most} pages"
        )
        raise Invalid(
            RequestReason.TOO_MANY_PAGES,
            f"{several} and {most} are read at a time; choose some with the option pages, for instance "
            f"pages=1-{most}",
        )
    if wanted[-1][1] > pages:
        raise Invalid(
            RequestReason.NO_SUCH_PAGE,
            f"the option pages asks for page {wanted[-1][1]} and the document has {pages}; ask for others",
        )
    return [number for first, last in wanted for number in range(first, last + 1)]
