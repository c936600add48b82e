"""Rules that types cannot say, each once: as CEL for the API server and as a function for us."""

from __future__ import annotations

import re

from paddle_operator import names
from paddle_operator.errors import Violation
from paddle_operator.spec.base import canonical_json
from paddle_operator.spec.device import RESOURCES
from paddle_operator.spec.promise_rules import ALERTING_RULES, PROMISE_RULES
from paddle_operator.spec.quantity import amount_of
from paddle_operator.spec.reporting import REPORTING_RULES
from paddle_operator.spec.rollout_rules import ROLLOUT_RULES
from paddle_operator.spec.rule import (
    JsonValue,
    Rule,
    key_rules,
    pattern_rule,
    places,
    shown,
    unique_rule,
)
from paddle_operator.spec.scaling_rules import SCALING_RULES
from paddle_operator.spec.source_rules import MODEL_RULES


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

RULES = (
    *SERVICE_RULES,
    *MODEL_RULES,
    *RUNTIME_RULES,
    *PROMISE_RULES,
    *SCALING_RULES,
    *ROLLOUT_RULES,
    *REPORTING_RULES,
    *ALERTING_RULES,
)


def check(body: dict[str, JsonValue], *, accepted: bool = False) -> list[Violation]:
    """Return every broken rule of a resource given as plain JSON with defaults, in the table's order; of one
    that was accepted before, without those that came late."""
    return [
        Violation(path or "metadata.name", rule.name, rule.message + _what_it_is(value, rule.culprit))
        for rule in RULES
        for path, value in places(body, rule.at)
        if not (accepted and rule.late) and not rule.holds(value)
    ]


def _what_it_is(value: JsonValue, culprit: str) -> str:
    """Add the offending value, unless it is a whole block."""
    _, found = next(places(value, culprit))
    what = f"{culprit} is" if culprit else "is"
    return "" if isinstance(found, dict | list) else f" ({what} {shown(found)})"
