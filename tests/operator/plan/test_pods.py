"""What a pod is: safe, drained, sized for its model, and decided by nothing but the revision."""

from __future__ import annotations

from typing import Any

import pytest

from paddle_operator.plan.pod import DRAIN_SECONDS, PRE_STOP_SECONDS
from tests.operator.given import (
    DIGEST,
    Resource,
    a_resource,
    a_service,
    container,
    environment,
    init_container,
    planned,
    template,
    the,
)


def pods_of(resource: Resource) -> dict[str, dict[str, Any]]:
    """The pod specs of both kinds of pod that a service makes."""
    job = the(planned(a_service(resource), digest=None), "Job")["spec"]["template"]["spec"]
    return {"runtime": template(planned(a_service(resource)))["spec"], "resolve": job}


SOURCES = {
    "modules": a_resource()
    .reading("pvc://claim/ppocr")
    .with_module("detection", "pvc://other/mine")
    .with_module("recognition", "pvc://claim/mine"),
    "s3": a_resource().with_("spec.model.credentialsRef", {"name": "keys"}),
    "https": a_resource().reading("https://models.example.com/ppocr/"),
    "pvc": a_resource().reading("pvc://claim/ppocr"),
    "builtin": a_resource().reading("builtin:ppocr"),
}


@pytest.mark.parametrize("source", SOURCES)
def test_every_pod_passes_pod_security_restricted(source: str) -> None:
    for pod in pods_of(SOURCES[source]).values():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 65532
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for one in [*pod.get("initContainers", []), *pod["containers"]]:
            assert one["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            }
        allowed = {"emptyDir", "configMap", "secret", "persistentVolumeClaim"}
        assert {kind for volume in pod["volumes"] for kind in volume if kind != "name"} <= allowed


@pytest.mark.parametrize("source", SOURCES)
def test_every_mount_has_a_volume_and_every_volume_a_mount(source: str) -> None:
    for pod in pods_of(SOURCES[source]).values():
        containers = [*pod.get("initContainers", []), *pod["containers"]]
        mounted = {mount["name"] for one in containers for mount in one["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["volumes"]}


def test_only_the_containers_that_fetch_see_the_credentials() -> None:
    pods = pods_of(SOURCES["s3"])
    assert "credentials" in [mount["name"] for mount in pods["resolve"]["containers"][0]["volumeMounts"]]
    assert "credentials" in [mount["name"] for mount in pods["runtime"]["initContainers"][0]["volumeMounts"]]
    assert "credentials" not in [mount["name"] for mount in pods["runtime"]["containers"][0]["volumeMounts"]]


def test_only_the_two_keys_of_the_secret_are_mounted() -> None:
    volumes = pods_of(SOURCES["s3"])["runtime"]["volumes"]
    secret = next(volume["secret"] for volume in volumes if volume["name"] == "credentials")
    assert [item["key"] for item in secret["items"]] == ["accessKeyId", "secretAccessKey"]


def test_a_claim_is_mounted_read_only_and_only_for_fetching() -> None:
    pod = pods_of(SOURCES["pvc"])["runtime"]
    volume = next(volume for volume in pod["volumes"] if volume["name"] == "source")
    assert volume["persistentVolumeClaim"] == {"claimName": "claim", "readOnly": True}
    assert "source" not in [mount["name"] for mount in pod["containers"][0]["volumeMounts"]]


def test_the_bundle_lies_in_memory_that_is_charged_to_both_containers() -> None:
    resources = {"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"memory": "1536Mi"}}
    resource = (
        a_resource().with_("spec.runtime.resources", resources).with_("spec.model.preload.sizeLimit", "512Mi")
    )
    made = planned(a_service(resource))
    assert container(made)["resources"] == {
        "requests": {"cpu": "250m", "memory": "1536Mi"},
        "limits": {"memory": "2Gi"},
    }
    assert init_container(made)["resources"]["limits"]["memory"] == "768Mi"
    bundle = next(v for v in template(made)["spec"]["volumes"] if v["name"] == "bundle")
    assert bundle["emptyDir"] == {"medium": "Memory", "sizeLimit": "512Mi"}


def test_a_bundle_on_disk_is_not_charged() -> None:
    made = planned(a_service(a_resource().with_("spec.model.preload", {"target": "Disk"})))
    assert container(made)["resources"]["limits"]["memory"] == "2Gi"
    bundle = next(v for v in template(made)["spec"]["volumes"] if v["name"] == "bundle")
    assert bundle["emptyDir"] == {"sizeLimit": "512Mi"}


def test_resources_without_memory_stay_without() -> None:
    made = planned(a_service(a_resource().with_("spec.runtime.resources", {"requests": {"cpu": 1}})))
    assert container(made)["resources"] == {"requests": {"cpu": 1}}


@pytest.mark.parametrize(
    ("device", "resource"),
    [("GPU", "nvidia.com/gpu"), ("NPU", "huawei.com/Ascend910"), ("MLU", "cambricon.com/mlu")],
)
def test_a_device_is_asked_for_by_its_resource(device: str, resource: str) -> None:
    made = planned(a_service(a_resource().on(device, deviceCount=2)))
    for side in ("requests", "limits"):
        assert container(made)["resources"][side][resource] == "2"
        assert resource not in init_container(made)["resources"][side]
    assert environment(container(made))["PADDLE_RUNTIME_DEVICE"] == device
    assert container(made)["image"] == f"runtime-{device.lower()}:1"


def test_a_cpu_asks_for_no_device() -> None:
    made = planned(a_service())
    assert set(container(made)["resources"]["limits"]) == {"cpu", "memory"}


def test_a_device_resource_of_ones_own_replaces_the_usual_one() -> None:
    made = planned(a_service(a_resource().on("GPU", deviceResource="nvidia.com/mig-1g.10gb")))
    limits = container(made)["resources"]["limits"]
    assert limits["nvidia.com/mig-1g.10gb"] == "1"
    assert "nvidia.com/gpu" not in limits


def test_the_memory_pool_is_a_matter_of_the_gpu() -> None:
    assert environment(container(planned(a_service(a_resource().on("GPU")))))[
        "PADDLE_RUNTIME_DEVICE_MEMORY_MIB"
    ] == ("1000")
    pooled = a_resource().on("GPU", deviceMemoryMiB=4000)
    assert environment(container(planned(a_service(pooled))))["PADDLE_RUNTIME_DEVICE_MEMORY_MIB"] == "4000"
    npu = environment(container(planned(a_service(a_resource().on("NPU")))))
    assert "PADDLE_RUNTIME_DEVICE_MEMORY_MIB" not in npu


def test_an_npu_does_not_compile_for_every_shape() -> None:
    variables = environment(container(planned(a_service(a_resource().on("NPU")))))
    assert variables["FLAGS_npu_jit_compile"] == "0"
    assert "ASCEND_RT_VISIBLE_DEVICES" not in variables, "the device plugin says which device a pod sees"


def test_a_user_may_change_a_flag_of_the_device_and_none_of_ours() -> None:
    env = [{"name": "FLAGS_npu_jit_compile", "value": "1"}]
    variables = environment(container(planned(a_service(a_resource().on("NPU", pod={"env": env})))))
    assert variables["FLAGS_npu_jit_compile"] == "1"
    assert variables["PADDLE_RUNTIME_DEVICE"] == "NPU"


def test_the_runtime_learns_what_it_must_know() -> None:
    made = planned(a_service())
    assert environment(container(made)) == {
        "HOME": "/tmp",
        "PADDLE_RUNTIME_MODEL": "/models/bundle",
        "PADDLE_RUNTIME_MODEL_NAME": "ocr",
        "PADDLE_RUNTIME_MODEL_DIGEST": DIGEST,
        "PADDLE_RUNTIME_PORT": "8080",
        "PADDLE_RUNTIME_GRPC_PORT": "8081",
        "PADDLE_RUNTIME_DEVICE": "CPU",
        "PADDLE_RUNTIME_QUEUE_MAX_REQUESTS": "64",
        "PADDLE_RUNTIME_LOAD_TIMEOUT_SECONDS": "300",
        "PADDLE_RUNTIME_SLA_FILE": "/etc/paddle-sla/sla/sla.json",
        "PADDLE_RUNTIME_REVISION": made.stable,
        "PADDLE_RUNTIME_DRAIN_SECONDS": str(DRAIN_SECONDS),
    }


def test_batches_are_the_runtimes_settings_where_they_are_asked_for() -> None:
    resource = a_resource().on("GPU", batching={"maxSize": 8})
    variables = environment(container(planned(a_service(resource))))
    assert variables["PADDLE_RUNTIME_BATCH_MAX_SIZE"] == "8"
    assert variables["PADDLE_RUNTIME_BATCH_MAX_DELAY_MILLISECONDS"] == "20"
    alone = environment(container(planned(a_service(a_resource().on("GPU")))))
    assert not [name for name in alone if "BATCH" in name]


def test_probes_are_every_ten_seconds_and_three_failures() -> None:
    one = container(planned(a_service()))
    for probe, path in (("livenessProbe", "/v2/health/live"), ("readinessProbe", "/v2/health/ready")):
        assert one[probe]["httpGet"] == {"path": path, "port": "http"}
        assert (one[probe]["periodSeconds"], one[probe]["failureThreshold"]) == (10, 3)


@pytest.mark.parametrize("budget", [10, 11, 300, 7200])
def test_the_startup_probe_waits_for_the_whole_preload_budget(budget: int) -> None:
    resource = a_resource().with_("spec.model.preload", {"timeoutSeconds": budget})
    startup = container(planned(a_service(resource)))["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= budget
    assert startup["httpGet"]["path"] == "/v2/health/ready"


def test_the_deployment_waits_for_download_and_loading() -> None:
    resource = a_resource().with_("spec.model.preload", {"timeoutSeconds": 900})
    spec = the(planned(a_service(resource)), "Deployment")["spec"]
    assert spec["progressDeadlineSeconds"] > 2 * 900


def test_a_pod_that_ends_has_time_to_leave_and_to_drain() -> None:
    spec = template(planned(a_service()))["spec"]
    assert spec["containers"][0]["lifecycle"]["preStop"] == {"sleep": {"seconds": PRE_STOP_SECONDS}}
    assert spec["terminationGracePeriodSeconds"] > PRE_STOP_SECONDS + DRAIN_SECONDS


def test_a_rollout_inside_a_revision_takes_no_pod_away_first() -> None:
    strategy = the(planned(a_service()), "Deployment")["spec"]["strategy"]
    assert strategy["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_pods_spread_over_zones_and_nodes_where_they_can() -> None:
    spread = template(planned(a_service()))["spec"]["topologySpreadConstraints"]
    assert [one["topologyKey"] for one in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    assert {one["whenUnsatisfiable"] for one in spread} == {"ScheduleAnyway"}


def test_the_settings_of_a_pod_are_taken_over() -> None:
    pod = {
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "gpu", "operator": "Exists", "tolerationSeconds": 5, "effect": "NoExecute"}],
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
        "annotations": {"example.com/a": "b"},
        "labels": {"team": "ocr"},
        "priorityClassName": "high",
        "runtimeClassName": "nvidia",
        "serviceAccountName": "reader",
        "imagePullSecrets": [{"name": "registry"}],
    }
    made = planned(a_service(a_resource().with_("spec.runtime.pod", pod)))
    spec = template(made)["spec"]
    for field in ("nodeSelector", "tolerations", "affinity", "priorityClassName", "runtimeClassName"):
        assert spec[field] == pod[field]
    assert spec["serviceAccountName"] == "reader"
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert template(made)["metadata"]["labels"]["team"] == "ocr"
    assert template(made)["metadata"]["annotations"]["example.com/a"] == "b"
    assert template(made)["metadata"]["annotations"]["prometheus.io/port"] == "8080"


def test_labels_of_the_resource_are_not_copied() -> None:
    labelled = a_resource().with_("metadata.labels", {"app.kubernetes.io/instance": "argo"})
    assert planned(a_service(labelled)) == planned(a_service())


def test_the_promise_its_hash_and_the_role_are_in_no_pod_template() -> None:
    text = str(template(planned(a_service())))
    for word in ("sla-hash", "serving.paddle-sla.io/role", "resolve-key", "revision-inputs"):
        assert word not in text


DECIDES_A_POD = {
    "spec.model.uri": "s3://models/other",
    "spec.model.modules": [{"name": "recognition", "uri": "builtin:other"}],
    "spec.model.s3.region": "eu-central-1",
    "spec.model.credentialsRef": {"name": "keys"},
    "spec.model.preload": {"sizeLimit": "1Gi"},
    "spec.runtime.image": "mine:1",
    "spec.runtime.queue": {"maxRequests": 1},
    "spec.runtime.resources": {"limits": {"cpu": "2"}},
    "spec.runtime.pod": {"labels": {"a": "b"}},
    "spec.probes": {"periodSeconds": 5},
}
DECIDES_NO_POD = {
    "spec.model.version": "2",
    "spec.scaling": {"replicas": 4},
    "spec.sla.window": {"days": 7},
    "spec.routing": {"type": "GatewayAPI", "parentRefs": [{"name": "gw"}]},
}


@pytest.mark.parametrize("path", DECIDES_A_POD)
def test_what_decides_a_pod_makes_a_new_revision(path: str) -> None:
    changed = planned(a_service(a_resource().with_(path, DECIDES_A_POD[path])))
    assert changed.target != planned(a_service()).target


@pytest.mark.parametrize("path", DECIDES_NO_POD)
def test_what_decides_no_pod_makes_no_new_revision(path: str) -> None:
    changed = planned(a_service(a_resource().with_(path, DECIDES_NO_POD[path])))
    assert changed.target == planned(a_service()).target
    assert template(changed) == template(planned(a_service()))
