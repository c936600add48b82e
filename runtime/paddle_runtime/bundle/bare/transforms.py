"""The operators that a configuration lists, as typed values; what is not known is refused by name. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from paddle_runtime.bundle.bare.faults import parsed, refused
from paddle_runtime.bundle.constants import Interpolation, Triple

Step = tuple[str, object]  # an operator's name and its arguments
QUOTIENT = re.compile(r"^(\d+\.?\d*)/(\d+\.?\d*)$")
INTERPOLATIONS: dict[object, Interpolation] = {
    None: "Linear", "bilinear": "Linear", "linear": "Linear", "bicubic": "Cubic", "cubic": "Cubic",
    1: "Linear", 2: "Cubic",  # OpenCV's numbers
}  # fmt: skip


class Operator(BaseModel):
    """Arguments of one operator; the class has the operator's name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Known = TypeVar("Known", bound=Operator)


class Chain:
    """Operators in the order in which a pipeline here does them."""

    def __init__(self, where: str, found: Sequence[Operator]) -> None:
        self._where = where
        self._found = found

    def get(self, kind: type[Known]) -> Known | None:
        """That operator, where it is there."""
        return next((each for each in self._found if isinstance(each, kind)), None)

    def need(self, kind: type[Known]) -> Known:
        """That operator, without which nothing can be served."""
        found = self.get(kind)
        if found is None:
            raise refused(self._where, f"operator {kind.__name__} is missing")
        return found


def chain(
    where: str, steps: Sequence[Step], order: Sequence[type[Operator]], unused: Collection[str] = ()
) -> Chain:
    """Steps as operators of these kinds in this order, each once at most; `unused` ones are for training."""
    names = [kind.__name__ for kind in order]
    found: list[Operator] = []
    last = -1
    for name, arguments in steps:
        if name in unused:
            continue
        if name not in names:
            raise refused(where, f"operator {name} is not served; served are {', '.join(names)}")
        if names.index(name) <= last:
            raise refused(where, f"operator {name} comes after {names[last]}; served is {', '.join(names)}")
        last = names.index(name)
        found.append(parsed(where, f"operator {name}", order[last], arguments))
    return Chain(where, found)


def keyed_steps(where: str, value: object) -> list[Step]:
    """A list of {Name: arguments or nothing}."""
    if not isinstance(value, list) or not all(isinstance(each, dict) and len(each) == 1 for each in value):
        raise refused(where, "transform_ops is no list of operators, each a name with its arguments")
    return [(str(name), arguments or {}) for each in value for name, arguments in each.items()]


def typed_steps(where: str, value: object) -> list[Step]:
    """A list of {type: Name, and its arguments}."""
    if not isinstance(value, list) or not all(isinstance(each, dict) and "type" in each for each in value):
        raise refused(where, "Preprocess is no list of operators, each with its type")
    return [
        (str(each["type"]), {key: given for key, given in each.items() if key != "type"}) for each in value
    ]


def _quotient(value: object) -> object:
    """1./255. is written so."""
    matched = QUOTIENT.match(value.strip()) if isinstance(value, str) else None
    if matched is None:
        return value
    divisor = float(matched[2])
    return float(matched[1]) / divisor if divisor else value


def _interpolation(value: object) -> object:
    """A name or OpenCV's number."""
    known = value.lower() if isinstance(value, str) else value
    return INTERPOLATIONS.get(known, value) if isinstance(known, str | int | None) else value


Scale = Annotated[float, BeforeValidator(_quotient), Field(gt=0, allow_inf_nan=False)]
Method = Annotated[Interpolation, BeforeValidator(_interpolation)]
Above0 = Annotated[float, Field(gt=0)]
Deviations = tuple[Above0, Above0, Above0]


def standardised(mean: Triple, std: Triple, scale: float) -> tuple[Triple, Triple]:
    """(value x scale - mean) / std as a bundle says it: (value / 255 - mean) / std."""
    factor = scale * 255
    if math.isclose(factor, 1, rel_tol=1e-5):  # 0.00392157 is meant to be a 255th
        return mean, std
    return _divided(mean, factor), _divided(std, factor)


def _divided(values: Triple, by: float) -> Triple:
    first, second, third = values
    return first / by, second / by, third / by
