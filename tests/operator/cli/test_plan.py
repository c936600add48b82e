"""paddle-operator plan: what a resource would become, without a cluster."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
import yaml

from paddle_operator.cli.operator import main
from tests.operator.given import DIGEST, Resource, a_resource


@pytest.fixture
def plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Planner:
    return Planner(tmp_path / "service.yaml", capsys)


class Planner:
    """Writes a file, runs the program, keeps what it said."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self.capsys = capsys
        self.out = self.err = ""

    def __call__(self, *resources: Resource | str, flags: tuple[str, ...] = ()) -> int:
        texts = [one if isinstance(one, str) else yaml.safe_dump(one.body) for one in resources]
        self.path.write_text("---\n".join(texts))
        code = main(["plan", "-f", str(self.path), *flags])
        self.out, self.err = self.capsys.readouterr()
        return code

    @property
    def kinds(self) -> list[str]:
        return [item["kind"] for item in yaml.safe_load_all(self.out) if item]


def test_the_objects_are_printed_as_yaml(plan: Planner) -> None:
    assert plan(a_resource()) == 0
    assert plan.kinds == [
        "ConfigMap",
        "NetworkPolicy",
        "Job",
        "Service",
        "Deployment",
        "Service",
        "PodDisruptionBudget",
        "ConfigMap",
        "PrometheusRule",
        "PodMonitor",
    ]


def test_an_unknown_digest_is_said_to_be_unknown(plan: Planner) -> None:
    plan(a_resource())
    assert "sha256:" + "0" * 64 in plan.out
    assert "known only once the resolve Job has read it" in plan.out


def test_a_pinned_digest_gives_the_names_that_the_cluster_will_have(plan: Planner) -> None:
    plan(a_resource().with_("spec.model.digest", DIGEST))
    assert "known only once" not in plan.out
    assert "0" * 64 not in plan.out


def test_every_digest_that_only_a_store_knows_is_said_to_be_unknown(plan: Planner) -> None:
    pinned = a_resource().with_("spec.model.digest", DIGEST)
    plan(pinned.with_module("recognition", "s3://models/mine"))
    assert "# The digest of s3://models/mine is known only once" in plan.out
    plan(pinned.with_module("recognition", "s3://models/mine", digest=DIGEST))
    assert "known only once" not in plan.out
    plan(a_resource().with_module("recognition", "s3://models/mine"))
    assert "# The digest of s3://models/ppocr and of s3://models/mine is known only once" in plan.out


def test_what_a_strategy_has_no_use_for_is_said_to_be_ignored(plan: Planner) -> None:
    written = {"steps": [{"weight": 5}], "bake": {"durationMinutes": 5}}
    for strategy, ignored in (("Canary", []), ("BlueGreen", ["steps"]), ("Recreate", ["steps", "bake"])):
        assert plan(a_resource().with_("spec.rollout", {"strategy": strategy, **written})) == 0
        said = [line for line in plan.out.splitlines() if "Ignored" in line]
        assert said == [
            f"# Ignored: spec.rollout.{one}, strategy {strategy} does not use it." for one in ignored
        ]


def test_the_same_file_gives_the_same_bytes(plan: Planner) -> None:
    plan(a_resource())
    first = plan.out
    plan(a_resource())
    assert plan.out == first


def test_a_wrong_resource_is_refused_with_field_and_rule(plan: Planner) -> None:
    assert plan(a_resource().with_("spec.modle", 1).with_("spec.model.digest", "abc")) == 1
    assert 'PaddleModelService ocr: spec.modle: unknown field "modle": did you mean "model"?' in plan.err
    assert "spec.model.digest: must be 'sha256:'" in plan.err
    assert plan.out == ""


def test_a_correct_resource_is_printed_beside_a_wrong_one(plan: Planner) -> None:
    assert plan(a_resource(), a_resource().named("second").with_("spec.sla", None)) == 1
    assert "Deployment" in plan.kinds
    assert "PaddleModelService second: spec.sla: is required" in plan.err


def test_other_kinds_in_the_file_are_left_out_by_name(plan: Planner) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\n"
    assert plan(secret, a_resource()) == 0
    assert "Secret keys: left out" in plan.err


