"""The TextClassification pipeline: text -> pieces of words -> one program -> named classes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from pydantic import JsonValue

from paddle_runtime import text_limits
from paddle_runtime.border import border
from paddle_runtime.bundle.constants import TextConstants
from paddle_runtime.bundle.signature import NUMPY_NAMES
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.pipeline.base import Body, PipelineAnswer, constants_of
from paddle_runtime.pipeline.batches import Slot, plan_batches
from paddle_runtime.pipeline.classes import Choice, Scores, best, classes_problem, load_labels, probabilities
from paddle_runtime.pipeline.selftest import unfit
from paddle_runtime.pipeline.stages import timed
from paddle_runtime.pipeline.warmup import run_smallest, warm_modules
from paddle_runtime.pipeline.wordpiece import WordPiece, load_vocabulary
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.opening import open_session
from paddle_runtime.predictor.session import Array, Session

MODULE = "model"
IDS, TYPES, MASK = "input_ids", "token_type_ids", "attention_mask"


class TextPipeline:
    """One program on one thread. Texts go into buckets of length, several where a bucket holds them."""

    def __init__(self, bundle: Bundle, session: Session) -> None:
        module = bundle.manifest.modules[MODULE]
        constants = constants_of(bundle, MODULE, TextConstants)
        self._bundle = bundle
        self._session = session
        self._activation = constants.activation
        self._choice = Choice(constants.top_k, constants.min_score)
        self._inputs = {spec.name: NUMPY_NAMES[spec.datatype] for spec in module.inputs}
        self._slots = [Slot(*bucket[IDS]) for bucket in module.buckets]
        self._longest = max(slot.width for slot in self._slots)
        vocabulary = load_vocabulary(bundle.file(module.dictionary or "").read_bytes())
        self._tokeniser = WordPiece(vocabulary, lower_case=constants.lower_case)
        self._labels = load_labels(bundle.file(module.labels or "").read_bytes(), module.outputs[0].shape[-1])

    def warm_up(self, progress: Callable[[str, float], None]) -> int:
        """Every bucket once."""
        return warm_modules(self._bundle.manifest.modules, {MODULE: self._session}, progress)

    def self_test(self) -> None:
        """The bundle's texts must be classified as the bundle says."""
        for number in range(len(self._bundle.manifest.self_test)):
            self.check(number)

    def check(self, number: int) -> None:
        """One of them."""
        test = self._bundle.manifest.self_test[number]
        text = test.text or ""
        body = self.run("classify", memoryview(text.encode()), {}).body
        if problem := classes_problem(test.classes, body, test.tolerance):
            raise unfit(
                f"{text[:80]!r}: {problem}",
                "The device, the engine, the vocabulary or the labels do not fit these weights",
            )

    def run_smallest(self) -> None:
        """The smallest bucket once more."""
        run_smallest(self._bundle.manifest.modules, {MODULE: self._session})

    def run(self, kind: str, given: memoryview, options: Mapping[str, JsonValue]) -> PipelineAnswer[Body]:
        """One text to its classes, or of several, which `texts` counts, each to its own."""
        stages: dict[str, float] = {}
        several = "texts" in options
        with timed(stages, "decode"):
            texts = json.loads(bytes(given)) if several else [utf8(given)]
        with timed(stages, "tokenise"):
            rows = [self._tokeniser.encode(text, self._longest) for text in texts]
        with timed(stages, "infer"):
            scores = self._scores(rows)
            choice = self._choice.changed(options)
            answers: list[Body] = [{"classes": best(row, self._labels, choice)} for row in scores]
        return PipelineAnswer({"results": [*answers]} if several else answers[0], stages)

    def _scores(self, rows: Sequence[Sequence[int]]) -> list[Scores]:
        found: list[Scores] = [np.zeros(0)] * len(rows)
        for batch in plan_batches([len(row) for row in rows], self._slots):
            border()
            shape = (batch.slot.batch, batch.slot.width)
            ids = np.full(shape, self._tokeniser.padding, dtype=np.int64)
            mask = np.zeros(shape, dtype=np.int64)
            for place, index in enumerate(batch.lines):
                ids[place, : len(rows[index])] = rows[index]
                mask[place, : len(rows[index])] = 1
            feeds: dict[str, Array] = {IDS: ids, TYPES: np.zeros_like(ids), MASK: mask}
            (told, *_) = self._session.run(
                {name: feeds[name].astype(kind, copy=False) for name, kind in self._inputs.items()}
            )
            shares = probabilities(told, self._activation)
            for place, index in enumerate(batch.lines):
                found[index] = shares[place]
        return found


def utf8(given: memoryview) -> str:
    """The one text, under its caps; a tensor of bytes was not looked at before."""
    return text_limits.check_texts([text_limits.decode_text(bytes(given))])[0]


def open_texts(bundle: Bundle, device: DeviceSettings) -> TextPipeline:
    """Load the program."""
    return TextPipeline(bundle, open_session(bundle, MODULE, device))
