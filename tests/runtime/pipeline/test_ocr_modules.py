"""OCR's modules: each by itself, bundles that hold some of them, and one that takes another's place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from paddle_runtime.bundle.compose import compose, open_composed
from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.manifest import MANIFEST_NAME
from paddle_runtime.bundle.store import Bundle, open_bundle
from paddle_runtime.bundle.verify import verify
from paddle_runtime.errors import BundleFault, BundleReason, Invalid, RequestReason
from paddle_runtime.pipeline import Pipeline, open_pipeline
from paddle_runtime.pipeline.base import Body
from paddle_runtime.predictor.devices import DeviceSettings
from tests.runtime.bundle.builders import small_bundle
from tests.runtime.pipeline.builders import (
    LINE_TOPS,
    encoded,
    line_picture,
    lines_of,
    ocr_bundle,
    page,
    real_ocr,
)


def opened(bundle: Bundle) -> Pipeline[memoryview, Body]:
    return open_pipeline(bundle, DeviceSettings())


def bundle_of(folder: Path, *names: str, **changes: object) -> Bundle:
    """Some modules of the real bundle, in a folder of their own, with a line as the recogniser's test."""
    whole = ocr_bundle()
    for name in names:
        shutil.copytree(whole.path / name, folder / name)
    described = yaml.safe_load((whole.path / MANIFEST_NAME).read_text(encoding="utf-8"))
    described["modules"] = {name: described["modules"][name] for name in names}
    described["name"] = "part"
    described["selfTest"] = []
    if "recognise" in names:
        line_picture("english", 0).save(folder / "line.png")
        described["selfTest"] = [{"picture": "line.png", "lines": [lines_of("english")[0]]}]
    write_manifest(folder, {**described, **changes})
    return open_bundle(folder)


