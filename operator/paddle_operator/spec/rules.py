"""Rules that types cannot say, each once: as CEL for the API server and as a function for us."""

from __future__ import annotations

import re

from paddle_operator import names
from paddle_operator.errors import Violation
from paddle_operator.spec.base import canonical_json
from paddle_operator.spec.device import RESOURCES
from paddle_operator.spec.quantity import amount_of
from paddle_operator.spec.rule import (
    JsonValue,
    Rule,
    key_rules,
    pattern_rule,
    percent_rule,
    places,
    shown,
    unique_rule,
)


def _kinds(objective: dict[str, JsonValue]) -> int:
    return sum(kind in objective for kind in ("availability", "latency", "errorRate"))


def _toleration_is_sound(toleration: dict[str, JsonValue]) -> bool:
    if toleration["operator"] == "Exists":
        return not toleration.get("value")
    return bool(toleration.get("key"))


def _requests_fit(resources: dict[str, JsonValue]) -> bool:
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    return all(amount_of(requests[key]) <= amount_of(limits[key]) for key in requests.keys() & limits.keys())


def _same(field: str) -> str:
    """CEL: two items have the same value there, or both none. A reserved word is written as __word__."""
    return f"has(one.{field}) == has(other.{field}) && (!has(one.{field}) || one.{field} == other.{field})"


_PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_HOST = rf"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:{_PORT})?"
# %XX stands for what a path may hold: neither a control character nor a way to write '.', '/' or '\\' unseen.
_CODED = "%([3-46-9A-Fa-f][0-9A-Fa-f]|2[0-9A-Da-d]|5[0-9A-BD-Fa-bd-f])"
_PATH = rf"([A-Za-z0-9._~+=@/-]|{_CODED})*"
_DOTTED = r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?"
URI_FORM = (
    rf"^(s3://[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9](/{_PATH})?|https://{_HOST}(/{_PATH})?"
    rf"|pvc://{_DOTTED}(/{_PATH})?|builtin:{_DOTTED})$"
)
"""What paddle_runtime/bundle/location.py can read: tests/contract holds both to it."""
_OUR_KEYS = (names.LABEL_NAME, names.LABEL_MANAGED_BY)
_SCRAPE_PREFIX = "prometheus.io/"


_DEVICE_RESOURCES = tuple(resource for resource in RESOURCES.values() if resource)


def _no_device_in(at: str) -> Rule:
    listed = ", ".join(f"'{resource}'" for resource in _DEVICE_RESOURCES)
    return Rule(
        "device-in-resources",
        at,
        f"!self.exists(key, key in [{listed}])",
        "must not ask for a device: set spec.runtime.device and deviceCount instead",
        lambda mapping: not any(resource in mapping for resource in _DEVICE_RESOURCES),
    )


MODEL_RULES: tuple[Rule, ...] = (
    Rule(
        "uri-scheme",
        "spec.model.uri",
        "['s3://', 'https://', 'pvc://', 'builtin:'].exists(scheme, self.startsWith(scheme))",
        "must begin with s3://, https://, pvc:// or builtin:",
        lambda uri: uri.startswith(("s3://", "https://", "pvc://", "builtin:")),
    ),
    pattern_rule(
        "uri-form",
        "spec.model.uri",
        URI_FORM,
        "must be s3://bucket/path, https://host/path/, pvc://claim/path or builtin:name, without user name, "
        "query, spaces or backslashes (write other characters as %XX)",
    ),
    Rule(
        "uri-no-parent",
        "spec.model.uri",
        "!self.split('/').exists(part, part == '..')",
        "must not contain a '..' step: give the folder itself",
        lambda uri: ".." not in uri.split("/"),
    ),
    pattern_rule(
        "digest-form",
        "spec.model.digest",
        "^sha256:[0-9a-f]{64}$",
        "must be 'sha256:' and 64 lower-case hex digits, the sha256 of the bundle's model.yaml: "
        "`sha256sum model.yaml` prints it",
        may_be_empty=True,
    ),
    Rule(
        "s3-needs-endpoint",
        "spec.model",
        "!self.uri.startsWith('s3://') || has(self.s3)",
        "an s3:// address needs the store: set spec.model.s3.endpoint, for instance "
        "https://s3.eu-central-1.amazonaws.com",
        lambda model: not model["uri"].startswith("s3://") or "s3" in model,
        "uri",
    ),
    Rule(
        "s3-only-with-s3",
        "spec.model",
        "self.uri.startsWith('s3://') || !has(self.s3)",
        "spec.model.s3 is for s3:// addresses only: remove it, or change spec.model.uri",
        lambda model: model["uri"].startswith("s3://") or "s3" not in model,
        "uri",
    ),
    Rule(
        "credentials-only-with-s3",
        "spec.model",
        "self.uri.startsWith('s3://') || !has(self.credentialsRef)",
        "spec.model.credentialsRef is for s3:// addresses only: remove it; what is behind another address is "
        "read without credentials",
        lambda model: model["uri"].startswith("s3://") or "credentialsRef" not in model,
        "uri",
    ),
    pattern_rule(
        "endpoint-form",
        "spec.model.s3.endpoint",
        rf"^https?://{_HOST}/?$",
        "must be http://host:port or https://host, without a path: the bucket belongs into spec.model.uri",
    ),
    pattern_rule(
        "version-form",
        "spec.model.version",
        r"^[^\x00-\x1f\x7f]*$",
        "must be one line of text without control characters",
    ),
    Rule(
        "size-in-bytes",
        "spec.model.preload.sizeLimit",
        r"self.matches(r'^[0-9]+(\.[0-9]{1,9})?(k|M|G|T|Ki|Mi|Gi|Ti)?$') && self.matches('[1-9]')",
        "must be a size above 0, such as 512Mi or 2Gi",
        lambda text: not text.endswith(("m", "P", "E", "Pi", "Ei")) and re.search("[1-9]", text) is not None,
    ),
)

