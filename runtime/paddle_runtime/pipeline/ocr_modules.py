"""The modules of an OCR bundle: those that it holds, and what each answers when it is asked by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from pydantic import JsonValue

from paddle_runtime.bundle.constants import DetectConstants, OrientConstants, RecogniseConstants
from paddle_runtime.bundle.signature import Shape
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.pipeline.base import Body, constants_of, size_of
from paddle_runtime.pipeline.ctc import load_characters
from paddle_runtime.pipeline.detect import Detector
from paddle_runtime.pipeline.geometry import Box, reading_order
from paddle_runtime.pipeline.orient import Orienter
from paddle_runtime.pipeline.picture import Picture
from paddle_runtime.pipeline.recognise import Recogniser
from paddle_runtime.pipeline.together import Programs
from paddle_runtime.predictor.session import Session


class OcrModules:
    """Up to three programs with their constants; one that is missing is told to the caller who needs it."""

    def __init__(self, bundle: Bundle, sessions: Mapping[str, Session], *, rows_cost: bool = True) -> None:
        self._names = tuple(sessions)
        parts = Parts(bundle, sessions, rows_cost)
        self._detector = parts.detector() if "detect" in sessions else None
        self._orienter = parts.orienter() if "orient" in sessions else None
        self._recogniser = parts.recogniser() if "recognise" in sessions else None

    @property
    def programs(self) -> Programs:
        """What a page needs, stage by stage; looked up when wanted, so that a missing one is told then."""
        return {
            "detect": lambda looks: self.detector.find_all(looks),  # noqa: PLW0108
            "orient": lambda lines: self.orienter.scores(lines),  # noqa: PLW0108
            "recognise": lambda lines: self.recogniser.read(lines),  # noqa: PLW0108
        }

    @property
    def detector(self) -> Detector:
        """Finds lines."""
        return self._detector or self._missing("detect")

    @property
    def orienter(self) -> Orienter:
        """Tells lines that stand upside down."""
        return self._orienter or self._missing("orient")

    @property
    def recogniser(self) -> Recogniser:
        """Reads lines."""
        return self._recogniser or self._missing("recognise")

    @property
    def can_turn(self) -> bool:
        """Whether there is an orienter."""
        return self._orienter is not None

    @property
    def can_read_pages(self) -> bool:
        """Whether there is all that a page needs."""
        return self._detector is not None and self._recogniser is not None

    def _missing(self, name: str) -> NoReturn:
        have = ", ".join(f"/v1/ocr/{each}" for each in self._names)
        raise Invalid(RequestReason.WRONG_TASK, f"this bundle holds no module {name!r}; it answers {have}")

    def detect(self, picture: Picture) -> Body:
        """Where lines of text are, in reading order."""
        boxes = self.detector.find(picture)
        shown: list[JsonValue] = [{"box": corners(boxes[place])} for place in reading_order(boxes)]
        return {**size_of(picture), "boxes": shown}

    def orient(self, line: Picture) -> Body:
        """How a line stands: 0 or 180 degrees, and how sure that is."""
        (score,) = self.orienter.scores([line])
        turned = self.orienter.is_upside_down(score)
        return {
            **size_of(line),
            "angle": 180 if turned else 0,
            "score": round(score if turned else 1 - score, 4),
        }

    def recognise(self, line: Picture) -> Body:
        """What a line says."""
        (text,) = self.recogniser.read([line])
        return {**size_of(line), "text": text.text, "score": round(text.score, 4)}


@dataclass(frozen=True)
class Parts:
    """What the modules are made of. rows_cost: see batches.plan_batches."""

    bundle: Bundle
    sessions: Mapping[str, Session]
    rows_cost: bool

    def detector(self) -> Detector:
        """The detector with its constants and its shapes."""
        constants = constants_of(self.bundle, "detect", DetectConstants)
        return Detector(self.sessions["detect"], constants, self._shapes("detect"), rows_cost=self.rows_cost)

    def orienter(self) -> Orienter:
        """The direction classifier with its constants."""
        constants = constants_of(self.bundle, "orient", OrientConstants)
        return Orienter(self.sessions["orient"], constants, self._shapes("orient"), rows_cost=self.rows_cost)

    def recogniser(self) -> Recogniser:
        """The recogniser with its constants and its dictionary."""
        module = self.bundle.manifest.modules["recognise"]
        dictionary = self.bundle.file(module.dictionary or "").read_bytes()
        characters = load_characters(dictionary, module.outputs[0].shape[-1])
        constants = constants_of(self.bundle, "recognise", RecogniseConstants)
        session, shapes = self.sessions["recognise"], self._shapes("recognise")
        return Recogniser(session, constants, shapes, characters, rows_cost=self.rows_cost)

    def _shapes(self, module: str) -> tuple[Shape, ...]:
        return self.bundle.manifest.modules[module].shapes()


def corners(box: Box) -> JsonValue:
    """Four corners (x, y), to a tenth of a pixel."""
    return [[round(x, 1), round(y, 1)] for x, y in box.tolist()]
