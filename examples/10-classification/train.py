"""Train, export and bundle a classifier of pictures: `python train.py --into DIR`.

The pictures are scikit-learn's handwritten digits, drawn 96 x 96 pixels large, so nothing is downloaded. A
small convolutional network learns them in seconds on one core. --samples DIR also writes four.png, one of the
pictures that were kept for testing, and expected.json.
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

import cv2
import numpy as np
import numpy.typing as npt
import paddle
from paddle import nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.store import open_bundle
from paddle_runtime.pipeline import Pipeline, open_pipeline
from paddle_runtime.pipeline.scaling import Placer
from paddle_runtime.predictor.devices import DeviceSettings

SEED = 20240
EPOCHS = 12
BATCH = 64
SIDE = 32
MEAN, STD = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
REQUIRED_ACCURACY = 0.97
LABELS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
Picture = npt.NDArray[np.uint8]


class Classifier(nn.Layer):  # type: ignore[misc]
    """A picture (N, 3, 32, 32) to the probabilities of 10 classes."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2D(3, 16, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2D(16, 32, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2D(32, 64, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Dropout(0.2), nn.Linear(64 * 16, 10),
        )  # fmt: skip

    def forward(self, image: Any) -> Any:
        """What is exported."""
        return nn.functional.softmax(self.layers(image))


def main(argv: list[str] | None = None) -> int:
    """Train, export, bundle, and check the bundle as it will be served."""
    parser = argparse.ArgumentParser(description="Make the picture classifier's bundle.")
    parser.add_argument("--into", type=Path, required=True, help="folder that becomes the bundle")
    parser.add_argument("--samples", type=Path, help="also write four.png and expected.json here")
    args = parser.parse_args(argv)
    started = time.monotonic()
    digits = load_digits()
    pictures = [draw(values) for values in digits.images]
    train_x, test_x, train_y, test_y = train_test_split(
        pictures, digits.target.astype(np.int64), test_size=0.2, random_state=SEED, stratify=digits.target
    )
    model = train(train_x, train_y)
    args.into.mkdir(parents=True, exist_ok=True)
    (args.into / "labels.txt").write_text("\n".join(LABELS) + "\n")
    (args.into / "selftest.png").write_bytes(encoded(test_x[0]))
    described = describe(export(model, args.into))
    write_manifest(args.into, described)
    served = open_pipeline(open_bundle(args.into), DeviceSettings())
    guesses = [first_class(served, picture) for picture in test_x]
    right = [guess["classId"] == label for guess, label in zip(guesses, test_y, strict=True)]
    accuracy = sum(right) / len(right)
    print(f"accuracy {accuracy:.4f} on {len(test_y)} pictures that were kept back")
    if accuracy < REQUIRED_ACCURACY or not right[0]:
        print(f"that is less than {REQUIRED_ACCURACY}: the bundle is not good", file=sys.stderr)
        (args.into / "model.yaml").unlink()
        return 1
    known = {"label": guesses[0]["label"], "score": guesses[0]["score"]}
    tests = [{"picture": "selftest.png", "classes": [known], "tolerance": 0.02}]
    manifest = write_manifest(args.into, {**described, "selfTest": tests})
    if args.samples is not None:
        write_samples(
            args.samples, next(x for x, y, ok in zip(test_x, test_y, right, strict=True) if ok and y == 4)
        )
    print(f"{args.into}: {manifest.name} {manifest.version}, {time.monotonic() - started:.1f} s")
    return 0


def draw(values: npt.NDArray[np.float64]) -> Picture:
    """8 x 8 values from 0 to 16 as a picture of dark strokes on white."""
    grey = (255 - values * 15).astype(np.uint8)
    large = cv2.resize(grey, (96, 96), interpolation=cv2.INTER_CUBIC)
    return cv2.cvtColor(large, cv2.COLOR_GRAY2BGR)  # type: ignore[no-any-return]


def encoded(picture: Picture) -> bytes:
    """A PNG."""
    return cv2.imencode(".png", picture)[1].tobytes()


def train(pictures: list[Picture], labels: npt.NDArray[np.int64]) -> Classifier:
    """The same weights every time on one machine."""
    paddle.seed(SEED)
    shuffle = np.random.default_rng(SEED)
    placer = Placer([(SIDE, SIDE)], "RGB", MEAN, STD)
    x = np.concatenate([placer.middle(picture, SIDE).image for picture in pictures])
    model = Classifier()
    optimiser = paddle.optimizer.AdamW(learning_rate=2e-3, parameters=model.parameters(), weight_decay=1e-2)
    for _ in range(EPOCHS):
        order = shuffle.permutation(len(x))
        for first in range(0, len(x), BATCH):
            rows = order[first : first + BATCH]
            scores = model.layers(paddle.to_tensor(x[rows]))
            loss = nn.functional.cross_entropy(scores, paddle.to_tensor(labels[rows]))
            loss.backward()
            optimiser.step()
            optimiser.clear_grad()
    model.eval()
    return model


def export(model: Classifier, into: Path) -> str:
    """Write the program with a free batch dimension; the name of its output."""
    spec = [paddle.static.InputSpec([None, 3, SIDE, SIDE], "float32", name="image")]
    with tempfile.TemporaryDirectory() as scratch:
        prefix = str(Path(scratch) / "inference")
        paddle.jit.save(paddle.jit.to_static(model, input_spec=spec), prefix)
        for suffix in (".pdmodel", ".pdiparams"):
            (into / f"inference{suffix}").write_bytes(Path(prefix + suffix).read_bytes())
    config = paddle.inference.Config(str(into / "inference.pdmodel"), str(into / "inference.pdiparams"))
    config.disable_glog_info()
    name: str = paddle.inference.create_predictor(config).get_output_names()[0]
    return name


def describe(output: str) -> dict[str, Any]:
    """model.yaml without its files and its self-test."""
    return {
        "format": "paddle-sla-bundle/1",
        "name": "digit-pictures",
        "version": "1.0",
        "task": "ImageClassification",
        "paddleVersion": paddle.__version__,
        "license": "Apache-2.0",
        "source": "trained by examples/10-classification/train.py on scikit-learn's digits",
        "modules": {
            "model": {
                "program": "inference.pdmodel",
                "params": "inference.pdiparams",
                "labels": "labels.txt",
                "constants": {
                    "kind": "classify",
                    "resizeShort": SIDE,
                    "mean": list(MEAN),
                    "std": list(STD),
                },
                "inputs": [{"name": "image", "datatype": "FP32", "shape": [-1, 3, SIDE, SIDE]}],
                "outputs": [{"name": output, "datatype": "FP32", "shape": [-1, len(LABELS)]}],
                "buckets": [[1, 3, SIDE, SIDE]],
            }
        },
    }


def first_class(served: Pipeline[Any, Any], picture: Picture) -> Any:
    """What the pipeline that will be served says of a picture."""
    return served.run("classify", memoryview(encoded(picture)), {}).body["classes"][0]


def write_samples(folder: Path, picture: Picture) -> None:
    """A picture that curl can send, and what it shows."""
    (folder / "four.png").write_bytes(encoded(picture))
    (folder / "expected.json").write_text(json.dumps({"label": "four"}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
