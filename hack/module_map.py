"""The list of modules in docs/architecture.md, from their docstrings. --write or --check."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"
PACKAGES = ("operator/paddle_operator", "runtime/paddle_runtime")
BEGIN, END = "<!-- modules -->\n", "<!-- end of modules -->"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the list, or tell whether it is current."""
    parser = argparse.ArgumentParser(prog="hack.module_map", description=__doc__)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true")
    mode.add_argument("--check", action="store_true")
    write = parser.parse_args(argv).write
    page = PAGE.read_text(encoding="utf-8")
    wanted = filled(page, "\n".join(lines()))
    if write:
        PAGE.write_text(wanted, encoding="utf-8")
    elif wanted != page:
        print(f"{PAGE.relative_to(ROOT)}: its list of modules is not current", file=sys.stderr)
        return 1
    return 0


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


if __name__ == "__main__":
    sys.exit(main())
