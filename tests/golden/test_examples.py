"""Every example, its whole plan as it stands beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hack.generated import example_plans
from paddle_operator.spec import parse

FOLDERS = example_plans.examples()


def test_the_examples_are_all_here() -> None:
    assert [folder.name for folder in FOLDERS] == [
        "01-ocr",
        "02-digits",
        "03-minimal",
        "04-gpu",
        "05-npu",
        "06-mlu",
        "07-https",
        "08-pvc",
        "09-detection",
        "10-classification",
        "11-text",
        "13-module",
        "14-scaling",
        "15-alerts",
        "16-mesh",
    ]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_plan_beside_an_example_is_current(folder: Path) -> None:
    assert (folder / "plan.yaml").read_text() == example_plans.plan_of(folder), "run make generate"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_example_says_what_it_shows(folder: Path) -> None:
    readme = (folder / "README.md").read_text()
    assert readme.startswith("# ")
    assert "service.yaml" in readme


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_no_example_has_an_object_twice(folder: Path) -> None:
    items = [item for item in yaml.safe_load_all((folder / "plan.yaml").read_text()) if item]
    keys = [(item["kind"], item["metadata"]["name"]) for item in items]
    assert len(set(keys)) == len(keys)


def test_the_smallest_resource_has_ten_lines() -> None:
    text = (example_plans.FOLDER / "03-minimal" / "service.yaml").read_text()
    assert len(text.splitlines()) <= 10
    assert parse(yaml.safe_load(text)).spec.model.uri.startswith("builtin:")