RUNTIME_RULES: tuple[Rule, ...] = (
    Rule(
        "device-count-on-cpu",
        "spec.runtime",
        "self.device != 'CPU' || self.deviceCount == 1",
        "deviceCount is for GPU, NPU and MLU: remove it, or set spec.runtime.device; "
        "CPUs are asked for in spec.runtime.resources",
        lambda runtime: runtime["device"] != "CPU" or runtime["deviceCount"] == 1,
        "deviceCount",
    ),
    Rule(
        "device-resource-on-cpu",
        "spec.runtime",
        "self.device != 'CPU' || !has(self.deviceResource) || self.deviceResource == ''",
        "deviceResource is for GPU, NPU and MLU: remove it, or set spec.runtime.device",
        lambda runtime: runtime["device"] != "CPU" or not runtime.get("deviceResource"),
        "deviceResource",
    ),
    Rule(
        "device-memory-on-gpu",
        "spec.runtime",
        "!has(self.deviceMemoryMiB) || self.device == 'GPU'",
        "deviceMemoryMiB is for GPU only: remove it, or set spec.runtime.device to GPU",
        lambda runtime: "deviceMemoryMiB" not in runtime or runtime["device"] == "GPU",
        "deviceMemoryMiB",
    ),
    Rule(
        "batching-on-accelerators",
        "spec.runtime",
        "!has(self.batching) || self.device != 'CPU'",
        "batching is for GPU, NPU and MLU, on a CPU it gains nothing: remove it, or set spec.runtime.device",
        lambda runtime: "batching" not in runtime or runtime["device"] != "CPU",
        "batching",
    ),
    pattern_rule(
        "device-resource-form",
        "spec.runtime.deviceResource",
        r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$",
        "must be the name of an extended resource, such as nvidia.com/gpu",
        may_be_empty=True,
    ),
    pattern_rule(
        "image-form",
        "spec.runtime.image",
        r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]*$",
        "must be an image reference, such as registry.example.com/paddle/runtime:1.0, without spaces",
        may_be_empty=True,
    ),
    _no_device_in("spec.runtime.resources.requests"),
    _no_device_in("spec.runtime.resources.limits"),
    *key_rules("spec.runtime.resources.requests"),
    *key_rules("spec.runtime.resources.limits"),
    Rule(
        "request-within-limit",
        "spec.runtime.resources",
        "!has(self.requests) || !has(self.limits) || self.requests.all(key, !(key in self.limits) || "
        "quantity(string(self.requests[key])).compareTo(quantity(string(self.limits[key]))) <= 0)",
        "must not request more than the limit of the same name: raise limits or lower requests",
        _requests_fit,
    ),
    *key_rules("spec.runtime.pod.nodeSelector"),
    *key_rules("spec.runtime.pod.labels", ours=_OUR_KEYS, prefixes=(names.GROUP + "/",)),
    *key_rules("spec.runtime.pod.annotations", prefixes=(names.GROUP + "/", _SCRAPE_PREFIX)),
    Rule(
        "reserved-variable",
        "spec.runtime.pod.env[*].name",
        f"!self.startsWith('{names.ENV_PREFIX}') && self != 'HOME'",
        f"must not be HOME or begin with {names.ENV_PREFIX}: the operator sets these from other fields",
        lambda name: not name.startswith(names.ENV_PREFIX) and name != "HOME",
    ),
    Rule(
        "toleration-form",
        "spec.runtime.pod.tolerations[*]",
        "self.operator == 'Exists' ? (!has(self.value) || self.value == '') : "
        "(has(self.key) && self.key != '')",
        "with operator Exists must have no value, with operator Equal must have a key",
        _toleration_is_sound,
    ),
    unique_rule("spec.runtime.pod.env", "name"),
    unique_rule("spec.runtime.pod.imagePullSecrets", "name"),
)

