"""Resources that break rules, each with the rules that it breaks, for our parser and for the API server."""

from __future__ import annotations

from typing import Any

from tests.contract.case import Case
from tests.contract.promises import (
    PROMISES_ACCEPTED,
    PROMISES_DUPLICATE,
    PROMISES_MISSHAPEN,
    PROMISES_OURS_ALONE,
    PROMISES_REJECTED,
)
from tests.contract.rollouts import ROLLOUTS_ACCEPTED, ROLLOUTS_MISSHAPEN, ROLLOUTS_REJECTED
from tests.contract.scalers import (
    SCALERS_ACCEPTED,
    SCALERS_DUPLICATE,
    SCALERS_MISSHAPEN,
    SCALERS_OURS_ALONE,
    SCALERS_REJECTED,
)
from tests.operator.given import Resource, a_resource

CPU = a_resource()
S3 = {"endpoint": "http://store:7070"}
UP = {"availability": {"targetPercent": "99.9"}}


def model(uri: str, **fields: Any) -> Resource:
    return CPU.reading(uri, **fields)


def recogniser(uri: str, **fields: Any) -> Resource:
    return model("builtin:whole").with_module("recognition", uri, **fields)


def pod(**fields: Any) -> Resource:
    return CPU.with_("spec.runtime", {"pod": fields})


def limits(**amounts: Any) -> Resource:
    return CPU.with_("spec.runtime", {"resources": {"limits": amounts}})


def promise(**objective: Any) -> Resource:
    return CPU.promising({"name": "one", **objective})


def reporting(schedule: str = "0 0 1 * *", **fields: Any) -> Resource:
    return CPU.with_("spec.reporting", {"schedule": schedule, **fields})


ACCEPTED = (
    Case("the smallest", a_resource()),
    Case("a model in the image", model("builtin:ppocr-v4-mobile")),
    Case("a claim without a path", model("pvc://claim")),
    Case("a web server with a port", model("https://models.example.com:8443/a/b%20c/")),
    Case("an empty digest", model("builtin:x", digest="")),
    Case("a pinned digest", model("builtin:x", digest="sha256:" + "0f" * 32)),
    Case("a longest name", CPU.named("a" * 40)),
    Case("a size with decimals", model("builtin:x", preload={"sizeLimit": "0.5Gi"})),
    Case("quantities as numbers and strings", limits(cpu=1, memory="1.5Gi")),
    Case("four devices", CPU.on("NPU", deviceCount=4, deviceResource="huawei.com/Ascend310P")),
    Case("a percentage with six decimals", promise(availability={"targetPercent": "99.999999"})),
    Case("an error rate of fifty", promise(errorRate={"maxPercent": "50"})),
    Case("a tolerated taint", pod(tolerations=[{"operator": "Exists"}, {"key": "a", "value": "b"}])),
    Case("reports by the quarter", reporting("0 0 1 1,4-10/3 *", timeZone="Asia/Shanghai", retain=4)),
    Case("an own annotation", pod(annotations={"example.com/a": "anything, also spaces"})),
    Case("affinity is handed on", pod(affinity={"nodeAffinity": {"anything": [1, {"goes": None}]}})),
    Case(
        "two listeners of a gateway, and its namesake elsewhere",
        CPU.with_(
            "spec.routing",
            {
                "type": "GatewayAPI",
                "parentRefs": [
                    {"name": "gw", "sectionName": "a"},
                    {"name": "gw", "sectionName": "b"},
                    {"name": "gw", "namespace": "other"},
                ],
            },
        ),
    ),
    Case(
        "requests as large as limits",
        CPU.on("CPU", resources={"requests": {"cpu": "1000m"}, "limits": {"cpu": 1}}),
    ),
    Case("a route on two gateways", CPU.through("gw", "a.example.com", "b.example.com")),
    Case(
        "ONNX programs on a GPU", model("builtin:x", format="Onnx").with_("spec.runtime", {"device": "GPU"})
    ),
    Case(
        "all three modules of other bundles, from every store",
        model("builtin:x")
        .with_module("recognition", "s3://models/mine", s3=S3, credentialsRef={"name": "keys"})
        .with_module("detection", "https://models.example.com/d/", digest="sha256:" + "0f" * 32)
        .with_module("orientation", "pvc://claim/o.tar", format="Onnx"),
    ),
    Case("a module in the model's own store", CPU.with_module("recognition", "s3://models/mine")),
    *SCALERS_ACCEPTED,
    *ROLLOUTS_ACCEPTED,
    *PROMISES_ACCEPTED,
)

