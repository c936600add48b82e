"""The examples of pictures and texts: trained, bundled and served over HTTP, each with its own endpoint."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.manifest import MANIFEST_NAME
from paddle_runtime.bundle.store import Bundle, open_bundle
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.pipeline import open_pipeline
from paddle_runtime.predictor.devices import DeviceSettings
from tests.runtime.bundle.bare.exports import exported_pictures, exported_shapes, exported_texts
from tests.runtime.pipeline.weights import turned, weights_of
from tests.runtime.serving.testbed import PNG, RunningServer, picture
from tests.trained import trained

# training and starting real models takes the processor's time, which a busy machine gives slowly
pytestmark = pytest.mark.timeout(600)
EXAMPLES = Path(__file__).parents[2] / "examples"
SERVE = (sys.executable, "-m", "paddle_runtime.main", "serve")
JSON = {"Content-Type": "application/json"}


def expected(example: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EXAMPLES / example / "expected.json").read_text())
    return document


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("classification")
    with RunningServer(
        folder, SERVE, model=trained("10-classification", folder / "bundle"), model_name="m"
    ) as running:
        yield running


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("text")
    with RunningServer(folder, SERVE, model=trained("11-text", folder / "bundle"), model_name="m") as running:
        yield running


def test_a_picture_is_classified_in_every_form(pictures: RunningServer) -> None:
    data = (EXAMPLES / "10-classification" / "four.png").read_bytes()
    raw = pictures.client.post("/v1/classify", content=data, headers=PNG)
    form = pictures.client.post("/v1/classify", files={"file": ("four.png", data)})
    assert raw.status_code == 200, raw.text
    document = raw.json()
    assert document["classes"][0]["label"] == expected("10-classification")["label"]
    assert document["classes"][0]["classId"] == 4
    assert len(document["classes"]) == 5
    assert (document["width"], document["height"], document["model"]) == (96, 96, "m")
    assert form.json()["classes"] == document["classes"]
    assert {"queueMs", "decodeMs", "prepareMs", "inferMs", "encodeMs", "totalMs"} <= set(document["timings"])


def test_a_caller_chooses_how_many_classes_and_how_sure(pictures: RunningServer) -> None:
    data = (EXAMPLES / "10-classification" / "four.png").read_bytes()
    one = pictures.client.post("/v1/classify?topK=1", content=data, headers=PNG).json()
    sure = pictures.client.post("/v1/classify?minScore=0.5&topK=10", content=data, headers=PNG).json()
    assert (
        [each["classId"] for each in one["classes"]] == [each["classId"] for each in sure["classes"]] == [4]
    )
    for query in ("topK=0", "topK=1.5", "topK=x", "topK=2000", "minScore=2", "cls=true"):
        answer = pictures.client.post(f"/v1/classify?{query}", content=data, headers=PNG)
        assert (answer.status_code, answer.json()["reason"]) == (400, "malformed"), query


def test_what_is_no_picture_is_refused_and_costs_no_worker(pictures: RunningServer) -> None:
    before = pictures.workers()
    for data, code, reason in (
        (b"", 400, "empty"),
        (b"text", 415, "unsupported_type"),
        (picture()[:40], 422, "undecodable"),
    ):
        answer = pictures.client.post("/v1/classify", content=data, headers=PNG)
        assert (answer.status_code, answer.json()["reason"]) == (code, reason)
    ocr = pictures.ocr(picture())
    assert (ocr.status_code, ocr.json()["reason"]) == (400, "wrong_task")
    assert "POST /v1/classify" in ocr.json()["error"]
    assert pictures.workers() == before


def test_stages_of_pictures_are_counted(pictures: RunningServer) -> None:
    pictures.client.post("/v1/classify", content=picture(), headers=PNG)
    samples = pictures.metrics()
    for stage in ("queue", "decode", "prepare", "infer", "encode"):
        assert samples[f'paddle_runtime_stage_duration_seconds_count{{stage="{stage}"}}'] >= 1


def test_metadata_names_the_picture_and_the_classes(pictures: RunningServer) -> None:
    document = pictures.get("/v2/models/m").json()
    assert document["platform"] == "paddle_imageclassification"
    assert [(row["name"], row["datatype"]) for row in document["inputs"]] == [("image", "BYTES")]
    assert [row["name"] for row in document["outputs"]] == ["classes"]


def test_texts_are_classified_one_and_several_in_both_languages(texts: RunningServer) -> None:
    body = json.loads((EXAMPLES / "11-text" / "request.json").read_text(encoding="utf-8"))
    several = texts.client.post("/v1/classify", json=body)
    assert several.status_code == 200, several.text
    labels = [each["classes"][0]["label"] for each in several.json()["results"]]
    assert labels == expected("11-text")["labels"]
    assert any(text.isascii() for text in body["texts"])
    assert not all(text.isascii() for text in body["texts"])
    one = texts.client.post("/v1/classify", json={"text": body["texts"][1], "options": {"topK": 1}}).json()
    assert one["classes"] == several.json()["results"][1]["classes"][:1]
    plain = {"Content-Type": "text/plain; charset=utf-8"}
    bare = texts.client.post("/v1/classify", content=body["texts"][1].encode(), headers=plain).json()
    assert bare["classes"][0] == one["classes"][0]


def test_a_long_text_is_read_up_to_the_longest_bucket(texts: RunningServer) -> None:
    start = "when will the umbrella arrive?"
    short = texts.client.post("/v1/classify", json={"text": start}).json()["classes"][0]
    long = texts.client.post("/v1/classify", json={"text": start + " umbrella" * 1000}).json()["classes"][0]
    assert long["label"] == short["label"] == "delivery"


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        (b"", 400, "empty"),
        (b"{", 400, "malformed"),
        (b"[]", 400, "malformed"),
        (b"{}", 400, "malformed"),
        (b'{"text": 3}', 400, "malformed"),
        (b'{"text": ""}', 400, "empty"),
        (b'{"text": "\\ud800"}', 400, "malformed"),
        (b'{"text": "a", "texts": ["b"]}', 400, "malformed"),
        (b'{"texts": "a"}', 400, "malformed"),
        (b'{"texts": []}', 400, "malformed"),
        (b'{"texts": ["a", null]}', 400, "malformed"),
        (b'{"text": "a", "more": 1}', 400, "malformed"),
        (b'{"text": "a", "options": {"topK": 0}}', 400, "malformed"),
        (b'{"text": ' + b"[" * 100_000, 400, "malformed"),
        (json.dumps({"texts": ["a"] * 65}).encode(), 400, "malformed"),
        (json.dumps({"text": "a" * 10_001}).encode(), 413, "too_large"),
        (b'{"text": "' + b"a" * 1_100_000 + b'"}', 413, "too_large"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_wrong_texts_are_4xx_and_cost_no_worker(
    texts: RunningServer, body: bytes, code: int, reason: str
) -> None:
    before = texts.workers()
    answer = texts.client.post("/v1/classify", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["reason"]) == (code, reason), answer.text
    assert texts.workers() == before


def test_a_picture_is_no_text(texts: RunningServer) -> None:
    answer = texts.client.post("/v1/classify", content=picture(), headers=PNG)
    assert (answer.status_code, answer.json()["reason"]) == (415, "unsupported_type")
    latin = texts.client.post("/v1/classify", content=b"\xff\xfe", headers={"Content-Type": "text/plain"})
    assert (latin.status_code, latin.json()["reason"]) == (400, "malformed")


def test_stages_of_texts_are_counted(texts: RunningServer) -> None:
    texts.client.post("/v1/classify", json={"text": "thank you"})
    samples = texts.metrics()
    for stage in ("queue", "decode", "tokenise", "infer", "encode"):
        assert samples[f'paddle_runtime_stage_duration_seconds_count{{stage="{stage}"}}'] >= 1


def test_any_client_of_the_open_inference_protocol_can_have_a_text_classified(texts: RunningServer) -> None:
    given = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["谢谢，耳机非常好"]}
    answer = texts.client.post("/v2/models/m/infer", json={"inputs": [given], "parameters": {"topK": 1}})
    assert answer.status_code == 200, answer.text
    (output,) = answer.json()["outputs"]
    assert [json.loads(each)["label"] for each in output["data"]] == ["thanks"]
    long = texts.client.post("/v2/models/m/infer", json={"inputs": [{**given, "data": ["a" * 10_001]}]})
    assert (long.status_code, long.json()["reason"]) == (413, "too_large")


@pytest.mark.parametrize("fixture", ["pictures", "texts"])
def test_a_swapped_label_ends_the_start(fixture: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    running: RunningServer = request.getfixturevalue(fixture)
    folder = tmp_path / "bundle"
    folder.mkdir()
    for path in (running.log_file.parent / "bundle").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    labels = (folder / "labels.txt").read_text().splitlines()
    (folder / "labels.txt").write_text("\n".join([*labels[1:], labels[0]]))
    write_manifest(folder, yaml.safe_load((folder / MANIFEST_NAME).read_text(encoding="utf-8")))
    with RunningServer(tmp_path, SERVE, wait=False, model=folder) as server:
        assert server.process.wait(120) == 22
        assert "SelfTestFailed" in server.log


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("detection")
    with RunningServer(
        folder, SERVE, model=trained("09-detection", folder / "bundle"), model_name="m"
    ) as running:
        yield running


def near(box: list[float], other: list[float], pixels: float = 12) -> bool:
    return all(abs(a - b) <= pixels for a, b in zip(box, other, strict=True))


def test_every_shape_is_found_where_it_is(shapes: RunningServer) -> None:
    data = (EXAMPLES / "09-detection" / "shapes.png").read_bytes()
    answer = shapes.client.post("/v1/detect", content=data, headers=PNG)
    assert answer.status_code == 200, answer.text
    found, wanted = answer.json()["objects"], expected("09-detection")["objects"]
    assert len(found) == len(wanted) >= 3
    for truth in wanted:
        (one,) = [each for each in found if near(each["box"], truth["box"])]
        assert one["label"] == truth["label"]
    scores = [each["score"] for each in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0.5 <= score <= 1 for score in scores)


def test_boxes_are_in_the_pictures_own_coordinates_at_any_size(shapes: RunningServer) -> None:
    with Image.open(EXAMPLES / "09-detection" / "shapes.png") as image:
        large = image.resize((image.width * 3, image.height * 3), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    large.save(buffer, "PNG")
    document = shapes.client.post("/v1/detect", content=buffer.getvalue(), headers=PNG).json()
    assert (document["width"], document["height"]) == large.size
    for truth in expected("09-detection")["objects"]:
        box = [side * 3 for side in truth["box"]]
        assert any(
            each["label"] == truth["label"] and near(each["box"], box, 36) for each in document["objects"]
        )


def test_a_caller_may_ask_for_surer_objects_only(shapes: RunningServer) -> None:
    data = (EXAMPLES / "09-detection" / "shapes.png").read_bytes()
    none = shapes.client.post("/v1/detect?minScore=1", content=data, headers=PNG).json()
    many = shapes.client.post("/v1/detect?minScore=0.1", content=data, headers=PNG).json()
    assert none["objects"] == []
    assert len(many["objects"]) >= len(expected("09-detection")["objects"])


@pytest.mark.parametrize("colour", ["white", "gray"])
def test_a_picture_of_nothing_has_no_objects(shapes: RunningServer, colour: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (128, 128), colour).save(buffer, "PNG")
    answer = shapes.client.post("/v1/detect", content=buffer.getvalue(), headers=PNG)
    assert (answer.status_code, answer.json().get("objects")) == (200, []), answer.text


def test_flipped_weights_of_a_detector_end_the_start(shapes: RunningServer, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    folder.mkdir()
    for path in (shapes.log_file.parent / "bundle").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    weights = bytearray((folder / "model.pdiparams").read_bytes())
    weights[-8000:-4000] = bytes(4000)
    (folder / "model.pdiparams").write_bytes(bytes(weights))
    write_manifest(folder, yaml.safe_load((folder / MANIFEST_NAME).read_text(encoding="utf-8")))
    with RunningServer(tmp_path, SERVE, wait=False, model=folder) as server:
        assert server.process.wait(120) == 22
        assert "SelfTestFailed" in server.log


def asked(server: RunningServer, fixture: str) -> Any:
    """What the example's own request is answered, without what differs each time."""
    if fixture == "texts":
        body = json.loads((EXAMPLES / "11-text" / "request.json").read_text(encoding="utf-8"))
        return server.client.post("/v1/classify", json=body).json()["results"]
    path, file = {
        "pictures": ("/v1/classify", "10-classification/four.png"),
        "shapes": ("/v1/detect", "09-detection/shapes.png"),
    }[fixture]
    answer = server.client.post(path, content=(EXAMPLES / file).read_bytes(), headers=PNG).json()
    return answer["objects" if fixture == "shapes" else "classes"]


