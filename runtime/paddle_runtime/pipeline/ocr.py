"""The OCR pipeline: decode -> detect -> orient -> recognise -> order; or one module by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import cv2
from pydantic import JsonValue

from paddle_runtime.border import border
from paddle_runtime.bundle.selftest import SelfTest
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.pipeline.base import Body, PipelineAnswer, size_of
from paddle_runtime.pipeline.crops import cut_all
from paddle_runtime.pipeline.ctc import Text
from paddle_runtime.pipeline.detect import Look, Tuning
from paddle_runtime.pipeline.document import open_document
from paddle_runtime.pipeline.geometry import reading_order
from paddle_runtime.pipeline.ocr_modules import OcrModules, corners
from paddle_runtime.pipeline.ocr_selftest import program_answers
from paddle_runtime.pipeline.orient import doubtful
from paddle_runtime.pipeline.paddlex_form import data_info, page_result
from paddle_runtime.pipeline.picture import Picture, decode_picture
from paddle_runtime.pipeline.read_page import ReadPage
from paddle_runtime.pipeline.selftest import answer_problem, check_picture, unfit
from paddle_runtime.pipeline.stages import timed
from paddle_runtime.pipeline.together import Steps, Want, alone, together
from paddle_runtime.pipeline.warmup import run_smallest, warm_modules
from paddle_runtime.predictor.devices import Device, DeviceSettings
from paddle_runtime.predictor.opening import open_session
from paddle_runtime.predictor.session import Array, Session

T = TypeVar("T")


@dataclass(frozen=True)
class OcrOptions:
    """cls: turn lines that are upside down. min_score: lines that are less sure are left out."""

    cls: bool
    min_score: float
    tuning: Tuning


class OcrPipeline:
    """Up to three programs on one thread."""

    def __init__(self, bundle: Bundle, sessions: Mapping[str, Session], *, rows_cost: bool = True) -> None:
        self._bundle = bundle
        self._sessions = sessions
        self._modules = OcrModules(bundle, sessions, rows_cost=rows_cost)
        self._alone: Mapping[str, tuple[str, Callable[[Picture], Body]]] = {
            "ocr/detect": ("detect", self._modules.detect),
            "ocr/orient": ("orient", self._modules.orient),
            "ocr/recognise": ("recognise", self._modules.recognise),
        }

    def _options(self, request: Mapping[str, JsonValue]) -> OcrOptions:
        """What the front end checked and gave their types, and the bundle's own where nothing was said."""
        modules = self._modules
        detector, min_score = modules.detector, modules.recogniser.min_score
        score, changes = request.get("minScore", min_score), request.get("detect", {})
        assert isinstance(score, int | float)
        assert isinstance(changes, dict)
        return OcrOptions(
            cls=bool(request.get("cls", modules.can_turn)), min_score=score, tuning=detector.tuned(changes)
        )

    def warm_up(self, progress: Callable[[str, float], None]) -> int:
        """Every bucket of every module, once: the run compiles it."""
        return warm_modules(self._bundle.manifest.modules, self._sessions, progress)

    def self_test(self) -> None:
        """The bundle's pictures must read as the bundle says, pages, or lines where there is no detector; and
        the programs must answer what it knows of them."""
        for number in range(len(self._bundle.manifest.self_test)):
            self.check(number)

    def check(self, number: int) -> None:
        """One of them."""
        test = self._bundle.manifest.self_test[number]
        if not test.outputs:
            whole = "ocr" if self._modules.can_read_pages else "ocr/recognise"
            kind = f"ocr/{test.module}" if test.module else whole
            check_picture(self._bundle, test, partial(self.run, kind))
        elif problem := answer_problem(test, self.program_answers(test)):
            raise unfit(
                f"selfTest[{number}] of module {test.module}: {problem}",
                "The device or the engine does not fit this program",
            )

    def run_smallest(self) -> None:
        """The smallest bucket of every module once more."""
        run_smallest(self._bundle.manifest.modules, self._sessions)

    def program_answers(self, test: SelfTest) -> Mapping[str, Array]:
        """What a self-test of a module's program is answered, by output."""
        return program_answers(self._bundle, test, self._modules, self._sessions)

    def run(self, kind: str, given: memoryview, options: Mapping[str, JsonValue]) -> PipelineAnswer[Body]:
        """A page, or each page of a document, to its lines; or a picture to what one module says of it."""
        return alone(self._steps(kind, given, options), self._modules.programs)

    def run_all(
        self, requests: Sequence[tuple[str, memoryview, Mapping[str, JsonValue]]]
    ) -> list[PipelineAnswer[Body] | Exception]:
        """The same for several requests at once: the lines of all of them are read together."""
        return together([self._steps(*request) for request in requests], self._modules.programs)

    def _steps(
        self, kind: str, given: memoryview, options: Mapping[str, JsonValue]
    ) -> Steps[PipelineAnswer[Body]]:
        stages: dict[str, float] = {}
        if kind in self._alone:
            stage, ask = self._alone[kind]
            with timed(stages, "decode"):
                picture = decode_picture(given)
            with timed(stages, stage):
                body = ask(picture)
            return PipelineAnswer(body, stages)
        chosen = self._options(options)
        if kind == "paddlex":
            body = yield from self._in_paddlex_form(given, options, chosen, stages)
            return PipelineAnswer(body, stages)
        form, pages = yield from self._pages(
            given, options, chosen, stages, partial(answer_body, chosen=chosen)
        )
        if form == "image":
            return PipelineAnswer(pages[0][1], stages)
        return PipelineAnswer({"pages": [{"page": number, **body} for number, body in pages]}, stages)

    def _in_paddlex_form(
        self,
        given: memoryview,
        options: Mapping[str, JsonValue],
        chosen: OcrOptions,
        stages: dict[str, float],
    ) -> Steps[Body]:
        """The result of PaddleX serving's answer."""
        visualize = bool(options.get("visualize"))
        shapes: list[tuple[int, ...]] = []

        def tell(page: ReadPage) -> JsonValue:
            shapes.append(page.picture.shape)
            return page_result(
                page, chosen.tuning, cls=chosen.cls, min_score=chosen.min_score, visualize=visualize
            )

        form, pages = yield from self._pages(given, options, chosen, stages, tell)
        return {"ocrResults": [told for _, told in pages], "dataInfo": data_info(form, shapes)}

    def _pages(
        self,
        given: memoryview,
        options: Mapping[str, JsonValue],
        chosen: OcrOptions,
        stages: dict[str, float],
        tell: Callable[[ReadPage], T],
    ) -> Steps[tuple[str, list[tuple[int, T]]]]:
        """What the payload is, and of each page its number and what `tell` says of it before the next."""
        with timed(stages, "decode"):
            document = open_document(given, options)
        if document is None:
            page = yield from self._page(partial(decode_picture, given), chosen, stages)
            return "image", [(1, tell(page))]
        told: list[tuple[int, T]] = []
        with closing(document):
            for number in document.numbers:
                page = yield from self._page(partial(document.page, number), chosen, stages)
                told.append((number, tell(page)))
            return document.form, told

    def _page(
        self, decode: Callable[[], Picture], chosen: OcrOptions, stages: dict[str, float]
    ) -> Steps[ReadPage]:
        """One picture; its seconds are added to those of the pages before."""
        with timed(stages, "decode"):
            picture = decode()
        border()
        with timed(stages, "detect"):
            fit = self._modules.detector.fit(picture, chosen.tuning)
            (boxes,) = yield Want("detect", [Look(picture, chosen.tuning)])
            cuts = cut_all(picture, boxes)
        lines = [line for line, _ in cuts]
        border()
        turned = [False] * len(lines)
        if chosen.cls:
            with timed(stages, "orient"):
                scores = yield Want("orient", lines)
                turned = [self._modules.orienter.is_upside_down(score) for score in scores]
        with timed(stages, "recognise"):
            texts, turned = yield from self._read(lines, turned)
        angles = [angle + 180 * turn for (_, angle), turn in zip(cuts, turned, strict=True)]
        return ReadPage(picture, boxes, texts, angles, turned, fit)

    def _read(self, lines: Sequence[Picture], turned: Sequence[bool]) -> Steps[tuple[list[Text], list[bool]]]:
        """Texts, and which lines stood upside down after all."""
        unsure = doubtful(turned)
        upright = [upright_line(line, turn) for line, turn in zip(lines, turned, strict=True)]
        other = [upright_line(lines[index], not turned[index]) for index in unsure]
        texts: list[Text] = yield Want("recognise", [*upright, *other])
        chosen, verdicts = texts[: len(lines)], list(turned)
        for index, text in zip(unsure, texts[len(lines) :], strict=True):
            if text.score > chosen[index].score:
                chosen[index], verdicts[index] = text, not turned[index]
        return chosen, verdicts


def upright_line(line: Picture, turn: bool) -> Picture:
    """The line, turned by 180 degrees where it stands upside down."""
    return cv2.rotate(line, cv2.ROTATE_180) if turn else line


def open_ocr(bundle: Bundle, device: DeviceSettings) -> OcrPipeline:
    """Load the programs that the bundle holds."""
    cv2.setNumThreads(0)
    sessions = {name: open_session(bundle, name, device) for name in bundle.manifest.modules}
    return OcrPipeline(bundle, sessions, rows_cost=device.device is Device.CPU)


def answer_body(page: ReadPage, *, chosen: OcrOptions) -> Body:
    """The answer as JSON values: lines that are sure enough, as a reader takes them."""
    picture, boxes, texts, angles = page.picture, page.boxes, page.texts, page.angles
    sure = [i for i, text in enumerate(texts) if text.text and text.score >= chosen.min_score]
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
