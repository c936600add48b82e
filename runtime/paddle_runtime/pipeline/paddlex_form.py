"""A page in the words of PaddleX's OCR pipeline: polygons in whole pixels, texts and scores apart."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import cv2
import numpy as np
from pydantic import JsonValue

from paddle_runtime.pipeline.detect import Fit, Tuning
from paddle_runtime.pipeline.geometry import reading_order
from paddle_runtime.pipeline.picture import Picture
from paddle_runtime.pipeline.read_page import ReadPage

# As there: larger pictures are scaled down before they are sent back.
MAX_SHOWN_SIDE = 2000
BOX_COLOUR = (0, 0, 255)


def page_result(page: ReadPage, tuning: Tuning, *, cls: bool, min_score: float, visualize: bool) -> JsonValue:
    """One of the answer's ocrResults."""
    order = reading_order(page.boxes)
    polygons = [np.rint(page.boxes[index]).astype(int) for index in order]
    kept = [place for place, index in enumerate(order) if page.texts[index].score >= min_score]
    texts = [page.texts[order[place]] for place in kept]
    result: dict[str, JsonValue] = {
        "model_settings": {"use_doc_preprocessor": False, "use_textline_orientation": cls},
        "dt_polys": [polygon.tolist() for polygon in polygons],
        "text_det_params": _detector_settings(page.fit, tuning),
        "text_type": "general",
    }
    if order:
        not_asked = -1
        result["textline_orientation_angles"] = [
            int(page.turned[index]) if cls else not_asked for index in order
        ]
    result |= {
        "text_rec_score_thresh": min_score,
        "return_word_box": False,
        "rec_texts": [text.text for text in texts],
        "rec_scores": [text.score for text in texts],
        "rec_polys": [polygons[place].tolist() for place in kept],
        "rec_boxes": [
            [*polygons[place].min(axis=0).tolist(), *polygons[place].max(axis=0).tolist()] for place in kept
        ],
    }
    shown: dict[str, JsonValue] = {"prunedResult": result}
    if visualize:
        drawn = cv2.polylines(
            page.picture.copy(), [p.astype(np.int32) for p in polygons], True, BOX_COLOUR, 2
        )
        shown |= {"ocrImage": _jpeg(drawn), "inputImage": _jpeg(page.picture)}
    return shown


def data_info(form: str, shapes: Sequence[tuple[int, ...]]) -> dict[str, JsonValue]:
    """What the file was ("image", "tiff" or "pdf") and its pages' sizes, from their pixels' shapes."""
    sizes: list[dict[str, JsonValue]] = [{"width": shape[1], "height": shape[0]} for shape in shapes]
    if form == "image":
        return {**sizes[0], "type": form}
    return {"numPages": len(sizes), "pages": [*sizes], "type": form}


def _detector_settings(fit: Fit, tuning: Tuning) -> dict[str, JsonValue]:
    """What was done: a picture is always scaled so that its longer side has these pixels."""
    constants = tuning.constants
    return {
        "limit_side_len": max(fit.height, fit.width),
        "limit_type": "resize_long",
        "thresh": constants.probability_threshold,
        "max_side_limit": tuning.longest_side,
        "box_thresh": constants.box_threshold,
        "unclip_ratio": constants.unclip_ratio,
    }


def _jpeg(picture: Picture) -> str:
    """A picture as PaddleX sends it."""
    share = MAX_SHOWN_SIDE / max(picture.shape[:2])
    if share < 1:
        picture = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    return base64.b64encode(cv2.imencode(".jpg", picture)[1].tobytes()).decode("ascii")
