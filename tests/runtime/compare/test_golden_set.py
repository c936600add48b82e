"""Golden sets that are right, and what is said of those that are not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from paddle_runtime.compare.content import Tensor, Tensors, Text
from paddle_runtime.compare.faults import CompareFault, CompareReason
from paddle_runtime.compare.golden_set import EXAMPLE, read_golden_set

INFER = {"name": "a", "path": "/v2/models/m/infer", "json": {"inputs": []}}


def written(folder: Path, *cases: dict[str, Any], **more: Any) -> Path:
    path = folder / "golden.json"
    path.write_text(json.dumps({"cases": cases, **more}))
    return path


def test_a_set_is_read_with_the_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    page = {"name": "page", "path": "/v1/ocr?cls=true", "file": "a.png", "expected": {"lines": ["one"]}}
    tensors = {**INFER, "expected": {"outputs": [{"name": "y", "data": [1]}]}}
    first, second = read_golden_set(written(tmp_path, page, tensors))
    assert (first.name, first.path, first.content_type, first.body, first.wanted) == (
        "page", "/v1/ocr?cls=true", "application/octet-stream", b"\x89PNG", Text("one"),
    )  # fmt: skip
    assert (second.content_type, json.loads(second.body)) == ("application/json", {"inputs": []})
    assert second.wanted == Tensors({"y": Tensor("y", None, (1.0,))})


def test_the_example_of_the_message_is_one(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "golden.json").write_text(EXAMPLE)
    assert len(read_golden_set(tmp_path / "golden.json")) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"path": "http://elsewhere/v1/ocr"}, "path"),
        ({"path": "/metrics"}, "path"),
        ({"path": "/v1/../metrics\n"}, "path"),
        ({"json": None}, "a case has one of json"),
        ({"file": "a.png"}, "a case has one of json"),
        ({"json": None, "file": "../secret"}, "file"),
        ({"json": None, "file": "b.png"}, "put it under this key of binaryData, or mend the case 'a'"),
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"expect": {}}, "expect"),
        ({"contentType": "a\r\nHost: b"}, "contentType"),
        ({"expected": {"angle": 1}}, "none of lines, text, classes, objects, outputs"),
        ({"expected": {"outputs": [{"name": "y", "data": ["x"]}]}}, "which is no number"),
    ],
)
def test_a_wrong_case_says_which_field_and_what_to_do(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    case = {key: value for key, value in {**INFER, **change}.items() if value is not None}
    with pytest.raises(CompareFault) as told:
        read_golden_set(written(tmp_path, case))
    assert told.value.reason is CompareReason.GoldenSetInvalid
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "golden.json is not JSON"),
        ("[" * 100_000, "golden.json is not JSON"),
        ("[]", "golden.json is no golden set"),
        ('{"cases": []}', "at least 1 item"),
        (json.dumps({"cases": [INFER, INFER]}), "these stand there twice: ['a']"),
    ],
)
def test_a_wrong_file_says_what_it_should_be(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "golden.json").write_text(text)
    with pytest.raises(CompareFault, match="golden") as told:
        read_golden_set(tmp_path / "golden.json")
    assert words in str(told.value)


def test_where_a_case_is_wrong_that_is_said_and_not_that_none_is_left(tmp_path: Path) -> None:
    with pytest.raises(CompareFault) as told:
        read_golden_set(written(tmp_path, {**INFER, "name": ""}))
    assert "cases.0.name = ''" in str(told.value)
    assert "at least" not in str(told.value)
    with pytest.raises(CompareFault, match=r"cases = \[\]: .* at least 1 item"):
        read_golden_set(written(tmp_path))


def test_a_set_that_is_not_there_says_where_it_belongs(tmp_path: Path) -> None:
    (tmp_path / "set.json").write_text("{}")
    with pytest.raises(CompareFault, match=r"key golden\.json of the ConfigMap that goldenSetRef names"):
        read_golden_set(tmp_path / "golden.json")


@pytest.mark.parametrize("folder", [".", "never-made"])
def test_where_nothing_at_all_is_the_config_map_is_said_not_to_exist(tmp_path: Path, folder: str) -> None:
    (tmp_path / "..data").mkdir()  # as a kubelet leaves it where the ConfigMap is missing
    with pytest.raises(
        CompareFault, match="the ConfigMap that goldenSetRef names does not exist, or is empty"
    ):
        read_golden_set(tmp_path / folder / "golden.json")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.png").open("wb") as large:
        large.truncate(33 << 20)
    case = {"name": "a", "path": "/v1/ocr", "file": "a.png"}
    with pytest.raises(CompareFault, match="more than"):
        read_golden_set(written(tmp_path, case))
