"""The real PP-OCRv4 mobile weights on rendered pages."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping

import numpy as np
import pytest
from PIL import Image, ImageOps

from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.predictor.paddle import PaddleSession
from paddle_runtime.predictor.session import Array
from tests.runtime.pipeline.builders import (
    LINE_TOPS,
    character_error_rate,
    encoded,
    line_picture,
    lines_of,
    ocr_bundle,
    page,
    read,
    real_ocr,
)


@pytest.mark.parametrize("name", ["chinese", "english"])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
def test_a_clean_page_is_read_without_an_error(name: str, form: str) -> None:
    assert character_error_rate(lines_of(name), read(page(name), form)) == 0


@pytest.mark.parametrize("angle", [90, 180, 270])
@pytest.mark.parametrize("name", ["chinese", "english"])
def test_a_turned_page_is_read_in_its_readers_order(name: str, angle: int) -> None:
    got = read(page(name).rotate(-angle, expand=True))
    # Order and lines exactly; a full stop at a line's end may be lost in a box found the other way round.
    assert [text[:12] for text in got] == [text[:12] for text in lines_of(name)]
    assert character_error_rate(lines_of(name), got) < 0.01


def test_lines_say_by_how_much_they_are_turned() -> None:
    answer = real_ocr().run("ocr", encoded(page("english").rotate(-180)), {}).body
    assert isinstance(answer["lines"], list)
    assert {line["angle"] for line in answer["lines"] if isinstance(line, dict)} == {180}


def test_without_the_classifier_an_upside_down_page_is_not_turned() -> None:
    assert read(page("english").rotate(180), cls=False) != lines_of("english")


def test_a_slightly_tilted_page_is_read() -> None:
    tilted = page("chinese").rotate(4, expand=True, fillcolor="white")
    assert character_error_rate(lines_of("chinese"), read(tilted)) == 0


def test_light_text_on_a_dark_ground_is_read() -> None:
    assert read(ImageOps.invert(page("english"))) == lines_of("english")


def test_text_with_a_transparent_ground_is_read_as_on_white() -> None:
    ink = ImageOps.invert(page("english").convert("L"))
    transparent = Image.merge("RGBA", (*(Image.new("L", ink.size, 0) for _ in range(3)), ink))
    assert read(transparent) == lines_of("english")


@pytest.mark.parametrize("factor", [0.55, 1.9])
def test_boxes_lie_where_the_text_is_in_the_pictures_own_coordinates(factor: float) -> None:
    scaled = page("chinese").resize((round(1280 * factor), round(960 * factor)), Image.Resampling.LANCZOS)
    body = real_ocr().run("ocr", encoded(scaled), {}).body
    assert (body["width"], body["height"]) == scaled.size
    assert isinstance(body["lines"], list)
    for top, line in zip(LINE_TOPS, body["lines"], strict=True):
        assert isinstance(line, dict)
        box = np.array(line["box"]) / factor
        assert box[:, 1].min() == pytest.approx(top + 12, abs=14)
        assert box[:, 0].min() == pytest.approx(80, abs=10)


@pytest.mark.parametrize("name", ["chinese", "english"])
@pytest.mark.parametrize("number", range(5))
def test_a_single_line_cut_tightly_is_read(name: str, number: int) -> None:
    assert read(line_picture(name, number)) == [lines_of(name)[number]]


def test_small_print_keeps_its_spaces() -> None:
    small = page("english").resize((560, 420), Image.Resampling.LANCZOS)
    assert character_error_rate(lines_of("english"), read(small)) == 0


def test_a_line_wider_than_every_bucket_is_read_whole() -> None:
    parts = [line_picture("english", number) for number in (0, 3, 0, 3)]
    strip = Image.new("RGB", (sum(part.width for part in parts) + 60, 120), "white")
    left = 30
    for part in parts:
        strip.paste(part, (left, 20))
        left += part.width
    assert strip.width > 1.5 * 1600
    expected = " ".join(lines_of("english")[number] for number in (0, 3, 0, 3))
    assert character_error_rate([expected], [" ".join(read(strip))]) == 0


def test_columns_are_read_row_by_row_from_left_to_right() -> None:
    sheet = Image.new("RGB", (1280, 320), "white")
    places = itertools.product((40, 180), (30, 700))
    for (top, left), number in zip(places, (2, 3, 3, 2), strict=True):
        sheet.paste(line_picture("chinese", number), (left, top))
    lines = lines_of("chinese")
    assert read(sheet) == [lines[2], lines[3], lines[3], lines[2]]


@pytest.mark.parametrize("size", [(1280, 960), (1, 1), (1, 3000), (3000, 1), (31, 17)])
def test_an_empty_picture_has_no_lines(size: tuple[int, int]) -> None:
    assert read(Image.new("RGB", size, "white")) == []


def test_noise_kills_nothing() -> None:
    noise = np.random.default_rng(7).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    assert isinstance(read(Image.fromarray(noise)), list)


def test_a_higher_minimum_score_drops_doubtful_lines() -> None:
    assert read(page("english"), minScore=1.0) == []


def test_a_truncated_picture_is_the_callers_mistake() -> None:
    whole = encoded(page("english"), "JPEG")
    with pytest.raises(Invalid) as fault:
        real_ocr().run("ocr", whole[: len(whole) // 2], {})
    assert fault.value.reason is RequestReason.UNDECODABLE


def test_every_declared_bucket_is_warmed_and_progress_ends_at_one() -> None:
    seen: list[float] = []
    count = real_ocr().warm_up(lambda _, share: seen.append(share))
    assert count == sum(len(module.buckets) for module in ocr_bundle().manifest.modules.values()) == len(seen)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_the_self_test_passes_with_the_right_bundle() -> None:
    real_ocr().self_test()


def test_little_time_goes_anywhere_but_into_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline, payload = real_ocr(), encoded(page("chinese"))
    inside = [0.0]
    run = PaddleSession.run

    def timed(session: PaddleSession, inputs: Mapping[str, Array]) -> list[Array]:
        began = time.thread_time()
        outputs = run(session, inputs)
        inside[0] += time.thread_time() - began
        return outputs

    monkeypatch.setattr(PaddleSession, "run", timed)
    ratios = []
    for _ in range(4):
        began, inside[0] = time.thread_time(), 0.0
        pipeline.run("ocr", payload, {})
        ratios.append((time.thread_time() - began) / inside[0])
    assert min(ratios) < 1.2
