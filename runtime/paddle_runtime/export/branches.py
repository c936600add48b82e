"""The branches in the user's code and the sides of them that ran. Pure: source text and counts go in.

What for: a fixed shape lets Paddle drop a side of a branch in silence, and the program then answers wrongly.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

from paddle_runtime.export.watch import Executed, Span, spans

Tested = ast.If | ast.IfExp | ast.While
SHAPE_NAMES = frozenset({"shape", "size", "numel"})


@dataclass(frozen=True)
class Branch:
    """One condition. sides: which outcomes ran. raises: those that only raise.

    on_shape: the condition is made of sizes of tensors. on_values: it asks a tensor for its value.
    """

    file: str
    line: int
    condition: str
    sides: frozenset[bool]
    on_shape: bool
    on_values: bool
    raises: frozenset[bool]
    numbers: frozenset[int]

    @property
    def place(self) -> str:
        """As people look for it."""
        return f"{Path(self.file).name}:{self.line}: if {self.condition}"

    @property
    def missing(self) -> frozenset[bool]:
        """The sides that did not run; one that only raises is a check of the input and is never served."""
        return frozenset({True, False}) - self.sides - self.raises


def branches(seen: Mapping[CodeType, Executed]) -> list[Branch]:
    """Every condition that was evaluated, with the sides that ran."""
    found = []
    by_file: dict[str, list[tuple[CodeType, Executed]]] = {}
    for code, executed in seen.items():
        by_file.setdefault(code.co_filename, []).append((code, executed))
    for file, codes in by_file.items():
        tree = ast.parse(Path(file).read_text(encoding="utf-8"))
        conditions = list(_conditions(tree))
        for code, executed in codes:
            placed = [(index, span) for index, span in enumerate(spans(code)) if span is not None]
            for node, function in conditions:
                if taken := _sides(node, placed, executed):
                    found.append(_branch(file, node, function, sides=taken, executed=executed, placed=placed))
    return sorted(found, key=lambda branch: (branch.file, branch.line, branch.condition))


def merged(runs: Iterable[Iterable[Branch]]) -> list[Branch]:
    """The same branches over several runs: the sides add up."""
    all_of: dict[tuple[str, int, str], Branch] = {}
    for branch in (branch for run in runs for branch in run):
        key = (branch.file, branch.line, branch.condition)
        before = all_of.get(key)
        sides = branch.sides | (before.sides if before else frozenset())
        all_of[key] = Branch(**{**branch.__dict__, "sides": sides})
    return list(all_of.values())


def _conditions(tree: ast.Module) -> Iterator[tuple[Tested, ast.AST]]:
    """Each condition with the function it stands in."""

    def inside(node: ast.AST, function: ast.AST) -> Iterator[tuple[Tested, ast.AST]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Tested):
                yield child, function
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from inside(child, child if is_function else function)

    return inside(tree, tree)


def _sides(node: Tested, placed: list[tuple[int, Span]], executed: Executed) -> frozenset[bool]:
    """Which outcomes the condition had in this code; empty where it was not evaluated here."""
    tests = _first_count(_span(node.test), placed, executed)
    if tests == 0:
        return frozenset()
    body = node.body if isinstance(node.body, list) else [node.body]
    entered = _first_count(Span(_span(body[0]).start, _span(body[-1]).end), placed, executed)
    left = tests > entered or isinstance(node, ast.While)
    return frozenset({side for side, ran in ((True, entered > 0), (False, left)) if ran})


def _first_count(span: Span, placed: list[tuple[int, Span]], executed: Executed) -> int:
    """How often the first instruction of a place ran: a loop inside it does not count."""
    for index, place in placed:
        if span.holds(place) and executed.hits[index]:
            return executed.hits[index]
    return 0


def _span(node: ast.expr | ast.stmt) -> Span:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return Span((node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset))


def _branch(
    file: str,
    node: Tested,
    function: ast.AST,
    *,
    sides: frozenset[bool],
    executed: Executed,
    placed: list[tuple[int, Span]],
) -> Branch:
    sized = _made_of_sizes(function)
    otherwise = node.orelse if isinstance(node.orelse, list) else [node.orelse]
    raises = {
        side
        for side, body in ((True, node.body), (False, otherwise))
        if isinstance(body, list) and body and all(isinstance(line, ast.Raise) for line in body)
    }
    return Branch(
        file=file,
        line=node.lineno,
        condition=ast.unparse(node.test),
        sides=sides,
        on_shape=_mentions(node.test, sized),
        on_values=any(_span(node.test).holds(place) for index, place in placed if index in executed.values),
        raises=frozenset(raises),
        numbers=frozenset(_numbers(node.test, function, executed)),
    )


def _made_of_sizes(function: ast.AST) -> frozenset[str]:
    """Names in a function that hold sizes, or something computed from sizes."""
    names: set[str] = set()
    grown = True
    while grown:
        grown = False
        for node in ast.walk(function):
            value = getattr(node, "value", None) or getattr(node, "iter", None)
            if not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr | ast.For):
                continue
            if not isinstance(value, ast.expr) or not _mentions(value, names):
                continue
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            new = {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
            grown = grown or not new <= names
            names |= new
    return frozenset(names)


def _mentions(node: ast.expr, names: Iterable[str]) -> bool:
    """Whether an expression reads a size; the rank, len(x.shape), is the same for every request."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len":
        return False
    if isinstance(node, ast.Attribute) and node.attr in SHAPE_NAMES:
        return True
    if isinstance(node, ast.Name) and node.id in set(names):
        return True
    return any(
        _mentions(child, names) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)
    ) or any(_mentions(keyword.value, names) for keyword in getattr(node, "keywords", ()))


def _numbers(test: ast.expr, function: ast.AST, executed: Executed) -> Iterator[int]:
    """Whole numbers that the condition compares with: shapes on both sides of them are worth a try."""
    local = {
        target.id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(test):
        value: object = None
        if isinstance(node, ast.Constant):
            value = node.value
        elif isinstance(node, ast.Name):
            value = executed.names.get(node.id)
            assigned = local.get(node.id)
            if isinstance(assigned, ast.expr):
                yield from (
                    part.value
                    for part in ast.walk(assigned)
                    if isinstance(part, ast.Constant) and type(part.value) is int
                )
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
            value = getattr(executed.owner, node.attr, None)
        if type(value) is int:
            yield value