def rounded(told: Any) -> Any:
    """Without the digits in which engines differ."""
    if isinstance(told, list):
        return [rounded(each) for each in told]
    if isinstance(told, dict):
        return {key: rounded(each) for key, each in told.items()}
    return pytest.approx(told, abs=0.001) if isinstance(told, float) else told


@pytest.mark.parametrize(
    ("fixture", "exported"),
    [("pictures", exported_pictures), ("texts", exported_texts), ("shapes", exported_shapes)],
)
def test_a_program_as_it_was_exported_answers_as_the_bundle_does(
    fixture: str, exported: Callable[[Path, Path], Path], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    running: RunningServer = request.getfixturevalue(fixture)
    folder = exported(running.log_file.parent / "bundle", tmp_path / "exported")
    with RunningServer(tmp_path, SERVE, model=folder, model_name="m") as server:
        assert asked(server, fixture) == rounded(asked(running, fixture))
        assert "has no model.yaml and is taken for task" in server.log
    assert not (folder / "model.yaml").exists()


@pytest.mark.parametrize("fixture", ["pictures", "texts", "shapes"])
def test_with_the_signs_of_any_large_tensor_turned_the_self_test_fails(
    fixture: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    running: RunningServer = request.getfixturevalue(fixture)
    bundle = open_bundle(running.log_file.parent / "bundle")
    shutil.copytree(bundle.path, tmp_path / "bundle")
    changed = Bundle(tmp_path / "bundle", bundle.manifest, bundle.digest)
    params = next(iter(bundle.manifest.modules.values())).params or ""
    data = bundle.file(params).read_bytes()
    found = {}
    for weight in weights_of(data):
        if weight.numbers > 300:  # what a bias or a scale alone does is often less than a tolerance
            changed.file(params).write_bytes(turned(data, weight))
            with pytest.raises(BundleFault) as fault:
                open_pipeline(changed, DeviceSettings()).self_test()
            found[weight] = fault.value.reason
    assert len(found) >= 3
    assert set(found.values()) == {BundleReason.SelfTestFailed}
