"""The Job that asks a new revision first: what it may do, what it asks, and when there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from paddle_operator import names
from paddle_operator.plan import KubeObject, LiveRevision
from paddle_operator.plan.network_policy import compare_policy, network_policy
from paddle_operator.plan.preflight_job import needs_parity, preflight_job, same_model
from paddle_operator.spec.rollout import Preflight
from paddle_operator.spec.workload import Device
from tests.operator.given import DIGEST, OTHER_DIGEST, World, a_resource, a_service


def asking(golden_set: str, **limits: str) -> Preflight:
    return Preflight.model_validate({"goldenSetRef": {"configMap": golden_set}, **limits})


ASKED = asking("ocr-golden")
SERVICE = a_service()


def revisions(device: str = "CPU", digest: str = OTHER_DIGEST) -> tuple[LiveRevision, LiveRevision]:
    """One that serves, and one of these bytes on this device that is to follow it."""
    world = World(SERVICE).settles()
    (stable,) = world.live
    assert stable.revision is not None
    changed = stable.revision.model_copy(update={"digest": digest, "device": Device(device)})
    return stable, replace(stable, name=changed.name(SERVICE.identity.name), revision=changed)


STABLE, TRIED = revisions()


def the_job(
    preflight: Preflight = ASKED,
    tried: LiveRevision = TRIED,
    stable: LiveRevision | None = STABLE,
) -> KubeObject:
    job = preflight_job(SERVICE.identity, preflight, tried, stable)
    assert job is not None
    return job


def pod_of(job: KubeObject) -> dict[str, Any]:
    spec: dict[str, Any] = job["spec"]["template"]["spec"]
    return spec


def arguments_of(job: KubeObject) -> list[str]:
    arguments: list[str] = pod_of(job)["containers"][0]["args"]
    return arguments


def test_without_a_golden_set_there_is_no_job() -> None:
    assert preflight_job(SERVICE.identity, Preflight(), TRIED, STABLE) is None


def test_of_a_revision_whose_record_was_damaged_nothing_is_asked() -> None:
    assert preflight_job(SERVICE.identity, ASKED, replace(TRIED, revision=None), STABLE) is None


def test_it_asks_the_new_pods_at_their_own_service_and_stable_at_its() -> None:
    arguments = arguments_of(the_job())
    assert arguments[:2] == ["compare", "/etc/paddle-sla/golden/golden.json"]
    namespace = SERVICE.identity.namespace
    assert arguments[arguments.index("--new") + 1] == f"http://{TRIED.name}.{namespace}.svc:80"
    assert arguments[arguments.index("--stable") + 1] == f"http://{STABLE.name}.{namespace}.svc:80"
    assert "--stable" not in arguments_of(the_job(stable=None))


def test_the_limits_are_those_of_the_resource() -> None:
    strict = asking("ocr-golden", maxTextErrorPercent="0.25", maxAbsError="0.5")
    arguments = arguments_of(the_job(strict))
    assert arguments[arguments.index("--max-label-error-percent") + 1] == "0"
    assert arguments[arguments.index("--max-box-error-percent") + 1] == "10"
    assert arguments[arguments.index("--max-text-error-percent") + 1] == "0.25"
    assert arguments[arguments.index("--max-abs-error") + 1] == "0.5"


@pytest.mark.parametrize(("device", "parity"), [("CPU", False), ("GPU", True), ("NPU", True)])
def test_on_another_device_stable_is_asked_in_any_case(device: str, parity: bool) -> None:
    stable, tried = revisions(device)
    assert ("--parity" in arguments_of(the_job(tried=tried, stable=stable))) is parity
    assert needs_parity(tried.revision, stable.revision) is parity
    assert not needs_parity(tried.revision, None)


@pytest.mark.parametrize(
    ("device", "digest", "asked"),
    [("GPU", DIGEST, True), ("NPU", DIGEST, True), ("CPU", DIGEST, False), ("GPU", OTHER_DIGEST, False)],
)
def test_the_same_model_on_another_device_is_asked_what_it_knows_also_without_a_golden_set(
    device: str, digest: str, asked: bool
) -> None:
    stable, tried = revisions(device, digest)
    job = preflight_job(SERVICE.identity, Preflight(), tried, stable)
    assert (job is not None) is asked
    if job is not None:
        arguments = arguments_of(job)
        assert arguments[:2] == ["compare", "--self-test"]
        assert {"--new", "--stable", "--max-abs-error"} < set(arguments)
        assert [volume["name"] for volume in pod_of(job)["volumes"]] == ["tmp"], "there is no set to mount"


def test_a_first_revision_has_no_other_device_to_agree_with() -> None:
    _, tried = revisions("GPU", DIGEST)
    assert preflight_job(SERVICE.identity, Preflight(), tried, None) is None


def test_a_module_of_other_bytes_is_another_model() -> None:
    whole = a_service(a_resource().with_module("recognition", "builtin:other"))
    (stable,) = World(whole).settles().live
    assert stable.revision is not None
    (module,) = stable.revision.modules
    other = stable.revision.model_copy(
        update={"modules": (module.model_copy(update={"digest": OTHER_DIGEST}),), "device": Device.GPU}
    )
    assert same_model(stable.revision, stable.revision)
    assert not same_model(other, stable.revision)


def test_it_holds_nothing_that_the_model_or_the_cluster_would_let_it_in_with() -> None:
    secured = a_resource().with_("spec.model.credentialsRef", {"name": "keys"})
    (live,) = World(a_service(secured)).settles().live
    pod = pod_of(the_job(tried=live))
    assert pod["automountServiceAccountToken"] is False
    assert {volume["name"] for volume in pod["volumes"]} == {"golden", "tmp"}
    assert pod["volumes"][0]["configMap"] == {"name": "ocr-golden", "optional": True}
    assert "keys" not in str(pod)


def test_its_pod_is_one_that_pod_security_restricted_lets_run() -> None:
    pod = pod_of(the_job())
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert container["resources"]["limits"]["memory"]


def test_it_runs_the_new_revisions_image() -> None:
    assert TRIED.revision is not None
    other = replace(TRIED, revision=TRIED.revision.model_copy(update={"image": "registry/other:2"}))
    assert pod_of(the_job(tried=other))["containers"][0]["image"] == "registry/other:2"


def test_no_service_takes_its_pod_for_one_that_serves() -> None:
    job = the_job()
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert names.LABEL_REVISION not in labels
    assert labels[names.LABEL_COMPARES] == job["metadata"]["labels"][names.LABEL_COMPARES] == TRIED.name
    assert labels[names.LABEL_SERVICE] == SERVICE.identity.name


def test_it_goes_with_the_resource_and_ends_by_itself() -> None:
    job = the_job()
    assert job["metadata"]["ownerReferences"][0]["uid"] == SERVICE.identity.uid
    assert job["spec"]["activeDeadlineSeconds"] == 1200
    assert job["spec"]["ttlSecondsAfterFinished"] == 86_400
    assert pod_of(job)["restartPolicy"] == "Never"


def test_another_question_is_another_job_and_the_same_one_is_the_same() -> None:
    others = [
        the_job(),
        the_job(asking("other")),
        the_job(asking("ocr-golden", maxAbsError="0.01")),
        the_job(stable=None),
        the_job(tried=STABLE),
    ]
    assert len({job["metadata"]["name"] for job in others}) == len(others)
    assert the_job() == the_job()


def test_its_name_fits_into_a_label_for_the_longest_service() -> None:
    identity = replace(SERVICE.identity, name="a" * names.MAX_SERVICE_NAME)
    job = preflight_job(identity, ASKED, TRIED, STABLE)
    assert job is not None
    assert len(job["metadata"]["name"]) <= 63


def selects(policy: KubeObject, labels: dict[str, str]) -> bool:
    selector = policy["spec"]["podSelector"]
    wanted = selector.get("matchLabels", {}).items()
    there = [one["key"] for one in selector.get("matchExpressions", ()) if one["operator"] == "Exists"]
    return all(labels.get(key) == value for key, value in wanted) and all(key in labels for key in there)


def test_it_is_let_out_to_the_services_pods_and_nobody_else_is() -> None:
    policy = compare_policy(SERVICE.identity)
    served = names.revision_labels(SERVICE.identity.name, STABLE.name)
    assert selects(policy, the_job()["spec"]["template"]["metadata"]["labels"])
    assert not selects(policy, served)
    (rule,) = policy["spec"]["egress"]
    assert rule["ports"] == [{"port": names.RUNTIME_PORT, "protocol": "TCP"}]
    (peer,) = rule["to"]
    assert selects({"spec": peer}, served)
    assert not selects({"spec": peer}, names.revision_labels("another", "another-1"))


def test_the_pods_of_the_service_let_it_in() -> None:
    policy = network_policy(SERVICE.identity, ())
    assert selects(policy, names.revision_labels(SERVICE.identity.name, STABLE.name))
    assert {"port": names.RUNTIME_PORT, "protocol": "TCP"} in policy["spec"]["ingress"][0]["ports"]
