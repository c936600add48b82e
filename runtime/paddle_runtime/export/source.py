"""The user's layer: a file or a module, a class or a factory in it, and what it is called with."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import JsonValue

from paddle_runtime.export.faults import ExportFault, ExportReason
from paddle_runtime.export.framework import paddle, without_spec_warning

Layer = Any  # paddle.nn.Layer, which has no types


@dataclass(frozen=True)
class Source:
    """`module` is a path that ends with .py or a dotted name; `name` a class, a factory or a layer in it."""

    module: str
    name: str
    arguments: Mapping[str, JsonValue] = field(default_factory=dict)


def parse_source(text: str, arguments: Sequence[str] = ()) -> Source:
    """MODULE:NAME and key=value pairs; a value is JSON, or else the text itself."""
    module, colon, name = text.rpartition(":")
    if not colon or not module or not name.isidentifier():
        raise _wrong(f"{text!r} is not MODULE:NAME, such as path/to/model.py:DocRecognizer")
    given: dict[str, JsonValue] = {}
    for pair in arguments:
        key, equals, value = pair.partition("=")
        if not equals or not key.isidentifier():
            raise _wrong(f"--arg {pair!r} is not key=value")
        try:
            given[key] = json.loads(value)
        except ValueError:
            given[key] = value
    return Source(module, name, given)


def build_layer(source: Source) -> Layer:
    """Import, call, and put into evaluation mode. This runs the user's code."""
    with without_spec_warning():
        module = _imported(source.module)
    found = getattr(module, source.name, None)
    if found is None:
        there = sorted(name for name, value in vars(module).items() if _is_layer_class(value))
        raise _wrong(f"{source.module} has no {source.name!r}; its layers are {', '.join(there) or 'none'}")
    layer = found if isinstance(found, paddle.nn.Layer) else _called(found, source)
    if not isinstance(layer, paddle.nn.Layer):
        raise _wrong(
            f"{source.module}:{source.name} gives a {type(layer).__name__}, not a paddle.nn.Layer: name a "
            "class derived from paddle.nn.Layer, or a function that returns such a layer"
        )
    layer.eval()
    return layer


def _called(found: object, source: Source) -> object:
    if not callable(found):
        return found
    try:
        inspect.signature(found).bind(**source.arguments)
    except TypeError as error:
        raise _wrong(
            f"{source.module}:{source.name} cannot be called with {sorted(source.arguments) or 'nothing'}: "
            f"{error}; give --arg key=value for each"
        ) from error
    except ValueError:
        pass  # a callable without a signature says itself what is wrong
    try:
        return found(**source.arguments)
    except Exception as error:
        raise _wrong(f"{source.module}:{source.name} raised {type(error).__name__}: {error}") from error


def _imported(name: str) -> ModuleType:
    if not name.endswith(".py"):
        sys.path.insert(0, str(Path.cwd()))
        try:
            return importlib.import_module(name)
        except ImportError as error:
            raise _wrong(f"module {name!r} cannot be imported: {error}") from error
    path = Path(name).resolve()
    if not path.is_file():
        raise _wrong(f"{name} is no file")
    sys.path.insert(0, str(path.parent))  # its neighbours are imported as they are when it is run
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise _wrong(f"{name} raised {type(error).__name__} when it was imported: {error}") from error
    return module


def _is_layer_class(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, paddle.nn.Layer)


def _wrong(problem: str) -> ExportFault:
    return ExportFault(ExportReason.SourceInvalid, f"{problem}.")