def other_letters(folder: Path) -> Bundle:
    """A recogniser whose dictionary has capitals for small letters: it can be told from the real one."""
    bundle_of(folder, "recognise")
    dictionary = folder / "recognise" / "characters.txt"
    capitals = [
        each.upper() if each.isascii() else each
        for each in dictionary.read_text(encoding="utf-8").splitlines()
    ]
    dictionary.write_text("\n".join(capitals), encoding="utf-8")
    described = yaml.safe_load((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
    described["selfTest"] = [{"picture": "line.png", "lines": [lines_of("english")[0].upper()]}]
    write_manifest(folder, described)
    return open_bundle(folder)


def test_the_detector_alone_says_where_lines_are() -> None:
    answer = real_ocr().run("ocr/detect", encoded(page("chinese")), {})
    boxes = answer.body["boxes"]
    assert isinstance(boxes, list)
    tops = [min(y for _, y in each["box"]) for each in boxes]  # type: ignore[index, call-overload, union-attr]
    assert len(tops) == len(LINE_TOPS)
    assert all(abs(top - wanted) < 30 for top, wanted in zip(tops, LINE_TOPS, strict=True))
    assert set(answer.stages) == {"decode", "detect"}
    assert (answer.body["width"], answer.body["height"]) == page("chinese").size


@pytest.mark.parametrize("angle", [0, 180])
def test_the_orienter_alone_says_how_a_line_stands(angle: int) -> None:
    line = line_picture("english", 1).rotate(angle)
    answer = real_ocr().run("ocr/orient", encoded(line), {})
    assert answer.body["angle"] == angle
    assert 0.9 < float(answer.body["score"]) <= 1  # type: ignore[arg-type]
    assert set(answer.stages) == {"decode", "orient"}


@pytest.mark.parametrize("name", ["chinese", "english"])
def test_the_recogniser_alone_reads_a_line(name: str) -> None:
    for number, text in enumerate(lines_of(name)):
        answer = real_ocr().run("ocr/recognise", encoded(line_picture(name, number)), {})
        assert answer.body["text"] == text
    assert set(answer.stages) == {"decode", "recognise"}


def test_a_bundle_of_a_recogniser_reads_lines_and_says_what_it_cannot(tmp_path: Path) -> None:
    pipeline = opened(bundle_of(tmp_path, "recognise"))
    pipeline.self_test()
    line = encoded(line_picture("english", 0))
    assert pipeline.run("ocr/recognise", line, {}).body["text"] == lines_of("english")[0]
    for kind in ("ocr", "ocr/detect"):
        with pytest.raises(Invalid, match="holds no module 'detect'; it answers /v1/ocr/recognise") as fault:
            pipeline.run(kind, line, {})
        assert fault.value.reason is RequestReason.WRONG_TASK


def test_without_an_orienter_pages_are_read_as_they_stand(tmp_path: Path) -> None:
    pipeline = opened(bundle_of(tmp_path, "detect", "recognise", selfTest=[]))
    upright = pipeline.run("ocr", encoded(page("english")), {}).body["lines"]
    assert [line["text"] for line in upright] == lines_of("english")  # type: ignore[index, call-overload, union-attr]
    with pytest.raises(Invalid, match="holds no module 'orient'"):
        pipeline.run("ocr", encoded(page("english")), {"cls": True})


def test_a_bundles_recogniser_takes_the_place_of_anothers_with_its_dictionary_and_test(
    tmp_path: Path,
) -> None:
    other_letters(tmp_path)
    composed = open_composed(ocr_bundle().path, ocr_bundle().digest, {"recognise": tmp_path})
    verify(composed)
    assert composed.digest not in {ocr_bundle().digest, open_bundle(tmp_path).digest}
    *others, its_own = composed.manifest.self_test
    assert its_own.picture == "@recognise/line.png"
    assert [test.module for test in others] == ["detect", "orient", "orient"]
    pipeline = opened(composed)
    pipeline.self_test()
    lines = pipeline.run("ocr", encoded(page("english")), {}).body["lines"]
    texts = [line["text"] for line in lines]  # type: ignore[index, call-overload, union-attr]
    assert texts == [text.upper() for text in lines_of("english")]


def test_the_test_that_came_with_a_module_fails_with_another(tmp_path: Path) -> None:
    other_letters(tmp_path / "other")
    described = yaml.safe_load((tmp_path / "other" / MANIFEST_NAME).read_text(encoding="utf-8"))
    described["selfTest"] = [{"picture": "line.png", "lines": [lines_of("english")[0]]}]
    write_manifest(tmp_path / "other", described)
    composed = open_composed(ocr_bundle().path, None, {"recognise": tmp_path / "other"})
    with pytest.raises(BundleFault, match="character error rate"):
        opened(composed).self_test()


def test_an_orienter_of_another_bundle_leaves_the_pages_and_its_own_tests_to_prove_it(tmp_path: Path) -> None:
    own = [test for test in ocr_bundle().manifest.self_test if test.module == "orient"]
    told = [test.model_dump(mode="json", by_alias=True, exclude_none=True) for test in own[:1]]
    part = bundle_of(tmp_path, "orient", selfTest=told)
    composed = compose(ocr_bundle(), {"orient": part})
    others = [test for test in ocr_bundle().manifest.self_test if test.module != "orient"]
    assert composed.manifest.self_test == (*others, own[0])
    opened(composed).self_test()
    assert composed.file(composed.manifest.modules["orient"].program or "").is_relative_to(tmp_path)


def test_a_changed_part_is_found(tmp_path: Path) -> None:
    bundle_of(tmp_path, "orient")
    weights = tmp_path / "orient" / "inference.pdiparams"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(BundleFault, match=r"@orient/orient/inference[.]pdiparams has sha256"):
        verify(open_composed(ocr_bundle().path, None, {"orient": tmp_path}))


def test_what_does_not_fit_is_refused_with_what_does(tmp_path: Path) -> None:
    part = bundle_of(tmp_path / "part", "orient")
    tensor = small_bundle(tmp_path / "tensor")
    for name, bundle, words in (
        ("read", part, "has no module 'read', it has detect, orient, recognise"),
        ("recognise", part, "holds no module 'recognise', it holds orient"),
        ("orient", tensor, "is of task Tensor"),
    ):
        with pytest.raises(BundleFault, match=words) as fault:
            compose(ocr_bundle(), {name: bundle})
        assert fault.value.reason is BundleReason.BundleInvalid
