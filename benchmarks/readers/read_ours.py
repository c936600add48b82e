"""The runtime's pipeline without HTTP, and its predictor calls alone, replayed on inputs made before."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.readers.line_protocol import Pieces, private_output, serve_lines
from paddle_runtime.bundle.store import Bundle, builtin_path, open_bundle
from paddle_runtime.pipeline import ocr
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.opening import open_session
from paddle_runtime.predictor.session import Array, Session

Shapes = tuple[tuple[str, tuple[int, ...]], ...]


class Noting:
    """A session that says which shapes it was run with while somebody listens."""

    def __init__(self, session: Session, reader: Reader) -> None:
        self.session = session
        self.reader = reader

    def run(self, inputs: Mapping[str, Array]) -> list[Array]:
        self.reader.note(self.session, inputs)
        return self.session.run(inputs)

    def run_one(self, array: Array) -> Array:
        self.reader.note(self.session, {"": array})
        return self.session.run_one(array)


class Reader:
    """mode "pipeline": from bytes to text. mode "calls": the predictor calls of that, and nothing else."""

    def __init__(self, bundle: str) -> None:
        name = bundle.removeprefix("builtin:")
        path = Path(bundle) if name == bundle else builtin_path(name)
        self.listening: list[tuple[Session, Shapes]] | None = None
        self.calls: dict[str, list[tuple[Session, Shapes]]] = {}
        self.inputs: dict[Shapes, dict[str, np.ndarray[Any, Any]]] = {}
        with mock.patch.object(ocr, "open_session", self.open_noting):
            self.pipeline = ocr.open_ocr(open_bundle(path), DeviceSettings())
        self.pipeline.warm_up(lambda what, share: None)

    def open_noting(self, bundle: Bundle, module: str, settings: DeviceSettings) -> Noting:
        return Noting(open_session(bundle, module, settings), self)

    def note(self, session: Session, inputs: Mapping[str, Array]) -> None:
        """An input of each shape is kept: what is in it takes no time."""
        if self.listening is not None:
            shapes = tuple((name, array.shape) for name, array in inputs.items())
            self.inputs.setdefault(shapes, {name: array.copy() for name, array in inputs.items()})
            self.listening.append((session, shapes))

    def read(self, asked: Mapping[str, Any]) -> Pieces:
        path = str(asked["path"])
        if asked["mode"] == "prepare":
            self.listening = self.calls.setdefault(path, [])
            self.listening.clear()
            self.answer(path)
            self.listening = None
        elif asked["mode"] == "calls":
            for session, shapes in self.calls[path]:
                self.replay(session, self.inputs[shapes])
        else:
            return [(line["text"], line["box"]) for line in self.answer(path)["lines"]]
        return []

    def replay(self, session: Session, inputs: Mapping[str, Array]) -> None:
        if "" in inputs:
            session.run_one(inputs[""])
        else:
            session.run(inputs)

    def answer(self, path: str) -> Any:
        return self.pipeline.run("ocr", memoryview(Path(path).read_bytes()), {}).body


def main() -> None:
    output = private_output()
    serve_lines(output, Reader(sys.argv[1]).read)


if __name__ == "__main__":
    main()
