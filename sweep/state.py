"""What is in the cluster, without what differs between two runs that did the same. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

State = Mapping[str, Any]
"""The objects by "kind name"."""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_UID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
FORGOTTEN = (
    "/metadata/managedFields",
    "/metadata/resourceVersion",
    "/spec/clusterIP",
    "/spec/clusterIPs",
    "/spec/ports/*/nodePort",
)
"""JSON pointers (RFC 6901) to what the API server makes up; `*` stands for every item."""
_SHOWN = 12
_LONGEST, _AROUND = 120, 40
"""Characters of a value that are shown, and how many of them before a difference."""
_ABSENT = object()


def state_of(
    objects: Iterable[Mapping[str, Any]], namespace: str, forget: Sequence[str] = ()
) -> dict[str, Any]:
    """The objects as two runs can be compared: times, uids, the namespace and made-up names have no value."""
    found: dict[str, list[Any]] = {}
    for one in objects:
        name = _replaced(name_of(one), namespace)
        bare: Any = {**one, "metadata": {**one["metadata"], "name": name}}
        for pointer in (*FORGOTTEN, *forget):
            bare = _without(bare, _steps(pointer))
        found.setdefault(f"{one['kind']} {name}", []).append(_replaced(bare, namespace))
    return {key: _one_or_sorted(items) for key, items in sorted(found.items())}


def name_of(one: Mapping[str, Any]) -> str:
    """Its name, where the API server made none up."""
    generated = one["metadata"].get("generateName")
    return f"{generated}*" if generated else str(one["metadata"]["name"])


def differences(expected: State, found: State) -> list[str]:
    """Say where two states differ, a line each, the first dozen of them."""
    lines = list(_differences(expected, found))
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return lines[:_SHOWN] + more


def _differences(expected: State, found: State) -> Iterator[str]:
    for key in sorted(expected.keys() | found.keys()):
        if key not in found:
            yield f"{key}: is missing"
        elif key not in expected:
            yield f"{key}: was not to be: {_short(found[key])}"
        else:
            for pointer, was, is_ in _places(expected[key], found[key], ""):
                same = _in_common(was, is_)
                yield f"{key} {pointer}: is {_short(is_, same)}, was to be {_short(was, same)}"


def pointed(value: Any, pointer: str) -> Any:
    """What a JSON pointer without `*` leads to, None for nothing."""
    for step in _steps(pointer):
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value


def goes_back(expected: Sequence[Any], found: Sequence[Any]) -> bool:
    """Whether values came in another order than expected; one that was left out never came back."""
    rest = iter(expected)
    return not all(any(value == other for other in rest) for value in found)


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _without(value: Any, steps: Sequence[str]) -> Any:
    """The value without what the steps lead to."""
    first, *rest = steps
    if isinstance(value, list):
        return [
            _without(item, rest) if rest and first in {"*", str(at)} else item
            for at, item in enumerate(value)
        ]
    if not isinstance(value, dict):
        return value
    chosen = value.keys() if first == "*" else {first}
    return {
        key: _without(item, rest) if key in chosen else item
        for key, item in value.items()
        if rest or key not in chosen
    }


def _replaced(value: Any, namespace: str) -> Any:
    if isinstance(value, dict):
        return {_replaced(key, namespace): _replaced(item, namespace) for key, item in _ordered(value)}
    if isinstance(value, list):
        return [_replaced(item, namespace) for item in value]
    if isinstance(value, str):
        return _UID.sub("UID", _TIME.sub("TIME", value)).replace(namespace, "NAMESPACE")
    return value


def _ordered(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Conditions by their types: whoever writes them adds what is new at the end."""
    for key, item in value.items():
        by_type = key == "conditions" and isinstance(item, list) and all("type" in one for one in item)
        yield key, sorted(item, key=lambda one: str(one["type"])) if by_type else item


def _one_or_sorted(items: list[Any]) -> Any:
    """One object of a name, or all of a made-up one in an order of their own."""
    return items[0] if len(items) == 1 else sorted(items, key=lambda item: json.dumps(item, sort_keys=True))


def _places(expected: Any, found: Any, pointer: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(expected.keys() | found.keys()):
            step = key.replace("~", "~0").replace("/", "~1")
            yield from _places(expected.get(key, _ABSENT), found.get(key, _ABSENT), f"{pointer}/{step}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for at, (was, is_) in enumerate(zip(expected, found, strict=True)):
            yield from _places(was, is_, f"{pointer}/{at}")
    elif expected != found:
        yield pointer, expected, found


def _in_common(was: Any, is_: Any) -> int:
    """How many characters two texts begin with alike."""
    pairs = zip(_text(was), _text(is_), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _short(value: Any, same: int = 0) -> str:
    """The value, or of a long one what is about its first difference."""
    text = _text(value)
    start = max(same - _AROUND, 0) if len(text) > _LONGEST else 0
    end = start + _LONGEST
    return f"{'...' if start else ''}{text[start:end]}{'...' if end < len(text) else ''}"


def _text(value: Any) -> str:
    return "absent" if value is _ABSENT else json.dumps(value, ensure_ascii=False, sort_keys=True)