PROMISE_RULES: tuple[Rule, ...] = (
    Rule(
        "one-kind",
        "spec.sla.objectives[*]",
        "[has(self.availability), has(self.latency), has(self.errorRate)].filter(kind, kind).size() == 1",
        "must have exactly one of availability, latency and errorRate: write one objective for each promise",
        lambda objective: _kinds(objective) == 1,
    ),
    unique_rule("spec.sla.objectives", "name"),
    percent_rule(
        "spec.sla.objectives[*].availability.targetPercent",
        above="50.0",
        below="100.0",
        or_equal=False,
        example="99.9",
    ),
    percent_rule(
        "spec.sla.objectives[*].latency.percentile", above="0.0", below="100.0", or_equal=False, example="95"
    ),
    percent_rule(
        "spec.sla.objectives[*].errorRate.maxPercent", above="0.0", below="50.0", or_equal=True, example="0.5"
    ),
)

SERVICE_RULES: tuple[Rule, ...] = (
    Rule(
        "name-form",
        "",
        f"size(self.metadata.name) <= {names.MAX_SERVICE_NAME} && "
        "self.metadata.name.matches(r'^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        f"metadata.name must be at most {names.MAX_SERVICE_NAME} lower-case letters, digits and '-', and "
        "begin with a letter: names of Services and Jobs are made from it",
        lambda body: (
            len(body["metadata"]["name"]) <= names.MAX_SERVICE_NAME
            and re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", body["metadata"]["name"], re.ASCII) is not None
        ),
        "metadata.name",
    ),
    Rule(
        "probe-fits-period",
        "spec.probes",
        "self.timeoutSeconds <= self.periodSeconds",
        "timeoutSeconds must not exceed periodSeconds: a probe must end before the next one begins",
        lambda probes: probes["timeoutSeconds"] <= probes["periodSeconds"],
        "timeoutSeconds",
    ),
    Rule(
        "gateway-needs-parent",
        "spec.routing",
        "self.type != 'GatewayAPI' || (has(self.parentRefs) && size(self.parentRefs) > 0)",
        "type GatewayAPI needs a Gateway: add spec.routing.parentRefs with its name and namespace",
        lambda routing: routing["type"] != "GatewayAPI" or bool(routing.get("parentRefs")),
    ),
    Rule(
        "gateway-fields-need-gateway",
        "spec.routing",
        "self.type == 'GatewayAPI' || ((!has(self.parentRefs) || size(self.parentRefs) == 0) && "
        "(!has(self.hostnames) || size(self.hostnames) == 0))",
        "parentRefs and hostnames need type GatewayAPI: set it, or remove them",
        lambda routing: (
            routing["type"] == "GatewayAPI" or not (routing.get("parentRefs") or routing.get("hostnames"))
        ),
    ),
    unique_rule("spec.routing.hostnames", None),
    Rule(
        "unique-gateway",
        "spec.routing.parentRefs",
        f"self.all(one, self.exists_one(other, one.name == other.name && {_same('__namespace__')} && "
        f"{_same('sectionName')}))",
        "must not have the same Gateway and listener twice: remove one",
        lambda parents: len({canonical_json(parent) for parent in parents}) == len(parents),
    ),
)

RULES = (*SERVICE_RULES, *MODEL_RULES, *RUNTIME_RULES, *PROMISE_RULES)


def check(body: dict[str, JsonValue]) -> list[Violation]:
    """Return every broken rule of a resource given as plain JSON with defaults, in the table's order."""
    return [
        Violation(path or "metadata.name", rule.name, rule.message + _what_it_is(value, rule.culprit))
        for rule in RULES
        for path, value in places(body, rule.at)
        if not rule.holds(value)
    ]


def _what_it_is(value: JsonValue, culprit: str) -> str:
    """Add the offending value, unless it is a whole block."""
    _, found = next(places(value, culprit))
    what = f"{culprit} is" if culprit else "is"
    return "" if isinstance(found, dict | list) else f" ({what} {shown(found)})"
