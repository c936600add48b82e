"""Do we read what PaddleOCR reads with the same weights? `python -m benchmarks.parity`.

Four comparisons over the corpus, line by line, lines matched by where they stand:

as shipped   PaddleOCR's pipeline with its own defaults
same looks   the same, looking at pictures in the size and with the thresholds of the built-in bundle
same crops   its recogniser alone, given the lines that our pipeline cut out
same pixels  the same, and ours resizes those lines as it does: along straight lines between pixels

A line is equal when its text is, spaces and all. Where two texts differ, the corpus says who is right. Needs
the peer: `python -m hack.peers paddlex`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np

from benchmarks import runtime_record
from benchmarks.corpus import FOLDER, Picture, corpus, interleaved
from benchmarks.corpus_draw import Point
from benchmarks.text_error import NO_ERRORS, Errors, Piece, bands_of, errors, middle
from hack import peers
from hack.paddlex_serving import ENVIRONMENT
from paddle_runtime.bundle.store import builtin_path, open_bundle
from paddle_runtime.pipeline import recognise
from paddle_runtime.pipeline.crops import cut, width_at
from paddle_runtime.pipeline.ocr import OcrPipeline, open_ocr, upright_line
from paddle_runtime.pipeline.ocr_modules import OcrModules
from paddle_runtime.pipeline.picture import Picture as PixelArray
from paddle_runtime.pipeline.picture import decode_picture
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.opening import open_session

# Two boxes are one line when they share this much of both.
SAME_LINE = 0.5
SHOWN = 40
LOOKS = {
    "text_det_limit_side_len": 960,
    "text_det_limit_type": "max",
    "text_det_box_thresh": 0.5,
    "text_det_unclip_ratio": 1.6,
}
PACKAGES = ("paddleocr", "paddlex", "paddlepaddle", "opencv-contrib-python")


@dataclass(frozen=True)
class Difference:
    """A line that the two read differently, and what stands there."""

    picture: str
    ours: str
    theirs: str
    truth: str


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--most", type=int, help="pictures, the strata in turn; default all 200")
    pictures = interleaved(corpus(), parser.parse_args().most)
    bundle, device = open_bundle(builtin_path("ppocr-v4-mobile")), DeviceSettings()
    pipeline = open_ocr(bundle, device)
    ours = {picture.name: read(pipeline, picture) for picture in pictures}
    modules = OcrModules(
        bundle, {name: open_session(bundle, name, device) for name in bundle.manifest.modules}
    )
    with tempfile.TemporaryDirectory() as scratch:
        crops = cut_all(modules, pictures, Path(scratch))
        theirs = read_by_paddleocr(pictures, list(crops), Path(scratch))
        straight = read_straight(modules, list(crops))
    figures: dict[str, Any] = {
        "pictures": len(pictures),
        "peer": peers.versions_of(peers.home_of("paddlex"), PACKAGES),
        "ourErrorRate": error_rates(pictures, ours),
    }
    for name in ("as shipped", "same looks"):
        figures[name] = compared(pictures, ours, theirs[name]) | {
            "theirErrorRate": error_rates(pictures, theirs[name])
        }
    figures["same crops"] = crops_compared(crops, theirs["crops"])
    figures["same pixels"] = crops_compared(straight, theirs["crops"])
    runtime_record.write("parity", figures)


def read(pipeline: OcrPipeline, picture: Picture) -> list[Piece]:
    """Our reading, every line that has a text."""
    body = pipeline.run("ocr", memoryview(picture.body), {"minScore": 0.0}).body
    lines: Any = body["lines"]
    return [Piece(line["text"], line["box"]) for line in lines]


def cut_all(modules: OcrModules, pictures: Sequence[Picture], folder: Path) -> dict[str, tuple[str, float]]:
    """Every line that our detector finds, as a file, with what our recogniser reads of it alone."""
    found: dict[str, tuple[str, float]] = {}
    for picture in pictures:
        pixels = decode_picture(memoryview(picture.body))
        lines = [cut(pixels, box)[0] for box in modules.detector.find(pixels)]
        turned = modules.orienter.upside_down(lines)
        upright = [upright_line(line, turn) for line, turn in zip(lines, turned, strict=True)]
        for number, (line, text) in enumerate(zip(upright, modules.recogniser.read(upright), strict=True)):
            place = folder / f"{picture.name}-{number:03d}.png"
            cv2.imwrite(str(place), line)
            found[str(place)] = (text.text, text.score)
    return found


def read_straight(modules: OcrModules, crops: Sequence[str]) -> dict[str, tuple[str, float]]:
    """What our recogniser reads of lines that were resized linearly, to show what the way of it changes."""
    with mock.patch.object(recognise, "to_height", to_height_linearly):
        texts = modules.recogniser.read([decode_picture(memoryview(Path(p).read_bytes())) for p in crops])
    return {place: (text.text, text.score) for place, text in zip(crops, texts, strict=True)}


def to_height_linearly(line: PixelArray, height: int, max_width: int) -> PixelArray:
    """As crops.to_height, in PaddleOCR's way."""
    return cv2.resize(line, (max(1, min(width_at(line, height), max_width)), height))  # type: ignore[no-any-return]


