"""The list of modules in docs/architecture.md, from their docstrings."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from hack.generated import ROOT

PAGE = ROOT / "docs" / "architecture.md"
PACKAGES = ("operator/paddle_operator", "runtime/paddle_runtime")
BEGIN, END = "<!-- modules -->\n", "<!-- end of modules -->"


def files() -> dict[Path, str]:
    """Return the page's text, its list made again."""
    return {PAGE: filled(PAGE.read_text(encoding="utf-8"), "\n".join(lines()))}


def filled(page: str, listing: str) -> str:
    """Return the page with its list replaced."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{listing}\n{END}{tail}"


def lines() -> Iterator[str]:
    """Yield a table for each package, with a row for each module that says something."""
    for package in PACKAGES:
        yield f"### `{package}`"
        yield "| module | |"
        yield "| --- | --- |"
        for path in sorted((ROOT / package).rglob("*.py"), key=lambda path: (len(path.parts), path)):
            if text := first_line(path):
                name = str(path.relative_to(ROOT / package)).removesuffix("__init__.py")
                yield f"| `{name or 'the package'}` | {text} |"
        yield ""


def first_line(path: Path) -> str:
    """Return the first paragraph of a module's docstring on one line; a bar would end the table's cell."""
    documented = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(documented.split("\n\n", 1)[0].split()).replace("|", "\\|")
