"""Paddle, imported without the warnings that concern only builds of extensions."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import paddle

__all__ = ["paddle", "without_spec_warning"]


@contextmanager
def without_spec_warning() -> Iterator[None]:
    """Paddle says that an input_spec "will not produce any effect" where @to_static has one; here it has."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="full_graph=False don't support input_spec")
        yield