def read_by_paddleocr(pictures: Sequence[Picture], crops: list[str], folder: Path) -> dict[str, Any]:
    """Its readings by name, as pieces by picture; "crops" as pairs of text and score."""
    home = peers.make("paddlex")
    config = str(home / "models" / "OCR.yaml")
    order = {
        "pictures": [str(FOLDER / picture.name) for picture in pictures],
        "pipelines": {
            "as shipped": {"config": config, "parameters": {}},
            "same looks": {"config": config, "parameters": LOOKS},
        },
        "crops": crops,
        "recogniser": {"name": "PP-OCRv4_mobile_rec", "folder": str(home / "models" / "PP-OCRv4_mobile_rec")},
    }
    (folder / "order.json").write_text(json.dumps(order), encoding="utf-8")
    program = Path(__file__).with_name("parity_peer.py")
    subprocess.run([peers.python_of(home), program, folder], check=True, env={**os.environ, **ENVIRONMENT})
    answers = json.loads((folder / "read.json").read_text(encoding="utf-8"))
    for name in order["pipelines"]:
        answers[name] = {
            Path(picture).name: [Piece(text, box) for text, _, box in lines if text]
            for picture, lines in answers[name].items()
        }
    return dict(answers)


def compared(
    pictures: Sequence[Picture],
    ours: Mapping[str, Sequence[Piece]],
    theirs: Mapping[str, Sequence[Piece]],
) -> dict[str, Any]:
    """How many lines are matched, how many of them are equal, and which are not."""
    matched = equal = bare = only_ours = only_theirs = 0
    differences: list[Difference] = []
    for picture in pictures:
        pairs, more, others = pairs_of(ours[picture.name], theirs[picture.name])
        only_ours, only_theirs = only_ours + len(more), only_theirs + len(others)
        for mine, other in pairs:
            matched += 1
            equal += mine.text == other.text
            bare += mine.text.replace(" ", "") == other.text.replace(" ", "")
            if mine.text != other.text:
                differences.append(Difference(picture.name, mine.text, other.text, truth_at(picture, mine)))
    return {
        "matchedLines": matched,
        "onlyOurs": only_ours,
        "onlyTheirs": only_theirs,
        "equal": round(equal / max(1, matched), 4),
        "equalWithoutSpaces": round(bare / max(1, matched), 4),
        "ofTheDifferent": who_is_right(differences),
        "differences": [vars(each) for each in differences[:SHOWN]],
    }


def crops_compared(
    crops: Mapping[str, tuple[str, float]], theirs: Sequence[tuple[str, float]]
) -> dict[str, Any]:
    """The recognisers beside each other on the same lines."""
    different = [
        {"line": Path(place).stem, "ours": text, "theirs": other, "scores": [round(score, 3), round(sure, 3)]}
        for (place, (text, score)), (other, sure) in zip(crops.items(), theirs, strict=True)
        if text != other.strip()
    ]
    bare = sum(each["ours"].replace(" ", "") != each["theirs"].replace(" ", "") for each in different)  # type: ignore[attr-defined]
    return {
        "lines": len(crops),
        "equal": round(1 - len(different) / max(1, len(crops)), 4),
        "equalWithoutSpaces": round(1 - bare / max(1, len(crops)), 4),
        "differences": different[:SHOWN],
    }


def pairs_of(
    ours: Sequence[Piece], theirs: Sequence[Piece]
) -> tuple[list[tuple[Piece, Piece]], list[Piece], list[Piece]]:
    """Lines that stand in the same place, the best match first; and what is left on either side."""
    shares = sorted(
        ((shared(a.box, b.box), i, j) for i, a in enumerate(ours) for j, b in enumerate(theirs)), reverse=True
    )
    partner: dict[int, int] = {}
    for share, i, j in shares:
        if share >= SAME_LINE and i not in partner and j not in partner.values():
            partner[i] = j
    taken = set(partner.values())
    return (
        [(ours[i], theirs[j]) for i, j in sorted(partner.items())],
        [piece for i, piece in enumerate(ours) if i not in partner],
        [piece for j, piece in enumerate(theirs) if j not in taken],
    )


def shared(first: Sequence[Point], other: Sequence[Point]) -> float:
    """Area of two boxes' intersection over that of their union."""
    a, b = (np.array(box, dtype=np.float32) for box in (first, other))
    common, _ = cv2.intersectConvexConvex(a, b)
    whole = abs(cv2.contourArea(a)) + abs(cv2.contourArea(b)) - common
    return float(common / whole) if whole > 0 else 0.0


def truth_at(picture: Picture, piece: Piece) -> str:
    """The row of the truth in which a piece stands."""
    x, y = middle(piece.box)
    places = [band.place(x, y)[1] for band in bands_of(picture)]
    return picture.rows()[places.index(min(places))]


def who_is_right(differences: Sequence[Difference]) -> dict[str, int]:
    """Whose text stands in the row as it is; neither's where both have it wrong."""
    counts = {"ours": 0, "theirs": 0, "neither": 0, "both": 0}
    for each in differences:
        mine, other = each.ours in each.truth, each.theirs in each.truth
        counts["both" if mine and other else "ours" if mine else "theirs" if other else "neither"] += 1
    return counts


def error_rates(pictures: Sequence[Picture], read: Mapping[str, Sequence[Piece]]) -> dict[str, float]:
    """Wrong characters over characters of the truth, by stratum."""
    sums: dict[str, Errors] = {}
    for picture in pictures:
        found = errors(picture, read[picture.name])
        for name in (picture.stratum, "all"):
            sums[name] = sums.get(name, NO_ERRORS) + found
    return {name: round(total.rate, 5) for name, total in sorted(sums.items())}


if __name__ == "__main__":
    main()
