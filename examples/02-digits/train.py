"""Train, export and bundle a classifier of handwritten digits: `python train.py --into DIR`.

The 1,797 pictures of 8 x 8 pixels come with scikit-learn, so nothing is downloaded. It takes seconds on one
core, and gives a model that answers in well under 2 ms: small enough to try rollouts and scaling with.
DIR becomes the bundle. --samples DIR also writes request.json and expected.json, pictures kept for testing.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

# The legacy program form: on CPU it starts faster and runs on every engine.
os.environ["FLAGS_enable_pir_api"] = "0"  # noqa: SIM112 (Paddle spells it so)
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt
import paddle
from paddle import nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from paddle_runtime.bundle.engine import Engine, Runner
from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.manifest import Module
from paddle_runtime.bundle.signature import TensorSpec
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.engines import Program
from paddle_runtime.predictor.paddle import PaddleSession

SEED = 20240
EPOCHS = 30
BATCH = 64
REQUIRED_ACCURACY = 0.97
# Faster than OneDNN and OpenVINO for a program this small: 0.04 ms against 0.07 and 0.10.
ENGINE = Engine.PLAIN
BATCHES = (1, 8, 32)
Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


class Digits(nn.Layer):  # type: ignore[misc]
    """64 pixel values from 0 to 16 to the probabilities of 10 digits."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
        )

    def logits(self, x: Any) -> Any:
        """Scores before the softmax; callers send pixels as they are, from 0 to 16."""
        return self.layers(x / 16.0)

    def forward(self, x: Any) -> Any:
        """What is exported."""
        return nn.functional.softmax(self.logits(x))


def main(argv: list[str] | None = None) -> int:
    """Train, export, check, bundle."""
    parser = argparse.ArgumentParser(description="Make the digits bundle.")
    parser.add_argument("--into", type=Path, required=True, help="folder that becomes the bundle")
    parser.add_argument("--samples", type=Path, help="also write request.json and expected.json here")
    args = parser.parse_args(argv)
    started = time.monotonic()
    digits = load_digits()
    train_x, test_x, train_y, test_y = train_test_split(
        digits.data.astype(np.float32),
        digits.target.astype(np.int64),
        test_size=0.2,
        random_state=SEED,
        stratify=digits.target,
    )
    model = train(train_x, train_y)
    args.into.mkdir(parents=True, exist_ok=True)
    specs = export(model, args.into)
    session = open_program(args.into, specs)
    got = session.run_one(test_x[:32])
    accuracy = float(
        np.mean([session.run_one(x[None]).argmax() == y for x, y in zip(test_x, test_y, strict=True)])
    )
    print(f"accuracy {accuracy:.4f} on {len(test_y)} pictures that were kept back")
    if accuracy < REQUIRED_ACCURACY:
        print(f"that is less than {REQUIRED_ACCURACY}: the bundle is not written", file=sys.stderr)
        return 1
    manifest = write_manifest(args.into, describe(specs, test_x[:8], got[:8]))
    if args.samples is not None:
        write_samples(args.samples, test_x[:8], test_y[:8])
    print(f"{args.into}: {manifest.name} {manifest.version}, {time.monotonic() - started:.1f} s")
    return 0


def train(x: Floats, y: Integers) -> Digits:
    """The same weights every time on one machine."""
    paddle.seed(SEED)
    shuffle = np.random.default_rng(SEED)
    model = Digits()
    optimiser = paddle.optimizer.AdamW(learning_rate=2e-3, parameters=model.parameters(), weight_decay=1e-2)
    for _ in range(EPOCHS):
        order = shuffle.permutation(len(x))
        for first in range(0, len(x), BATCH):
            rows = order[first : first + BATCH]
            logits = model.logits(paddle.to_tensor(x[rows]))
            loss = nn.functional.cross_entropy(logits, paddle.to_tensor(y[rows]))
            loss.backward()
            optimiser.step()
            optimiser.clear_grad()
    model.eval()
    return model


def export(model: Digits, into: Path) -> tuple[TensorSpec, TensorSpec]:
    """Write the program with a free batch dimension; the declared input and output."""
    spec = [paddle.static.InputSpec([None, 64], "float32", name="x")]
    with tempfile.TemporaryDirectory() as scratch:
        prefix = str(Path(scratch) / "inference")
        paddle.jit.save(paddle.jit.to_static(model, input_spec=spec), prefix)
        for suffix in (".pdmodel", ".pdiparams"):
            (into / f"inference{suffix}").write_bytes(Path(prefix + suffix).read_bytes())
    config = paddle.inference.Config(str(into / "inference.pdmodel"), str(into / "inference.pdiparams"))
    config.disable_glog_info()
    output = paddle.inference.create_predictor(config).get_output_names()[0]
    return (
        TensorSpec.model_validate({"name": "x", "datatype": "FP32", "shape": (-1, 64)}),
        TensorSpec.model_validate({"name": output, "datatype": "FP32", "shape": (-1, 10)}),
    )


def open_program(folder: Path, specs: tuple[TensorSpec, TensorSpec]) -> PaddleSession:
    """The exported program as it will be served."""
    module = Module(
        program="inference.pdmodel",
        params="inference.pdiparams",
        engine=ENGINE,
        inputs=(specs[0],),
        outputs=(specs[1],),
        buckets=tuple({"x": (batch, 64)} for batch in BATCHES),
    )
    program = Program(folder / "inference.pdmodel", folder / "inference.pdiparams", module.buckets)
    return PaddleSession(program, module, Runner(ENGINE), DeviceSettings())


def describe(specs: tuple[TensorSpec, TensorSpec], x: Floats, answer: Floats) -> dict[str, Any]:
    """model.yaml without its files: what goes in and out, and pictures with their answer."""
    given, told = (spec.model_dump(mode="json") for spec in specs)
    return {
        "format": "paddle-sla-bundle/1",
        "name": "digits",
        "version": "1.0",
        "task": "Tensor",
        "paddleVersion": paddle.__version__,
        "license": "Apache-2.0",
        "source": "trained by examples/02-digits/train.py on scikit-learn's digits",
        "modules": {
            "model": {
                "program": "inference.pdmodel",
                "params": "inference.pdiparams",
                "engine": ENGINE.value,
                "inputs": [given],
                "outputs": [told],
                "buckets": [[batch, 64] for batch in BATCHES],
            }
        },
        "selfTest": [
            {
                "inputs": [
                    {"name": "x", "datatype": "FP32", "shape": list(x.shape), "data": x.ravel().tolist()}
                ],
                "outputs": [
                    {
                        "name": told["name"],
                        "datatype": "FP32",
                        "shape": list(answer.shape),
                        "data": [round(float(value), 6) for value in answer.ravel()],
                    }
                ],
                "tolerance": 0.001,
            }
        ],
    }


def write_samples(folder: Path, x: Floats, y: Integers) -> None:
    """A request that curl can send, and the digits that it shows."""
    request = {
        "inputs": [{"name": "x", "shape": list(x.shape), "datatype": "FP32", "data": x.ravel().tolist()}]
    }
    (folder / "request.json").write_text(json.dumps(request) + "\n")
    (folder / "expected.json").write_text(json.dumps({"digits": y.tolist()}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
