"""One rule, and the makers of the common kinds: forms, percentages, unique names, keys of maps.

A rule stands at one place of the resource and sees the value there as plain JSON with defaults filled in,
which is what CEL sees as `self`. It is not asked where the value is absent. `[*]` in a path means every
item. The API server appends the offending value to the message itself; we do it in `check`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from paddle_operator.spec.base import canonical_json

JsonValue = Any


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `cel` is empty where the schema's list type says the same to the API server, and where only
    the operator can tell (`ours`): it then says so in the status.

    `culprit` names the field whose value is shown, where the rule stands at a block. What was accepted before
    a `late` rule came may break it and is gone by, as far as a refused spec lets anything go on.
    """

    name: str
    at: str
    cel: str
    message: str
    holds: Callable[[JsonValue], bool]
    culprit: str = ""
    ours: bool = False
    late: bool = False


_KEY = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"


def pattern_rule(name: str, at: str, pattern: str, message: str, *, may_be_empty: bool = False) -> Rule:
    """Demand a form. Python and CEL read these expressions the same way."""
    expression = re.compile(pattern, re.ASCII)
    cel = f"self.matches(r'{pattern}')"
    return Rule(
        name,
        at,
        f"self == '' || {cel}" if may_be_empty else cel,
        message,
        lambda text: (may_be_empty and text == "") or expression.fullmatch(text) is not None,
    )


def percent_rule(at: str, *, above: str, below: str, or_equal: bool, example: str) -> Rule:
    """Demand a percentage as a decimal string in a range."""
    expression = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?", re.ASCII)
    comparison = "<=" if or_equal else "<"

    def holds(text: str) -> bool:
        if expression.fullmatch(text) is None:
            return False
        number = Decimal(text)
        return Decimal(above) < number and (number <= Decimal(below) if or_equal else number < Decimal(below))

    return Rule(
        "percent",
        at,
        rf"self.matches(r'^[0-9]{{1,3}}(\.[0-9]{{1,6}})?$') && double(self) > {above} && "
        f"double(self) {comparison} {below}",
        f"must be a decimal string above {above} and {'at most' if or_equal else 'below'} {below}, "
        f"with at most 6 decimals: write for instance {example!r}",
        holds,
    )


def unique_rule(at: str, key: str | None) -> Rule:
    """Demand that items differ, as the schema's list type does."""

    def holds(items: list[JsonValue]) -> bool:
        seen = [canonical_json(item[key] if key else item) for item in items]
        return len(set(seen)) == len(seen)

    what = f"the same {key} twice" if key else "the same item twice"
    return Rule("unique", at, "", f"must not have {what}: rename or remove one", holds)


def key_rules(at: str, *, ours: tuple[str, ...] = (), prefixes: tuple[str, ...] = ()) -> Iterator[Rule]:
    """Demand label-like keys in a map, and that keys of ours are left to us."""
    expression = re.compile(_KEY, re.ASCII)
    yield Rule(
        "key-form",
        at,
        f"self.all(key, key.matches(r'{_KEY}'))",
        "must have keys of the form name or prefix/name, of letters, digits and - _ .",
        lambda mapping: all(expression.fullmatch(key) for key in mapping),
    )
    if not prefixes:
        return
    refused = " || ".join(
        [f"key.startsWith('{prefix}')" for prefix in prefixes] + [f"key == '{key}'" for key in ours]
    )
    yield Rule(
        "reserved-key",
        at,
        f"!self.exists(key, {refused})",
        f"must not set {', '.join(ours)}{' or ' if ours else ''}{', '.join(p + '...' for p in prefixes)}: "
        "the operator sets these itself; remove them",
        lambda mapping: not any(key in ours or key.startswith(prefixes) for key in mapping),
    )


def shown(value: JsonValue) -> str:
    """Write a value as it is shown in a message: as in JSON where it can be, and never long."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def places(body: dict[str, JsonValue], at: str) -> Iterator[tuple[str, JsonValue]]:
    """Yield the concrete path and value of every place in the resource that the path names."""
    places: list[tuple[str, JsonValue]] = [("", body)]
    for step in at.replace("[*]", ".[*]").split(".") if at else []:
        places = [found for path, value in places for found in _children(path, value, step)]
    return iter(places)


def _children(path: str, value: JsonValue, step: str) -> Iterator[tuple[str, JsonValue]]:
    if step == "[*]":
        yield from ((f"{path}[{index}]", item) for index, item in enumerate(value))
    elif step in value:
        yield (f"{path}.{step}" if path else step, value[step])
