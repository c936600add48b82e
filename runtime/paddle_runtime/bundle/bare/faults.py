"""Why a bare folder is not served as it is: file, what in it, which value, and what to do."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from paddle_runtime.bundle.problems import problems
from paddle_runtime.errors import BundleFault, BundleReason

BY_HAND = "write model.yaml by hand, as docs/how-to/bundles.md shows, or change the export"
Model = TypeVar("Model", bound=BaseModel)


def refused(where: str, problem: str, remedy: str = BY_HAND) -> BundleFault:
    """The fault of one file, or of the folder."""
    return BundleFault(BundleReason.BundleInvalid, f"{where}: {problem}: {remedy}.")


def parsed(where: str, what: str, kind: type[Model], value: object) -> Model:
    """A part of a configuration as a typed value; what is not understood of it is refused by its name."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        told = "; ".join(problems(error))
        raise refused(where, f"{what} has what is not served ({told})") from error
