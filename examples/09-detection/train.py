"""Train, export and bundle a detector of shapes: `python train.py --into DIR`.

A small network without anchors looks at a picture through a grid of cells: each cell says which shape has its
middle there and how far its four sides are. Duplicates are taken out inside the program, whose inputs and
outputs are those of PaddleDetection's exports. Its pictures are drawn by shapes.py, so nothing is downloaded.
--samples DIR also writes shapes.png, one of the pictures that were kept for testing, and expected.json.
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

sys.path.insert(0, str(Path(__file__).parent))
from shapes import LABELS, Scene, overlap, scene

from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.store import open_bundle
from paddle_runtime.pipeline import Pipeline, open_pipeline
from paddle_runtime.pipeline.scaling import Placer
from paddle_runtime.predictor.devices import DeviceSettings

SEED = 20240
SCENES, TEST_SCENES = 600, 100
EPOCHS = 12
BATCH = 16
SIDE, STRIDE = 128, 8
CELLS = SIDE // STRIDE
MEAN, STD = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
# Of the shapes in the pictures kept back: how many are found, and of what is found how much is right.
REQUIRED_RECALL, REQUIRED_PRECISION = 0.9, 0.9
SAME_SHAPE_OVERLAP = 0.5
Floats = npt.NDArray[np.float32]


class Detector(nn.Layer):  # type: ignore[misc]
    """A picture (N, 3, 128, 128) to 16 x 16 cells of 3 class scores and 4 distances."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[Any] = []
        for taken, given, stride in ((3, 12, 2), (12, 24, 2), (24, 40, 2), (40, 40, 1)):
            layers += [nn.Conv2D(taken, given, 3, stride=stride, padding=1), nn.BatchNorm2D(given), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.classes = nn.Conv2D(
            40, len(LABELS), 1, bias_attr=paddle.ParamAttr(initializer=nn.initializer.Constant(-3.0))
        )
        self.sides = nn.Conv2D(40, 4, 1)
        middles = (np.arange(CELLS, dtype=np.float32) + 0.5) * STRIDE
        grid = np.stack([np.tile(middles, CELLS), np.repeat(middles, CELLS)], axis=1)
        self.register_buffer("middles", paddle.to_tensor(grid))

    def cells(self, image: Any) -> tuple[Any, Any]:
        """Class scores (N, 3, cells) and distances in pixels to left, top, right and bottom (N, 4, cells)."""
        seen = self.body(image)
        return self.classes(seen).flatten(2), nn.functional.softplus(self.sides(seen)).flatten(2) * STRIDE

    def forward(self, image: Any, im_shape: Any, scale_factor: Any) -> tuple[Any, Any]:
        """What is exported: rows of class, score and box in the picture's own pixels, and their number."""
        scores, sides = self.cells(image)
        sides = sides.transpose([0, 2, 1])
        corners = paddle.concat([self.middles - sides[:, :, :2], self.middles + sides[:, :, 2:]], axis=2)
        # The part of the input that is picture, in the order of the boxes: left, top, right, bottom.
        limits = paddle.concat([im_shape.flip(1), im_shape.flip(1)], axis=1).unsqueeze(1)
        scales = paddle.concat([scale_factor.flip(1), scale_factor.flip(1)], axis=1).unsqueeze(1)
        boxes = (limits - nn.functional.relu(limits - nn.functional.relu(corners))) / scales
        rows, _, counts = paddle.vision.ops.matrix_nms(
            boxes,
            1 / (1 + paddle.exp(-scores)),
            score_threshold=0.1,
            post_threshold=0.1,
            nms_top_k=100,
            keep_top_k=20,
            background_label=-1,
            return_index=True,
            return_rois_num=True,
        )
        return rows, counts


def main(argv: list[str] | None = None) -> int:
    """Train, export, bundle, and check the bundle as it will be served."""
    parser = argparse.ArgumentParser(description="Make the detector's bundle.")
    parser.add_argument("--into", type=Path, required=True, help="folder that becomes the bundle")
    parser.add_argument("--samples", type=Path, help="also write shapes.png and expected.json here")
    args = parser.parse_args(argv)
    started = time.monotonic()
    random = np.random.default_rng(SEED)
    scenes = [scene(random) for _ in range(SCENES + TEST_SCENES)]
    model = train(scenes[:SCENES], random)
    kept = scenes[SCENES:]
    args.into.mkdir(parents=True, exist_ok=True)
    (args.into / "labels.txt").write_text("\n".join(LABELS) + "\n")
    (args.into / "selftest.png").write_bytes(encoded(kept[0]))
    described = describe(export(model, args.into))
    write_manifest(args.into, described)
    served = open_pipeline(open_bundle(args.into), DeviceSettings())
    found = [objects(served, each) for each in kept]
    recall, precision = compare(kept, found)
    print(f"{recall:.4f} of the shapes found, {precision:.4f} right, on {TEST_SCENES} pictures kept back")
    if recall < REQUIRED_RECALL or precision < REQUIRED_PRECISION:
        print(
            f"wanted are {REQUIRED_RECALL} and {REQUIRED_PRECISION}: the bundle is not good", file=sys.stderr
        )
        (args.into / "model.yaml").unlink()
        return 1
    known = [{key: each[key] for key in ("label", "score", "box")} for each in found[0]]
    tests = [{"picture": "selftest.png", "objects": known, "tolerance": 0.02}]
    manifest = write_manifest(args.into, {**described, "selfTest": tests})
    if args.samples is not None:
        write_samples(args.samples, kept)
    print(f"{args.into}: {manifest.name} {manifest.version}, {time.monotonic() - started:.1f} s")
    return 0


def encoded(one: Scene) -> bytes:
    """A PNG."""
    return cv2.imencode(".png", one.picture)[1].tobytes()


def train(scenes: list[Scene], random: np.random.Generator) -> Detector:
    """The same weights every time on one machine."""
    paddle.seed(SEED)
    placer = Placer([(SIDE, SIDE)], "RGB", MEAN, STD)
    images, wanted_classes, wanted_sides = [], [], []
    for each in scenes:
        placed = placer.whole(each.picture, keep_ratio=True)
        classes, sides = targets(each, placed.scale)
        images.append(placed.image)
        wanted_classes.append(classes)
        wanted_sides.append(sides)
    x, c, s = np.concatenate(images), np.stack(wanted_classes), np.stack(wanted_sides)
    model = Detector()
    steps = EPOCHS * -(-len(x) // BATCH)
    rate = paddle.optimizer.lr.CosineAnnealingDecay(6e-3, steps)
    optimiser = paddle.optimizer.AdamW(learning_rate=rate, parameters=model.parameters(), weight_decay=1e-3)
    for _ in range(EPOCHS):
        order = random.permutation(len(x))
        for first in range(0, len(x), BATCH):
            rows = order[first : first + BATCH]
            loss = loss_of(model, *(paddle.to_tensor(values[rows]) for values in (x, c, s)))
            loss.backward()
            optimiser.step()
            optimiser.clear_grad()
            rate.step()
    model.eval()
    return model


def targets(one: Scene, scale: tuple[float, float]) -> tuple[Floats, Floats]:
    """For every cell the classes (3, cells) whose shape has its middle near, and its sides (4, cells)."""
    middles = (np.arange(CELLS, dtype=np.float32) + 0.5) * STRIDE
    classes = np.zeros((len(LABELS), CELLS, CELLS), dtype=np.float32)
    sides = np.zeros((4, CELLS, CELLS), dtype=np.float32)
    for kind, box in zip(one.classes, one.boxes, strict=True):
        left, top, right, bottom = box[0] * scale[1], box[1] * scale[0], box[2] * scale[1], box[3] * scale[0]
        reach = max(STRIDE * 0.75, (right - left) / 6)
        near = (abs(middles[:, None] - (top + bottom) / 2) < reach) & (
            abs(middles - (left + right) / 2) < reach
        )
        classes[kind, near] = 1
        x, y = np.broadcast_to(middles, near.shape)[near], np.broadcast_to(middles[:, None], near.shape)[near]
        sides[:, near] = np.stack([x - left, y - top, right - x, bottom - y])
    return classes.reshape(len(LABELS), -1), sides.reshape(4, -1)


def loss_of(model: Detector, image: Any, classes: Any, sides: Any) -> Any:
    """Cross entropy that looks at the doubtful cells, and the distances where a shape is."""
    scores, told = model.cells(image)
    inside = classes.max(axis=1, keepdim=True)
    shapes = paddle.clip(inside.sum(), min=1.0)
    focal = nn.functional.sigmoid_focal_loss(scores, classes, normalizer=shapes, reduction="sum", alpha=0.75)
    distance = (paddle.abs(told - sides) * inside).sum() / shapes / STRIDE
    return focal + distance


def export(model: Detector, into: Path) -> list[str]:
    """Write the program for one picture at a time; the names of its outputs."""
    specs = [
        paddle.static.InputSpec([1, 3, SIDE, SIDE], "float32", name="image"),
        paddle.static.InputSpec([1, 2], "float32", name="im_shape"),
        paddle.static.InputSpec([1, 2], "float32", name="scale_factor"),
    ]
    with tempfile.TemporaryDirectory() as scratch:
        prefix = str(Path(scratch) / "model")
        paddle.jit.save(paddle.jit.to_static(model, input_spec=specs), prefix)
        for suffix in (".pdmodel", ".pdiparams"):
            (into / f"model{suffix}").write_bytes(Path(prefix + suffix).read_bytes())
    config = paddle.inference.Config(str(into / "model.pdmodel"), str(into / "model.pdiparams"))
    config.disable_glog_info()
    names: list[str] = paddle.inference.create_predictor(config).get_output_names()
    return names


def describe(outputs: list[str]) -> dict[str, Any]:
    """model.yaml without its files and its self-test."""
    sides = {"datatype": "FP32", "shape": [1, 2]}
    return {
        "format": "paddle-sla-bundle/1",
        "name": "shapes",
        "version": "1.0",
        "task": "Detection",
        "paddleVersion": paddle.__version__,
        "license": "Apache-2.0",
        "source": "trained by examples/09-detection/train.py on pictures that shapes.py draws",
        "modules": {
            "model": {
                "program": "model.pdmodel",
                "params": "model.pdiparams",
                # The others have no kernel for the step that takes out duplicates, and fall back to this one.
                "engine": "OneDNN",
                "labels": "labels.txt",
                "constants": {
                    "kind": "objects",
                    "keepRatio": True,
                    "minScore": 0.5,
                    "mean": list(MEAN),
                    "std": list(STD),
                },
                "inputs": [
                    {"name": "image", "datatype": "FP32", "shape": [1, 3, SIDE, SIDE]},
                    {"name": "im_shape", **sides},
                    {"name": "scale_factor", **sides},
                ],
                "outputs": [
                    {"name": outputs[0], "datatype": "FP32", "shape": [-1, 6]},
                    {"name": outputs[1], "datatype": "INT32", "shape": [-1]},
                ],
                "buckets": [{"image": [1, 3, SIDE, SIDE], "im_shape": [1, 2], "scale_factor": [1, 2]}],
            }
        },
    }


def objects(served: Pipeline[Any, Any], one: Scene) -> list[dict[str, Any]]:
    """What the pipeline that will be served finds in a picture."""
    found: list[dict[str, Any]] = served.run("detect", memoryview(encoded(one)), {}).body["objects"]
    return found


def compare(scenes: list[Scene], found: list[list[dict[str, Any]]]) -> tuple[float, float]:
    """Recall and precision: a shape is found by a box of its class that covers it well, and by one only."""
    right = shapes = told = 0
    for each, objects_found in zip(scenes, found, strict=True):
        left = list(zip(each.classes, each.boxes, strict=True))
        shapes += len(left)
        told += len(objects_found)
        for one in objects_found:
            fits = [
                truth
                for truth in left
                if truth[0] == one["classId"] and overlap(truth[1], tuple(one["box"])) >= SAME_SHAPE_OVERLAP
            ]
            if fits:
                left.remove(fits[0])
                right += 1
    return right / shapes, right / max(1, told)


def write_samples(folder: Path, kept: list[Scene]) -> None:
    """A picture that curl can send, and the shapes on it."""
    one = max(kept, key=lambda each: (len(set(each.classes)), len(each.classes)))
    (folder / "shapes.png").write_bytes(encoded(one))
    truth = [
        {"label": LABELS[kind], "box": list(box)} for kind, box in zip(one.classes, one.boxes, strict=True)
    ]
    (folder / "expected.json").write_text(json.dumps({"objects": truth}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
