"""Each name is written down once."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

from paddle_operator import names


def test_no_constant_is_defined_twice() -> None:
    tree = ast.parse(Path(names.__file__).read_text(encoding="utf-8"))
    defined = Counter(
        target.id
        for one in tree.body
        if isinstance(one, ast.Assign)
        for target in one.targets
        if isinstance(target, ast.Name)
    )
    assert [name for name, times in defined.items() if times > 1] == []


def test_no_metric_has_two_names() -> None:
    values = Counter(value for name, value in vars(names).items() if name.startswith("METRIC_"))
    assert [value for value, times in values.items() if times > 1] == []