REJECTED = (
    Case("a name too long", CPU.named("a" * 41), ("name-form",)),
    Case("a name that begins with a digit", CPU.named("1ocr"), ("name-form",)),
    Case("an unknown store", model("ftp://host/x"), ("uri-scheme", "uri-form")),
    Case("a user name in the address", model("https://me:secret@host/x"), ("uri-form",)),
    Case("a query in the address", model("https://host/x?token=1"), ("uri-form",)),
    Case("a backslash in the address", model("https://host\\@evil/x"), ("uri-form",)),
    Case("a step upwards", model("pvc://claim/../other"), ("uri-no-parent",)),
    Case("an upper-case bucket", model("s3://Bucket/x", s3=S3), ("uri-form",)),
    Case("a short digest", model("builtin:x", digest="sha256:abc"), ("digest-form",)),
    Case("an upper-case digest", model("builtin:x", digest="sha256:" + "AB" * 32), ("digest-form",)),
    Case("S3 without its store", model("s3://bucket/x"), ("s3-needs-endpoint",)),
    Case("a store nobody asks", model("builtin:x", s3=S3), ("s3-only-with-s3",)),
    Case(
        "credentials for a claim",
        model("pvc://claim/x", credentialsRef={"name": "keys"}),
        ("credentials-only-with-s3",),
    ),
    Case(
        "credentials for a web server",
        model("https://models.example.com/x/", credentialsRef={"name": "keys"}),
        ("credentials-only-with-s3",),
    ),
    Case(
        "a store with a path", model("s3://b-1/x", s3={"endpoint": "http://store/bucket"}), ("endpoint-form",)
    ),
    Case(
        "a port that is none", model("s3://b-1/x", s3={"endpoint": "http://store:65536"}), ("endpoint-form",)
    ),
    Case("port 0", model("https://models.example.com:0/x"), ("uri-form",)),
    Case("a store without a scheme", model("s3://b-1/x", s3={"endpoint": "store:7070"}), ("endpoint-form",)),
    Case("a volume of nothing", model("builtin:x", preload={"sizeLimit": "0Mi"}), ("size-in-bytes",)),
    Case("a volume of milli-bytes", model("builtin:x", preload={"sizeLimit": "500m"}), ("size-in-bytes",)),
    Case("two CPUs as devices", CPU.on("CPU", deviceCount=2), ("device-count-on-cpu",)),
    Case("a resource for CPU", CPU.on("CPU", deviceResource="a.com/b"), ("device-resource-on-cpu",)),
    Case("device memory on NPU", CPU.on("NPU", deviceMemoryMiB=500), ("device-memory-on-gpu",)),
    Case(
        "batches on a CPU", CPU.with_("spec.runtime.batching", {"maxSize": 2}), ("batching-on-accelerators",)
    ),
    Case("a device without a vendor", CPU.on("GPU", deviceResource="gpu"), ("device-resource-form",)),
    Case("an image with a space", CPU.on("CPU", image="a b"), ("image-form",)),
    Case("a device among the limits", limits(**{"nvidia.com/gpu": 1}), ("device-in-resources",)),
    Case("a malformed resource", limits(**{"bad key": 1}), ("key-form",)),
    Case(
        "more asked for than allowed",
        CPU.on("CPU", resources={"requests": {"cpu": "1500m"}, "limits": {"cpu": 1}}),
        ("request-within-limit",),
    ),
    Case("a module of an unknown store", recogniser("ftp://host/x"), ("uri-scheme", "uri-form")),
    Case("a module's step upwards", recogniser("pvc://claim/../other"), ("uri-no-parent",)),
    Case("a module's short digest", recogniser("builtin:x", digest="sha256:abc"), ("digest-form",)),
    Case("a store that no module asks", recogniser("builtin:x", s3=S3), ("s3-only-with-s3",)),
    Case(
        "credentials for a module in a claim",
        recogniser("pvc://claim/x", credentialsRef={"name": "keys"}),
        ("credentials-only-with-s3",),
    ),
    Case(
        "a module's store with a path",
        recogniser("s3://b-1/x", s3={"endpoint": "http://store/bucket"}),
        ("endpoint-form",),
    ),
    Case("a module without its store", recogniser("s3://b-1/x"), ("module-needs-endpoint",)),
    Case(
        "a module of a program of tensors",
        model("builtin:x", task="Tensor").with_module("recognition", "builtin:y"),
        ("modules-of-ocr",),
    ),
    Case(
        "ONNX on an NPU",
        model("builtin:x", format="Onnx").with_("spec.runtime", {"device": "NPU"}),
        ("onnx-on-cpu-and-gpu",),
    ),
    Case(
        "a module of ONNX on an MLU",
        recogniser("builtin:x", format="Onnx").with_("spec.runtime", {"device": "MLU"}),
        ("onnx-on-cpu-and-gpu",),
    ),
    Case("a version of two lines", model("builtin:x", version="1\n2"), ("version-form",)),
    Case(
        "the same listener twice",
        CPU.with_("spec.routing", {"type": "GatewayAPI", "parentRefs": [{"name": "gw"}, {"name": "gw"}]}),
        ("unique-gateway",),
    ),
    Case("a malformed label key", pod(labels={"a b": "c"}), ("key-form",)),
    Case("a malformed node label", pod(nodeSelector={"/x": "c"}), ("key-form",)),
    Case("a label of ours", pod(labels={"serving.paddle-sla.io/role": "x"}), ("reserved-key",)),
    Case("the name label", pod(labels={"app.kubernetes.io/name": "x"}), ("reserved-key",)),
    Case("an annotation of ours", pod(annotations={"prometheus.io/port": "1"}), ("reserved-key",)),
    Case(
        "a variable of ours",
        pod(env=[{"name": "PADDLE_RUNTIME_PORT", "value": "1"}]),
        ("reserved-variable",),
    ),
    Case("another home", pod(env=[{"name": "HOME", "value": "/"}]), ("reserved-variable",)),
    Case("a value for Exists", pod(tolerations=[{"operator": "Exists", "value": "x"}]), ("toleration-form",)),
    Case("no key for Equal", pod(tolerations=[{"value": "x"}]), ("toleration-form",)),
    Case("no kind of objective", promise(), ("one-kind",)),
    Case("two kinds in one", promise(**UP, errorRate={"maxPercent": "1"}), ("one-kind",)),
    Case("a promise of everything", promise(availability={"targetPercent": "100"}), ("percent",)),
    Case("a promise of half", promise(availability={"targetPercent": "50"}), ("percent",)),
    Case("a comma", promise(availability={"targetPercent": "99,9"}), ("percent",)),
    Case("an exponent", promise(availability={"targetPercent": "9.9e1"}), ("percent",)),
    Case("a newline", promise(availability={"targetPercent": "99.9\n"}), ("percent",)),
    Case(
        "a percentile of nothing",
        promise(latency={"percentile": "0", "thresholdMilliseconds": 1}),
        ("percent",),
    ),
    Case("more than half in error", promise(errorRate={"maxPercent": "50.000001"}), ("percent",)),
    Case(
        "a probe longer than its period",
        CPU.with_("spec.probes", {"periodSeconds": 2, "timeoutSeconds": 3}),
        ("probe-fits-period",),
    ),
    Case(
        "a gateway without a name",
        CPU.with_("spec.routing", {"type": "GatewayAPI"}),
        ("gateway-needs-parent",),
    ),
    Case(
        "host names without a gateway",
        CPU.with_("spec.routing", {"hostnames": ["a.example.com"]}),
        ("gateway-fields-need-gateway",),
    ),
    Case("a report on the 32nd", reporting("0 0 32 * *"), ("schedule-form",)),
    Case("a report each minute", reporting("* * * * *"), ("schedule-hourly",)),
    *SCALERS_REJECTED,
    *ROLLOUTS_REJECTED,
    *PROMISES_REJECTED,
    Case(
        "several at once",
        model("s3://bucket/x", digest="abc").with_("spec.runtime", {"deviceCount": 2}),
        ("digest-form", "s3-needs-endpoint", "device-count-on-cpu"),
    ),
)

