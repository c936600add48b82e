"""The runtime's pipeline without HTTP, and its predictor calls alone, replayed on inputs made before."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.readers.line_protocol import Pieces, private_output, serve_lines
from paddle_runtime.bundle.store import builtin_path, open_bundle
from paddle_runtime.pipeline import open_pipeline
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.session import Session

Shapes = tuple[tuple[str, tuple[int, ...]], ...]


class Reader:
    """mode "pipeline": from bytes to text. mode "calls": the predictor calls of that, and nothing else."""

    def __init__(self, bundle: str) -> None:
        path = (
            builtin_path(bundle.removeprefix("builtin:")) if bundle.startswith("builtin:") else Path(bundle)
        )
        self.pipeline = open_pipeline(open_bundle(path), DeviceSettings())
        self.pipeline.warm_up(lambda what, share: None)
        self.calls: dict[str, list[tuple[Session, Shapes]]] = {}
        self.inputs: dict[Shapes, dict[str, np.ndarray[Any, Any]]] = {}

    def read(self, asked: Mapping[str, Any]) -> Pieces:
        path = str(asked["path"])
        if asked["mode"] == "prepare":
            self.prepare(path)
            return []
        if asked["mode"] == "calls":
            for session, shapes in self.calls[path]:
                session.run(self.inputs[shapes])
            return []
        lines = self.answer(path)["lines"]
        return [(line["text"], line["box"]) for line in lines]

    def answer(self, path: str) -> Any:
        return self.pipeline.run("ocr", memoryview(Path(path).read_bytes()), {}).body

    def prepare(self, path: str) -> None:
        """Note which calls a picture makes. An input of each shape is kept: what is in it takes no time."""
        run, calls = Session.run, self.calls.setdefault(path, [])
        calls.clear()

        def noting(session: Session, inputs: Mapping[str, Any]) -> list[Any]:
            shapes = tuple((name, array.shape) for name, array in inputs.items())
            self.inputs.setdefault(shapes, {name: array.copy() for name, array in inputs.items()})
            calls.append((session, shapes))
            return run(session, inputs)

        with mock.patch.object(Session, "run", noting):
            self.answer(path)


def main() -> None:
    output = private_output()
    serve_lines(output, Reader(sys.argv[1]).read)


if __name__ == "__main__":
    main()