def test_a_resource_that_no_image_serves_has_its_own_exit_code(
    plan: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "paddle_operator.cli.operator._platform",
        lambda chosen: __import__("paddle_operator.plan").plan.Platform({}),
    )
    assert plan(a_resource().on("NPU")) == 3
    assert "no runtime image for device NPU" in plan.err


def test_flags_say_what_the_cluster_has(plan: Planner) -> None:
    routed = a_resource().through("gw", "ocr.example.com")
    plan(routed)
    assert {"HTTPRoute", "BackendTrafficPolicy"} <= set(plan.kinds)
    plan(routed, flags=("--without-envoy-gateway",))
    assert "BackendTrafficPolicy" not in plan.kinds
    plan(routed, flags=("--without-gateway-api",))
    assert "HTTPRoute" not in plan.kinds


def test_a_scaler_is_shown_for_the_cluster_that_is_told(plan: Planner) -> None:
    scaled = a_resource().scaled()
    plan(scaled)
    assert "ScaledObject" in plan.kinds
    plan(scaled, flags=("--without-keda",))
    assert "HorizontalPodAutoscaler" in plan.kinds


def test_a_cluster_without_the_prometheus_operator_gets_the_rules_as_a_file(plan: Planner) -> None:
    plan(a_resource(), flags=("--without-prometheus-operator",))
    assert not {"PrometheusRule", "PodMonitor"} & set(plan.kinds)
    assert "prod.ocr.rules.yaml: |" in plan.out


def test_an_image_given_by_flag_is_used(plan: Planner) -> None:
    plan(a_resource(), flags=("--image-cpu", "mine:7"))
    assert "image: mine:7" in plan.out


def test_a_namespace_is_given_to_those_that_name_none(plan: Planner) -> None:
    plan(a_resource().with_("metadata.namespace", None), flags=("-n", "elsewhere"))
    assert "namespace: elsewhere" in plan.out
    plan(a_resource(), flags=("-n", "elsewhere"))
    assert "namespace: elsewhere" not in plan.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "not YAML"),
        ("a: 1\na: 2\n", "line 2: the key 'a' is there twice"),
        ("", "holds no PaddleModelService"),
        ("just words", "must be an object"),
        ("? {a: 1}\n: b", "not YAML"),
    ],
)
def test_what_is_no_resource_file_is_a_wrong_argument(plan: Planner, text: str, words: str) -> None:
    assert plan(text) == 2
    assert words in plan.err


def test_a_file_that_is_not_there_is_a_wrong_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "-f", "/nowhere/service.yaml"]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_date_stays_what_the_user_wrote(plan: Planner) -> None:
    text = yaml.safe_dump(a_resource().body).replace("uri:", "version: 2026-11-22\n    uri:", 1)
    assert plan(text) == 0


def test_a_minus_reads_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(yaml.safe_dump(a_resource().body)))
    assert main(["plan", "-f", "-"]) == 0
    assert "kind: Deployment" in capsys.readouterr().out


def test_the_sum_behind_the_promise_is_printed_as_comments(plan: Planner) -> None:
    plan(a_resource().with_("spec.model.digest", DIGEST))
    head = plan.out.split("---\n")[0]
    assert "# SLAFeasible: Unknown (MoreToMeasure)\n" in head
    assert "#     up lets fail: 0.1 % of 30 days = 43 min 12 s (given)\n" in head
    assert all(line.startswith("#") for line in head.splitlines())
    assert max(len(line) for line in head.splitlines()) <= 112


def test_an_infeasible_promise_is_still_planned(plan: Planner) -> None:
    """It may be wanted while somebody works on it: nothing but the sum says no."""
    assert plan(a_resource().promising({"name": "up", "availability": {"targetPercent": "99.999"}})) == 0
    assert "# SLAFeasible: False (TooFewReplicas)" in plan.out
    assert "to make it hold: set spec.scaling.replicas to 2 or more" in plan.out
    assert "Deployment" in plan.kinds


def test_the_sum_knows_what_the_cluster_has(plan: Planner) -> None:
    routed = a_resource().through("gw", "ocr.example.com").replicas(2)
    plan(routed)
    assert "repeated by the gateway = 0 s (sum)" in plan.out
    plan(routed, flags=("--without-envoy-gateway",))
    assert "its share of that time = 16 s (sum)" in plan.out
