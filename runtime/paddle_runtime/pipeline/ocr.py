"""The OCR pipeline: decode -> detect -> orient -> recognise -> order; or one module by itself."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial

import cv2
from pydantic import JsonValue

from paddle_runtime.border import border
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.pipeline.base import Body, PipelineAnswer
from paddle_runtime.pipeline.crops import cut
from paddle_runtime.pipeline.ctc import Text
from paddle_runtime.pipeline.detect import Detector
from paddle_runtime.pipeline.document import open_document
from paddle_runtime.pipeline.geometry import Box, reading_order
from paddle_runtime.pipeline.ocr_modules import OcrModules, corners, size_of
from paddle_runtime.pipeline.orient import doubtful
from paddle_runtime.pipeline.picture import Picture, decode_picture
from paddle_runtime.pipeline.selftest import check_picture
from paddle_runtime.pipeline.warmup import warm_modules
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.session import Session, open_session


@dataclass(frozen=True)
class OcrOptions:
    """cls: turn lines that are upside down. min_score: lines that are less sure are left out."""

    cls: bool
    min_score: float


class OcrPipeline:
    """Up to three programs on one thread."""

    def __init__(self, bundle: Bundle, sessions: Mapping[str, Session]) -> None:
        self._bundle = bundle
        self._sessions = sessions
        self._modules = OcrModules(bundle, sessions)
        self._alone: Mapping[str, tuple[str, Callable[[Picture], Body]]] = {
            "ocr/detect": ("detect", self._modules.detect),
            "ocr/orient": ("orient", self._modules.orient),
            "ocr/recognise": ("recognise", self._modules.recognise),
        }

    def warm_up(self, progress: Callable[[str, float], None]) -> int:
        """Every bucket of every module, once: the run compiles it."""
        return warm_modules(self._bundle.manifest.modules, self._sessions, progress)

    def self_test(self) -> None:
        """The bundle's pictures must read as the bundle says: pages, or lines where there is no detector."""
        whole = "ocr" if self._modules.can_read_pages else "ocr/recognise"
        for test in self._bundle.manifest.self_test:
            kind = f"ocr/{test.module}" if test.module else whole
            check_picture(self._bundle, test, partial(self.run, kind))

    def run(self, kind: str, given: memoryview, options: Mapping[str, JsonValue]) -> PipelineAnswer[Body]:
        """A page, or each page of a document, to its lines; or a picture to what one module says of it."""
        if kind == "ocr":
            return self._document(given, options)
        stage, ask = self._alone[kind]
        stages: dict[str, float] = {}
        with timed(stages, "decode"):
            picture = decode_picture(given)
        with timed(stages, stage):
            body = ask(picture)
        return PipelineAnswer(body, stages)

    def _document(self, given: memoryview, options: Mapping[str, JsonValue]) -> PipelineAnswer[Body]:
        """A picture to its lines, in reading order, boxes in its coordinates; or each page of a document."""
        detector, recogniser = self._modules.detector, self._modules.recogniser
        chosen = options_of(options, cls=self._modules.can_turn, min_score=recogniser.min_score)
        stages: dict[str, float] = {}
        with timed(stages, "decode"):
            document = open_document(given, options)
        if document is None:
            return PipelineAnswer(
                self._page(detector, partial(decode_picture, given), chosen, stages), stages
            )
        with closing(document):
            pages: list[JsonValue] = [
                {"page": number, **self._page(detector, partial(document.page, number), chosen, stages)}
                for number in document.numbers
            ]
        return PipelineAnswer({"pages": pages}, stages)

    def _page(
        self, detector: Detector, decode: Callable[[], Picture], chosen: OcrOptions, stages: dict[str, float]
    ) -> Body:
        """One picture; its seconds are added to those of the pages before."""
        with timed(stages, "decode"):
            picture = decode()
        border()
        with timed(stages, "detect"):
            boxes = detector.find(picture)
            cuts = [cut(picture, box) for box in boxes]
        lines = [line for line, _ in cuts]
        border()
        with timed(stages, "orient"):
            turned = self._modules.orienter.upside_down(lines) if chosen.cls else [False] * len(lines)
        with timed(stages, "recognise"):
            texts, turned = self._read(lines, turned)
        angles = [angle + 180 * turn for (_, angle), turn in zip(cuts, turned, strict=True)]
        return answer_body(picture, boxes, texts, angles, chosen)

    def _read(self, lines: Sequence[Picture], turned: Sequence[bool]) -> tuple[list[Text], list[bool]]:
        """Texts, and which lines stood upside down after all."""
        unsure = doubtful(turned)
        upright = [upright_line(line, turn) for line, turn in zip(lines, turned, strict=True)]
        other = [upright_line(lines[index], not turned[index]) for index in unsure]
        texts = self._modules.recogniser.read([*upright, *other])
        chosen, verdicts = texts[: len(lines)], list(turned)
        for index, text in zip(unsure, texts[len(lines) :], strict=True):
            if text.score > chosen[index].score:
                chosen[index], verdicts[index] = text, not turned[index]
        return chosen, verdicts


def options_of(request: Mapping[str, JsonValue], *, cls: bool, min_score: float) -> OcrOptions:
    """What the front end checked and gave their types; cls and min_score are the bundle's defaults."""
    score = request.get("minScore", min_score)
    assert isinstance(score, int | float)
    return OcrOptions(cls=bool(request.get("cls", cls)), min_score=score)


def upright_line(line: Picture, turn: bool) -> Picture:
    """The line, turned by 180 degrees where it stands upside down."""
    return cv2.rotate(line, cv2.ROTATE_180) if turn else line


def open_ocr(bundle: Bundle, device: DeviceSettings) -> OcrPipeline:
    """Load the programs that the bundle holds."""
    cv2.setNumThreads(0)
    return OcrPipeline(bundle, {name: open_session(bundle, name, device) for name in bundle.manifest.modules})


def answer_body(
    picture: Picture, boxes: Sequence[Box], texts: Sequence[Text], angles: Sequence[int], options: OcrOptions
) -> Body:
    """The answer as JSON values: lines that are sure enough, as a reader takes them."""
    sure = [i for i, text in enumerate(texts) if text.text and text.score >= options.min_score]
    page_angle = Counter(angles[i] for i in sure).most_common(1)[0][0] if sure else 0
    order = reading_order([boxes[i] for i in sure], page_angle)
    lines: list[JsonValue] = [
        {
            "text": texts[index].text,
            "score": round(texts[index].score, 4),
            "box": corners(boxes[index]),
            "angle": angles[index],
        }
        for index in (sure[place] for place in order)
    ]
    return {**size_of(picture), "lines": lines}


@contextmanager
def timed(stages: dict[str, float], name: str) -> Iterator[None]:
    """Add the seconds of one stage."""
    started = time.perf_counter()
    try:
        yield
    finally:
        stages[name] = stages.get(name, 0.0) + time.perf_counter() - started