DUPLICATES = (
    Case(
        "two objectives of one name",
        CPU.promising({"name": "one", **UP}, {"name": "one", **UP}),
        ("unique",),
    ),
    Case("a module twice", recogniser("builtin:x").with_module("recognition", "builtin:y"), ("unique",)),
    Case("a variable twice", pod(env=[{"name": "A"}, {"name": "A", "value": "b"}]), ("unique",)),
    Case("a host name twice", CPU.through("gw", "a.example.com", "a.example.com"), ("unique",)),
    Case("a registry twice", pod(imagePullSecrets=[{"name": "a"}, {"name": "a"}]), ("unique",)),
    *SCALERS_DUPLICATE,
    *PROMISES_DUPLICATE,
)
"""The API server has words of its own for these, because the schema's list type refuses them."""

OURS_ALONE = (
    Case("reports that never come", reporting("0 0 31 11 *"), ("schedule-comes",)),
    Case("reports on days backwards", reporting("0 0 * * 5-1"), ("schedule-ascends",)),
    Case("reports where nobody lives", reporting(timeZone="Europe/Atlantis"), ("zone-known",)),
    *SCALERS_OURS_ALONE,
    *PROMISES_OURS_ALONE,
)
"""The API server cannot tell and accepts them; the operator says in the status what is wrong."""

