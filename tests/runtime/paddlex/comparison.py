"""Field by field: what differs between an answer of ours and one of PaddleX's serving to the same request.

What may differ, and why: a box's corners by a few pixels, since the bundle's detector grows boxes a little
more (unclipRatio 1.6 and dilation against 1.5); scores by a little, since crops are larger by as much;
spaces, which PaddleX loses in small print; the numbers of text_det_params, which say what was done.
"""

from __future__ import annotations

from typing import Any

PIXELS = 9
SCORE = 0.05
FREE_NUMBERS = {"limit_side_len", "max_side_limit", "box_thresh", "unclip_ratio", "limit_type"}
POLYGONS = {"dt_polys", "rec_polys", "rec_boxes"}


def differences(ours: Any, theirs: Any, place: str = "answer") -> list[str]:
    """One line for each field that differs more than it may; [] when a client cannot tell them apart."""
    name = place.rpartition(".")[2]
    if type(ours) is not type(theirs):
        return [f"{place}: {type(ours).__name__} for {type(theirs).__name__}"]
    if isinstance(ours, dict):
        lacking, more = sorted(set(theirs) - set(ours)), sorted(set(ours) - set(theirs))
        found = [f"{place}: lacks {lacking}"] * bool(lacking) + [f"{place}: has {more} too"] * bool(more)
        shared = sorted(set(ours) & set(theirs))
        return found + [
            line for key in shared for line in differences(ours[key], theirs[key], f"{place}.{key}")
        ]
    if name in POLYGONS:
        return _moved(ours, theirs, place)
    if isinstance(ours, list):
        if len(ours) != len(theirs):
            return [f"{place}: {len(ours)} for {len(theirs)}: {ours} for {theirs}"]
        return [line for a, b in zip(ours, theirs, strict=True) for line in differences(a, b, place)]
    return [] if _alike(name, ours, theirs) else [f"{place}: {ours!r} for {theirs!r}"]


def _alike(name: str, ours: Any, theirs: Any) -> bool:
    if name == "rec_scores":
        return bool(abs(ours - theirs) <= SCORE)
    if name == "rec_texts":
        return bool(ours.replace(" ", "") == theirs.replace(" ", ""))
    if name in {"ocrImage", "inputImage"}:
        return bool(ours)
    return name in FREE_NUMBERS or bool(ours == theirs)


def _moved(ours: Any, theirs: Any, place: str) -> list[str]:
    mine, others = _flat(ours), _flat(theirs)
    if len(mine) != len(others) or any(abs(a - b) > PIXELS for a, b in zip(mine, others, strict=True)):
        return [f"{place}: {ours} for {theirs}"]
    return [] if all(type(number) is int for number in mine) else [f"{place}: numbers that are not whole"]


def _flat(value: Any) -> list[Any]:
    return [number for part in value for number in _flat(part)] if isinstance(value, list) else [value]
