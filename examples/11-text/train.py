"""Train, export and bundle a classifier of short texts: `python train.py --into DIR`.

Customers write in Chinese and English; the model tells whether they order, complain, ask about delivery or
say thanks. The texts are put together by sentences.py, so nothing is downloaded: those kept for testing
name goods and people that no training text names. Inputs are those of PaddleNLP's exports. --samples DIR also
writes request.json and expected.json.
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

sys.path.insert(0, str(Path(__file__).parent))
from sentences import LABELS, TESTING, TRAINING, vocabulary, written

from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.store import open_bundle
from paddle_runtime.pipeline import Pipeline, open_pipeline
from paddle_runtime.pipeline.wordpiece import WordPiece, load_vocabulary
from paddle_runtime.predictor.devices import DeviceSettings

SEED = 20240
EPOCHS = 6
BATCH = 32
WIDTH = 48
LENGTHS = (16, 32, 64)
TRAINING_TEXTS, TESTING_TEXTS = 1600, 300
REQUIRED_ACCURACY = 0.95
Integers = npt.NDArray[np.int64]


class Classifier(nn.Layer):  # type: ignore[misc]
    """Numbers of pieces (N, length) to scores: words beside their neighbours, the strongest count."""

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.words = nn.Embedding(pieces, WIDTH, padding_idx=0)
        self.types = nn.Embedding(2, WIDTH)
        self.near = nn.Conv1D(WIDTH, 2 * WIDTH, 3, padding=1)
        self.drop = nn.Dropout(0.3)
        self.told = nn.Linear(2 * WIDTH, len(LABELS))

    def forward(self, input_ids: Any, token_type_ids: Any) -> Any:
        """What is exported: scores before the softmax, as PaddleNLP's classifiers give them."""
        seen = (input_ids != 0).astype("float32").unsqueeze(1)
        words = self.words(input_ids) + self.types(token_type_ids)
        features = nn.functional.relu(self.near(words.transpose([0, 2, 1]) * seen)) * seen
        return self.told(self.drop(features.max(axis=2)))