MISSHAPEN = (
    Case("no model", CPU.with_("spec.model", None), ("required",)),
    Case("no promise", CPU.with_("spec.sla", None), ("required",)),
    Case("an empty promise", CPU.promising(), ("too_short",)),
    Case("a number for a text", CPU.with_("spec.model.version", 4), ("type",)),
    Case("a text for a number", CPU.with_("spec.scaling", {"replicas": "2"}), ("int_type",)),
    Case("no replicas", CPU.replicas(0), ("greater_than_equal",)),
    Case("a list for an object", CPU.with_("spec.runtime", []), ("model_type",)),
    Case("an unknown device", CPU.on("TPU"), ("enum",)),
    Case("a form nobody knows", model("builtin:x", format="onnx"), ("enum",)),
    Case("a module by the name that bundles have", CPU.with_module("recognise", "builtin:x"), ("enum",)),
    Case(
        "a module without an address", CPU.with_("spec.model.modules", [{"name": "detection"}]), ("required",)
    ),
    Case("a float for an amount", limits(cpu=0.5), ("quantity",)),
    Case("an amount nobody knows", limits(memory="1GB"), ("quantity",)),
    Case("a label's value too long", pod(labels={"a": "b" * 64}), ("string_too_long",)),
    Case("a label's value with a space", pod(labels={"a": "b c"}), ("string_pattern_mismatch",)),
    *SCALERS_MISSHAPEN,
    *ROLLOUTS_MISSHAPEN,
    *PROMISES_MISSHAPEN,
    Case("a budget of a second", model("builtin:x", preload={"timeoutSeconds": 1}), ("greater_than_equal",)),
)
"""Wrong by type or size: refused by both, in words of their own."""
