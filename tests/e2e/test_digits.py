"""The small fast model of examples/02: every digit of scikit-learn's set that the example keeps for tests."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
import yaml

from hack.demo.kubectl import Kube

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
EXAMPLE = Path(__file__).parents[2] / "examples" / "02-digits"


@pytest.fixture(scope="module")
def service(kube: Kube) -> dict[str, str]:
    """The example itself, applied as it stands: its name and address."""
    body = yaml.safe_load((EXAMPLE / "service.yaml").read_text())
    body["metadata"].pop("namespace", None)
    kube.apply(body)
    name = body["metadata"]["name"]
    kube.wait_condition(name, "Ready", "True", timeout=200)
    return {"name": name, "url": "http://" + kube.get("service", name)["spec"]["clusterIP"]}


def test_the_example_classifies_digits_over_the_open_inference_protocol(
    service: dict[str, str],
) -> None:
    base = f"{service['url']}/v2/models/{service['name']}"
    meta = httpx.get(base, timeout=10).json()
    (wanted,) = meta["inputs"]
    sample = json.loads((EXAMPLE / "request.json").read_text())
    expected = json.loads((EXAMPLE / "expected.json").read_text())
    assert sample["inputs"][0]["name"] == wanted["name"]
    answer = httpx.post(f"{base}/infer", json=sample, timeout=10)
    assert answer.status_code == 200, answer.text
    (output,) = answer.json()["outputs"]
    rows, classes = output["shape"]
    scores = [output["data"][r * classes : (r + 1) * classes] for r in range(rows)]
    assert [row.index(max(row)) for row in scores] == expected["digits"]


def test_a_wrong_shape_is_the_callers_mistake(service: dict[str, str]) -> None:
    wrong = {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [0.0, 0.0, 0.0]}]}
    answer = httpx.post(
        f"{service['url']}/v2/models/{service['name']}/infer",
        json=wrong,
        timeout=10,
    )
    assert answer.status_code == 400
    assert "shape" in answer.json()["error"] or "name" in answer.json()["error"]