def main(argv: list[str] | None = None) -> int:
    """Train, export, bundle, and check the bundle as it will be served."""
    parser = argparse.ArgumentParser(description="Make the text classifier's bundle.")
    parser.add_argument("--into", type=Path, required=True, help="folder that becomes the bundle")
    parser.add_argument("--samples", type=Path, help="also write request.json and expected.json here")
    args = parser.parse_args(argv)
    started = time.monotonic()
    random = np.random.default_rng(SEED)
    pieces = vocabulary()
    args.into.mkdir(parents=True, exist_ok=True)
    (args.into / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    (args.into / "labels.txt").write_text("\n".join(LABELS) + "\n")
    tokeniser = WordPiece(load_vocabulary((args.into / "vocab.txt").read_bytes()), lower_case=True)
    model = train(tokeniser, len(pieces), written(TRAINING, TRAINING_TEXTS, random), random)
    described = describe(export(model, args.into))
    write_manifest(args.into, described)
    served = open_pipeline(open_bundle(args.into), DeviceSettings())
    kept = written(TESTING, TESTING_TEXTS, random)
    guesses = [first_class(served, text) for text, _ in kept]
    right = [guess["label"] == label for guess, (_, label) in zip(guesses, kept, strict=True)]
    accuracy = sum(right) / len(right)
    print(f"accuracy {accuracy:.4f} on {len(kept)} texts that were kept back")
    if accuracy < REQUIRED_ACCURACY or not all(right[:4]):
        print(f"that is less than {REQUIRED_ACCURACY}: the bundle is not good", file=sys.stderr)
        (args.into / "model.yaml").unlink()
        return 1
    tests = [
        {"text": text, "classes": [{"label": guess["label"], "score": guess["score"]}], "tolerance": 0.02}
        for (text, _), guess in zip(kept[:4], guesses[:4], strict=True)
    ]
    manifest = write_manifest(args.into, {**described, "selfTest": tests})
    if args.samples is not None:
        write_samples(
            args.samples,
            [
                next(each for each in kept if each[1] == label and each[0].isascii() == (place % 2 == 0))
                for place, label in enumerate(LABELS)
            ],
        )
    print(f"{args.into}: {manifest.name} {manifest.version}, {time.monotonic() - started:.1f} s")
    return 0


def train(
    tokeniser: WordPiece, pieces: int, texts: list[tuple[str, str]], random: np.random.Generator
) -> Classifier:
    """The same weights every time on one machine."""
    paddle.seed(SEED)
    ids: Integers = np.zeros((len(texts), LENGTHS[-1]), dtype=np.int64)
    for row, (text, _) in enumerate(texts):
        numbers = tokeniser.encode(text, LENGTHS[-1])
        ids[row, : len(numbers)] = numbers
    labels: Integers = np.array([LABELS.index(label) for _, label in texts], dtype=np.int64)
    model = Classifier(pieces)
    optimiser = paddle.optimizer.AdamW(learning_rate=3e-3, parameters=model.parameters(), weight_decay=1e-2)
    for _ in range(EPOCHS):
        order = random.permutation(len(ids))
        for first in range(0, len(ids), BATCH):
            rows = order[first : first + BATCH]
            # Words that are not known at all are the rule when it serves: some are hidden in training.
            hidden = (random.random((len(rows), ids.shape[1])) < 0.1) & (ids[rows] > 3)
            given = paddle.to_tensor(np.where(hidden, 1, ids[rows]))
            loss = nn.functional.cross_entropy(
                model(given, paddle.zeros_like(given)), paddle.to_tensor(labels[rows])
            )
            loss.backward()
            optimiser.step()
            optimiser.clear_grad()
    model.eval()
    return model


def export(model: Classifier, into: Path) -> str:
    """Write the program with free batch and length; the name of its output."""
    names = ("input_ids", "token_type_ids")
    specs = [paddle.static.InputSpec([None, None], "int64", name=name) for name in names]
    with tempfile.TemporaryDirectory() as scratch:
        prefix = str(Path(scratch) / "inference")
        paddle.jit.save(paddle.jit.to_static(model, input_spec=specs), prefix)
        for suffix in (".pdmodel", ".pdiparams"):
            (into / f"inference{suffix}").write_bytes(Path(prefix + suffix).read_bytes())
    config = paddle.inference.Config(str(into / "inference.pdmodel"), str(into / "inference.pdiparams"))
    config.disable_glog_info()
    name: str = paddle.inference.create_predictor(config).get_output_names()[0]
    return name


def describe(output: str) -> dict[str, Any]:
    """model.yaml without its files and its self-tests."""
    shapes = [[batch, length] for length in LENGTHS for batch in (1, 8)]
    return {
        "format": "paddle-sla-bundle/1",
        "name": "messages",
        "version": "1.0",
        "task": "TextClassification",
        "paddleVersion": paddle.__version__,
        "license": "Apache-2.0",
        "source": "trained by examples/11-text/train.py on texts that sentences.py writes",
        "modules": {
            "model": {
                "program": "inference.pdmodel",
                "params": "inference.pdiparams",
                "engine": "Plain",
                "dictionary": "vocab.txt",
                "labels": "labels.txt",
                "constants": {"kind": "text", "lowerCase": True, "activation": "Softmax"},
                "inputs": [
                    {"name": "input_ids", "datatype": "INT64", "shape": [-1, -1]},
                    {"name": "token_type_ids", "datatype": "INT64", "shape": [-1, -1]},
                ],
                "outputs": [{"name": output, "datatype": "FP32", "shape": [-1, len(LABELS)]}],
                "buckets": [{"input_ids": shape, "token_type_ids": shape} for shape in shapes],
            }
        },
    }


def first_class(served: Pipeline[Any, Any], text: str) -> Any:
    """What the pipeline that will be served says of a text."""
    return served.run("classify", memoryview(text.encode()), {}).body["classes"][0]


def write_samples(folder: Path, kept: list[tuple[str, str]]) -> None:
    """A request that curl can send, and what its texts are."""
    texts = json.dumps({"texts": [text for text, _ in kept]}, ensure_ascii=False)
    (folder / "request.json").write_text(texts + "\n", encoding="utf-8")
    (folder / "expected.json").write_text(json.dumps({"labels": [label for _, label in kept]}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
