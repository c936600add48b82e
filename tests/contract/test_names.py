"""The two packages never import each other; what they share is written twice and held equal here."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from paddle_operator import names
from paddle_operator.cli.inference import ENDPOINTS
from paddle_operator.plan import KubeObject
from paddle_operator.plan.compare_job import (
    EXIT_ANSWERS_DIFFER,
    EXIT_GOLDEN_SET_INVALID,
    EXIT_NOTHING_KNOWN,
    EXIT_TOO_FEW_COPIES,
)
from paddle_operator.plan.fetching import fetch_arguments
from paddle_operator.plan.preflight_job import preflight_job
from paddle_operator.plan.shadow import shadow_job
from paddle_operator.reasons import EXIT_CODES
from paddle_operator.sla.objectives import sla_document
from paddle_operator.spec.promise import Sla
from paddle_operator.spec.rollout import Preflight
from paddle_operator.spec.source import IN_BUNDLES, Addressing, ModelFormat, ModuleName, Source, Task
from paddle_operator.spec.source_rules import URI_FORM
from paddle_operator.spec.workload import Device
from paddle_runtime import sla as runtime_sla
from paddle_runtime import tasks
from paddle_runtime.bundle import location, manifest, s3
from paddle_runtime.bundle.paths import unsafe_path
from paddle_runtime.bundle.unpacked import modules_of
from paddle_runtime.cli import compare as compare_command
from paddle_runtime.cli import fetch as fetch_command
from paddle_runtime.compare.faults import CompareReason
from paddle_runtime.compare.tally import Limits
from paddle_runtime.errors import BundleReason
from paddle_runtime.settings import env_name, options
from paddle_runtime.transport import front, http_app
from tests.contract.corpus import ACCEPTED
from tests.operator.given import World, a_resource, a_service, container, environment, init_container, planned

SETTINGS = {env_name(name): default for name, default, _ in options()}
CHOICES = {env_name(name): documented.choices for name, _, documented in options()}
FETCH_VARIABLES = {
    fetch_command.ENDPOINT_ENV,
    fetch_command.REGION_ENV,
    fetch_command.ADDRESSING_ENV,
    fetch_command.CREDENTIALS_ENV,
}

LOCATIONS = {
    "s3": location.S3Location,
    "https": location.HttpsLocation,
    "pvc": location.FolderLocation,
    "builtin": location.BuiltinLocation,
}


def test_every_variable_that_the_operator_sets_is_read_by_the_runtime() -> None:
    made = planned(a_service(a_resource().on("GPU").with_module("recognition", "builtin:other")))
    ours = {name for name in environment(container(made)) if name.startswith(names.ENV_PREFIX)}
    assert ours <= SETTINGS.keys()
    secured = a_resource().with_("spec.model.credentialsRef", {"name": "keys"})
    fetching = environment(init_container(planned(a_service(secured))))
    assert {name for name in fetching if name.startswith(names.ENV_PREFIX)} == FETCH_VARIABLES
    claimed = environment(init_container(planned(a_service(a_resource().reading("pvc://models/x")))))
    assert {name for name in claimed if name.startswith(names.ENV_PREFIX)} == {fetch_command.TASK_ENV}


def test_port_and_files_are_the_runtimes_defaults() -> None:
    assert SETTINGS[names.ENV_PORT] == names.RUNTIME_PORT
    assert SETTINGS[names.ENV_GRPC_PORT] == names.RUNTIME_GRPC_PORT
    assert SETTINGS[names.ENV_SLA_FILE] == names.SLA_FILE
    assert Path(names.SOURCE_DIR) == location.PVC_MOUNT


def test_both_sides_know_the_same_devices_tasks_formats_modules_and_addressings() -> None:
    assert set(CHOICES[names.ENV_DEVICE]) == set(Device)
    assert {task.value for task in tasks.Task} == set(Task)
    assert {style.value for style in s3.Addressing} == set(Addressing)
    assert set(get_args(manifest.ModelFormat)) == set(ModelFormat)
    assert set(IN_BUNDLES) == set(ModuleName)
    assert set(IN_BUNDLES.values()) == set(manifest.MODULES[tasks.Task.OCR])


def test_the_cli_sends_a_file_where_the_runtime_answers_its_task() -> None:
    own = {task.value: serving.kinds[0].path for task, serving in tasks.TASKS.items()}
    assert own == {**ENDPOINTS, "Tensor": "/v2/models/{name}/infer"}


@pytest.mark.parametrize("path", [names.PATH_LIVE, names.PATH_READY, names.PATH_METRICS])
def test_probes_and_scraping_ask_for_paths_that_are_there(path: str) -> None:
    assert f'Route("{path}"' in Path(http_app.__file__).read_text()


def test_a_gateway_sends_on_every_path_but_those_for_the_cluster() -> None:
    transport = Path(http_app.__file__).parent
    texts = "".join(file.read_text() for file in transport.glob("http_*.py"))
    paths = {*re.findall(r'(?:Route|_file)\(f?"(/[^"]*)"', texts), *tasks.paths()}
    inside = {path for path in paths if not path.startswith(names.PATHS_SERVED)}
    of_the_bundle = {kind.path for kind in tasks.OF_THE_BUNDLE}
    assert inside == {names.PATH_METRICS, "/health", names.PATH_PAGE, *of_the_bundle}
    beside = {path for path in tasks.paths() if not path.startswith(names.PATHS_OF_MODELS)}
    assert beside == of_the_bundle, "what callers run is counted at the gateway"
    assert tasks.GOLDEN.path == names.PATH_GOLDEN
    assert names.HEADER_SYNTHETIC.lower() in Path(front.__file__).read_text()


@pytest.mark.parametrize("resolve", [True, False])
def test_the_runtime_understands_the_arguments_of_fetch(resolve: bool) -> None:
    source = Source(uri="s3://models/x", digest="sha256:" + "0" * 64)
    arguments = fetch_arguments(source, 30, resolve=resolve)
    parser = argparse.ArgumentParser()
    fetch_command.add_arguments(parser)
    assert arguments[0] == "fetch"
    chosen = parser.parse_args(arguments[1:])
    assert (chosen.uri, chosen.timeout_seconds, chosen.resolve) == ("s3://models/x", 30, resolve)
    assert chosen.into == (None if resolve else Path(names.BUNDLE_DIR))


def compared_by(job: KubeObject) -> argparse.Namespace:
    """What the runtime takes the arguments of a Job for."""
    arguments = job["spec"]["template"]["spec"]["containers"][0]["args"]
    parser = argparse.ArgumentParser()
    compare_command.add_arguments(parser)
    assert arguments[0] == "compare"
    return parser.parse_args(arguments[1:])


def test_the_runtime_understands_the_arguments_of_a_shadow() -> None:
    (stable,) = World(a_service()).settles().live
    preflight = Preflight.model_validate({"shadow": {"requests": 7}, "maxLabelErrorPercent": "2"})
    job = shadow_job(a_service().identity, preflight, stable, stable)
    assert job is not None
    chosen = compared_by(job)
    assert (chosen.golden_set, chosen.listen, chosen.copies) == (None, names.RUNTIME_PORT, 7)
    assert (chosen.max_label_error_percent, chosen.timeout_seconds) == (2.0, 600.0)


@pytest.mark.parametrize("device", ["CPU", "GPU"])
def test_the_runtime_understands_the_arguments_of_a_preflight(device: str) -> None:
    (stable,) = World(a_service()).settles().live
    assert stable.revision is not None
    tried = replace(stable, revision=stable.revision.model_copy(update={"device": Device(device)}))
    preflight = Preflight.model_validate({"goldenSetRef": {"configMap": "golden"}, "maxAbsError": "0.5"})
    job = preflight_job(a_service().identity, preflight, tried, stable)
    assert job is not None
    chosen = compared_by(job)
    assert (chosen.golden_set, chosen.listen) == (Path("/etc/paddle-sla/golden/golden.json"), None)
    assert (chosen.max_abs_error, chosen.max_text_error_percent) == (0.5, 1.0)
    assert (chosen.new, chosen.stable) == (
        f"http://{stable.name}.{a_service().identity.namespace}.svc:80",
    ) * 2
    assert chosen.parity is (device != "CPU")


def test_the_runtime_understands_what_is_asked_on_another_device() -> None:
    (stable,) = World(a_service()).settles().live
    assert stable.revision is not None
    tried = replace(stable, revision=stable.revision.model_copy(update={"device": Device.GPU}))
    job = preflight_job(a_service().identity, Preflight(), tried, stable)
    assert job is not None
    chosen = compared_by(job)
    assert (chosen.self_test, chosen.golden_set, chosen.listen, chosen.parity) == (True, None, None, False)


def test_both_sides_know_the_same_exit_codes_of_a_comparison() -> None:
    assert CompareReason.AnswersDiffer.value == EXIT_ANSWERS_DIFFER
    assert CompareReason.GoldenSetInvalid.value == EXIT_GOLDEN_SET_INVALID
    assert CompareReason.TooFewCopies.value == EXIT_TOO_FEW_COPIES
    assert CompareReason.NothingKnown.value == EXIT_NOTHING_KNOWN


def test_what_is_let_pass_by_default_is_the_same_by_hand_and_in_a_cluster() -> None:
    ours, theirs = Preflight(), Limits()
    for name in ("text_error_percent", "label_error_percent", "box_error_percent", "abs_error"):
        assert float(getattr(ours, f"max_{name}")) == getattr(theirs, name)


def test_a_module_lies_where_the_runtime_looks_for_it_and_no_file_of_the_model_can() -> None:
    made = planned(a_service(a_resource().with_module("recognition", "builtin:other")))
    arguments = init_container(made, "fetch-recognition")["args"]
    into = arguments[arguments.index("--into") + 1]
    assert modules_of(environment(container(made))[names.ENV_MODULES]) == {"recognise": Path(into)}
    inside = Path(into).relative_to(names.BUNDLE_DIR)
    assert "kept for files of other bundles" in str(unsafe_path(str(inside / "model.pdmodel")))


def test_the_runtime_reads_the_thresholds_that_the_operator_writes() -> None:
    latencies = [
        {"name": f"l{value}", "latency": {"percentile": "95", "thresholdMilliseconds": value}}
        for value in (1, 200, 600_000)
    ]
    promised: Sla = a_service(a_resource().promising(*latencies)).spec.sla
    written = json.dumps(sla_document(promised)).encode()
    assert runtime_sla.thresholds_seconds(written) == (0.001, 0.2, 600.0)


def test_exit_codes_mean_the_same_on_both_sides() -> None:
    assert {code: reason.value for code, reason in EXIT_CODES.items()} == {
        reason.value: reason.name for reason in BundleReason
    }


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.sentence)
def test_the_runtime_can_read_an_address_that_the_operator_accepts(case: object) -> None:
    uri = case.resource.body["spec"]["model"]["uri"]  # type: ignore[attr-defined]
    assert isinstance(location.parse_location(uri), LOCATIONS[uri.partition(":")[0]])


@given(st.from_regex(URI_FORM, fullmatch=True))
@settings(max_examples=300)
def test_the_runtime_can_read_any_address_of_the_form(uri: str) -> None:
    assume(uri.isascii() and "\n" not in uri and ".." not in uri.split("/") and len(uri) <= 512)
    assert isinstance(location.parse_location(uri), LOCATIONS[uri.partition(":")[0]])
