from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from charts.rendering import CRDS, OPERATOR

# Free-form for the user: the page names the parent.
LEAVES = {"resources", "nodeSelector", "affinity", "podLabels", "podAnnotations"}


def paths_of(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict) and value and name not in LEAVES:
            yield from paths_of(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def schema_paths(schema: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, part in schema["properties"].items():
        if "properties" in part and name not in LEAVES:
            yield from schema_paths(part, f"{prefix}{name}.")
        elif name != "global":
            yield f"{prefix}{name}"


@pytest.mark.parametrize("chart", [OPERATOR, CRDS], ids=lambda path: path.name)
def test_values_schema_and_page_name_the_same_settings(chart: Any) -> None:
    values = set(paths_of(yaml.safe_load((chart / "values.yaml").read_text(encoding="utf-8"))))
    schema = set(schema_paths(json.loads((chart / "values.schema.json").read_text(encoding="utf-8"))))
    page = set(
        re.findall(r"^\| `([\w.]+)` \|", (chart / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert values == schema == page
