"""Hypothesis: resources that are correct, nearly correct, and anything at all."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.operator.given import Resource, a_resource

NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?", fullmatch=True)
LABELS = st.dictionaries(
    st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,5})?/[A-Za-z0-9]{1,12}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9]{0,12}", fullmatch=True),
    max_size=3,
)
SOURCES = st.sampled_from(
    [
        {
            "uri": "s3://models/ppocr",
            "s3": {"endpoint": "http://store:7070"},
            "credentialsRef": {"name": "keys"},
        },
        {"uri": "https://models.example.com/ppocr/"},
        {"uri": "pvc://claim/ppocr"},
        {"uri": "builtin:ppocr-v4-mobile"},
        {
            "uri": "builtin:ppocr-v4-mobile",
            "modules": [
                {"name": "recognition", "uri": "pvc://claim/mine"},
                {"name": "detection", "uri": "https://models.example.com/mine.tar"},
            ],
        },
    ]
)
RUNTIMES = st.fixed_dictionaries(
    {},
    optional={
        "device": st.sampled_from(["CPU", "GPU", "NPU", "MLU"]),
        "image": st.sampled_from(["", "mine:1"]),
        "queue": st.fixed_dictionaries({"maxRequests": st.integers(1, 4096)}),
        "pod": st.fixed_dictionaries({"labels": LABELS, "annotations": LABELS, "nodeSelector": LABELS}),
        "resources": st.fixed_dictionaries(
            {
                "limits": st.dictionaries(
                    st.sampled_from(["cpu", "memory", "ephemeral-storage"]),
                    st.one_of(st.integers(1, 64), st.sampled_from(["500m", "1Gi", "1.5Gi", "100M"])),
                )
            }
        ),
    },
)
PERCENTS = st.decimals(min_value="50.1", max_value="99.9", places=1).map(str)
OBJECTIVES = st.lists(
    st.one_of(
        PERCENTS.map(lambda percent: {"availability": {"targetPercent": percent}}),
        st.tuples(PERCENTS, st.integers(1, 600_000)).map(
            lambda pair: {"latency": {"percentile": pair[0], "thresholdMilliseconds": pair[1]}}
        ),
    ),
    min_size=1,
    max_size=8,
).map(lambda items: [{"name": f"o{index}", **item} for index, item in enumerate(items)])
ROUTINGS = st.one_of(
    st.none(),
    st.just({"type": "GatewayAPI", "parentRefs": [{"name": "gw"}], "hostnames": ["ocr.example.com"]}),
)

SCHEDULE = {"name": "peak", "start": "0 8 * * 1-5", "durationHours": 10, "minReplicas": 3}
SCALINGS = st.one_of(
    st.integers(1, 5).map(lambda count: {"replicas": count}),
    st.just({"schedules": [SCHEDULE]}),
    st.fixed_dictionaries(
        {
            "maxReplicas": st.integers(3, 9),
            "metrics": st.sampled_from(
                ["RequestsPerReplica", "AcceleratorUtilization", "CPUUtilization"]
            ).map(lambda kind: [{"name": "one", "type": kind, "target": {"value": "50"}}]),
        },
        optional={
            "backend": st.sampled_from(["Auto", "HPA", "KEDA"]),
            "minReplicas": st.integers(1, 3),
            "schedules": st.just([SCHEDULE]),
        },
    ),
)


@st.composite
def correct_resources(draw: st.DrawFn) -> Resource:
    """A resource that keeps every rule."""
    resource = a_resource().named(draw(NAMES)).with_("spec.model", draw(SOURCES))
    resource = resource.with_("spec.runtime", draw(RUNTIMES)).with_(
        "spec.sla", {"objectives": draw(OBJECTIVES)}
    )
    return resource.with_("spec.routing", draw(ROUTINGS)).with_("spec.scaling", draw(SCALINGS))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["99.9", "s3://a/b", "GPU", "1Gi", "sha256:", "..", "\ud800", "9" * 30]),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(max_size=10), inner, max_size=4),
        st.tuples(inner),
    ),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    [
        "apiVersion",
        "kind",
        "metadata",
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "metadata.generation",
        "spec",
        "spec.model",
        "spec.model.uri",
        "spec.model.digest",
        "spec.model.s3",
        "spec.model.preload",
        "spec.model.preload.sizeLimit",
        "spec.model.credentialsRef",
        "spec.model.format",
        "spec.model.modules",
        "spec.model.modules.0",
        "spec.model.modules.0.s3",
        "spec.runtime",
        "spec.runtime.deviceCount",
        "spec.runtime.resources.limits",
        "spec.runtime.pod",
        "spec.runtime.pod.env",
        "spec.runtime.pod.labels",
        "spec.runtime.pod.tolerations",
        "spec.runtime.pod.affinity",
        "spec.sla",
        "spec.sla.objectives",
        "spec.sla.objectives.0",
        "spec.sla.objectives.0.availability",
        "spec.sla.objectives.0.availability.targetPercent",
        "spec.probes",
        "spec.scaling.replicas",
        "spec.scaling.metrics",
        "spec.scaling.schedules",
        "spec.routing",
        "spec.routing.hostnames",
        "spec.nonsense",
    ]
)


@st.composite
def broken_resources(draw: st.DrawFn) -> Any:
    """A correct resource with a few of its fields replaced by anything."""
    body: Any = a_resource().body
    for field in draw(st.lists(FIELDS, min_size=1, max_size=3)):
        body = _replaced(body, field.split("."), draw(ANYTHING))
    return body


def _replaced(place: Any, steps: list[str], value: Any) -> Any:
    if not steps:
        return value
    if isinstance(place, list):
        return [_replaced(place[0], steps[1:], value), *place[1:]] if place and steps[0] == "0" else place
    if not isinstance(place, dict):
        return place
    return {**place, steps[0]: _replaced(place.get(steps[0], {}), steps[1:], value)}
