"""The rules of CONTRIBUTING.md that a machine can hold: sizes, names, nothing put off, nothing skipped."""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = sorted(
    path for folder in ("operator", "runtime", "hack", "sweep") for path in (ROOT / folder).rglob("*.py")
)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LARGEST_FILE_LINES = 350
LARGEST_FUNCTION_LINES = 60
USUAL_FUNCTION_LINES = 35
PUT_OFF = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
EMPTY_NAMES = {"utils", "helpers", "manager", "common", "misc"}


def functions(paths: list[Path]) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_file_is_too_long() -> None:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in [*CODE, *TESTS]}
    assert {str(path.relative_to(ROOT)): n for path, n in sizes.items() if n > LARGEST_FILE_LINES} == {}
    assert statistics.median(sizes[path] for path in CODE) <= 120


def test_no_function_is_too_long_and_nine_in_ten_are_short() -> None:
    sizes = {name: length(node) for name, node in functions(CODE)}
    assert {name: n for name, n in sizes.items() if n > LARGEST_FUNCTION_LINES} == {}
    assert sum(n <= USUAL_FUNCTION_LINES for n in sizes.values()) >= 0.9 * len(sizes)


def test_nothing_is_put_off_in_a_comment() -> None:
    assert [path for path in [*CODE, *TESTS] if PUT_OFF.search(path.read_text(encoding="utf-8"))] == []


def test_modules_are_named_for_what_they_do() -> None:
    assert [path for path in CODE if path.stem in EMPTY_NAMES] == []


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    mark = re.compile(r"pytest\.(mark\.)?(skip|skipif|xfail|importorskip)\b")
    here = Path(__file__)
    assert [p for p in TESTS if p != here and mark.search(p.read_text(encoding="utf-8"))] == []


def test_every_function_of_the_code_is_annotated() -> None:
    bare = [
        name
        for name, node in functions(CODE)
        if node.returns is None
        or any(
            argument.annotation is None and argument.arg not in {"self", "cls"}
            for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        )
    ]
    assert bare == []


def test_no_error_is_swallowed_whole() -> None:
    swallowed = []
    for path in [*CODE, *TESTS]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                broad = node.type is None or (
                    isinstance(node.type, ast.Name) and node.type.id == "BaseException"
                )
                if broad and [type(line) for line in node.body] == [ast.Pass]:
                    swallowed.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert swallowed == []
