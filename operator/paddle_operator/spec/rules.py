"""Rules that types cannot say, each once: as CEL for the API server and as a function for us.

A rule stands at one place of the resource and sees the value there as plain JSON with defaults filled in,
which is what CEL sees as `self`. It is not asked where the value is absent. `[*]` in a path means every
item. The API server appends the offending value to the message itself; we do it in `check`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from paddle_operator import names
from paddle_operator.errors import Violation
from paddle_operator.spec.device import RESOURCES

JsonValue = Any


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `cel` is empty where the schema's list type says the same to the API server."""

    name: str
    at: str
    cel: str
    message: str
    holds: Callable[[JsonValue], bool]


def _pattern(name: str, at: str, pattern: str, message: str, *, may_be_empty: bool = False) -> Rule:
    expression = re.compile(pattern, re.ASCII)
    cel = f"self.matches(r'{pattern}')"
    return Rule(
        name,
        at,
        f"self == '' || {cel}" if may_be_empty else cel,
        message,
        lambda text: (may_be_empty and text == "") or expression.fullmatch(text) is not None,
    )


def _percent(at: str, *, above: str, below: str, or_equal: bool, example: str) -> Rule:
    expression = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?", re.ASCII)
    comparison = "<=" if or_equal else "<"

    def holds(text: str) -> bool:
        if expression.fullmatch(text) is None:
            return False
        number = Decimal(text)
        return Decimal(above) < number and (number <= Decimal(below) if or_equal else number < Decimal(below))

    return Rule(
        "percent",
        at,
        rf"self.matches(r'^[0-9]{{1,3}}(\.[0-9]{{1,6}})?$') && double(self) > {above} && "
        f"double(self) {comparison} {below}",
        f"must be a decimal string above {above} and {'at most' if or_equal else 'below'} {below}, "
        f"with at most 6 decimals: write for instance {example!r}",
        holds,
    )


def _unique(at: str, key: str | None) -> Rule:
    def holds(items: list[JsonValue]) -> bool:
        seen = [item[key] if key else item for item in items]
        return len(set(seen)) == len(seen)

    what = f"the same {key} twice" if key else "the same item twice"
    return Rule("unique", at, "", f"must not have {what}: rename or remove one", holds)


def _kinds(objective: dict[str, JsonValue]) -> int:
    return sum(kind in objective for kind in ("availability", "latency", "errorRate"))


def _toleration_is_sound(toleration: dict[str, JsonValue]) -> bool:
    if toleration["operator"] == "Exists":
        return not toleration.get("value")
    return bool(toleration.get("key"))


_HOST = r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:[0-9]{1,5})?"
_PATH = r"[A-Za-z0-9._~+=@%/-]*"
_KEY = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"
_OUR_KEYS = (names.LABEL_NAME, names.LABEL_MANAGED_BY)
_SCRAPE_PREFIX = "prometheus.io/"


def _keys(at: str, *, ours: tuple[str, ...] = (), prefixes: tuple[str, ...] = ()) -> Iterator[Rule]:
    expression = re.compile(_KEY, re.ASCII)
    yield Rule(
        "key-form",
        at,
        f"self.all(key, key.matches(r'{_KEY}'))",
        "must have keys of the form name or prefix/name, of letters, digits and - _ .",
        lambda mapping: all(expression.fullmatch(key) for key in mapping),
    )
    if not prefixes:
        return
    refused = " || ".join(
        [f"key.startsWith('{prefix}')" for prefix in prefixes] + [f"key == '{key}'" for key in ours]
    )
    yield Rule(
        "reserved-key",
        at,
        f"!self.exists(key, {refused})",
        f"must not set {', '.join(ours)}{' or ' if ours else ''}{', '.join(p + '...' for p in prefixes)}: "
        "the operator sets these itself; remove them",
        lambda mapping: not any(key in ours or key.startswith(prefixes) for key in mapping),
    )


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
    _pattern(
        "uri-form",
        "spec.model.uri",
        rf"^(s3://[a-z0-9][a-z0-9.-]+[a-z0-9](/{_PATH})?|https://{_HOST}(/{_PATH})?"
        rf"|pvc://[a-z0-9]([-a-z0-9.]*[a-z0-9])?(/{_PATH})?|builtin:[a-z0-9][a-z0-9._-]*)$",
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
    _pattern(
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
    ),
    Rule(
        "s3-only-with-s3",
        "spec.model",
        "self.uri.startsWith('s3://') || !has(self.s3)",
        "spec.model.s3 is for s3:// addresses only: remove it, or change spec.model.uri",
        lambda model: model["uri"].startswith("s3://") or "s3" not in model,
    ),
    Rule(
        "credentials-only-with-store",
        "spec.model",
        "!has(self.credentialsRef) || self.uri.startsWith('s3://') || self.uri.startsWith('https://')",
        "spec.model.credentialsRef is for s3:// and https:// addresses only: remove it",
        lambda model: "credentialsRef" not in model or model["uri"].startswith(("s3://", "https://")),
    ),
    _pattern(
        "endpoint-form",
        "spec.model.s3.endpoint",
        rf"^https?://{_HOST}/?$",
        "must be http://host:port or https://host, without a path: the bucket belongs into spec.model.uri",
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
    ),
    Rule(
        "device-resource-on-cpu",
        "spec.runtime",
        "self.device != 'CPU' || !has(self.deviceResource) || self.deviceResource == ''",
        "deviceResource is for GPU, NPU and MLU: remove it, or set spec.runtime.device",
        lambda runtime: runtime["device"] != "CPU" or not runtime.get("deviceResource"),
    ),
    Rule(
        "device-memory-on-gpu",
        "spec.runtime",
        "!has(self.deviceMemoryMiB) || self.device == 'GPU'",
        "deviceMemoryMiB is for GPU only: remove it, or set spec.runtime.device to GPU",
        lambda runtime: "deviceMemoryMiB" not in runtime or runtime["device"] == "GPU",
    ),
    _pattern(
        "device-resource-form",
        "spec.runtime.deviceResource",
        r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$",
        "must be the name of an extended resource, such as nvidia.com/gpu",
        may_be_empty=True,
    ),
    _pattern(
        "image-form",
        "spec.runtime.image",
        r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]*$",
        "must be an image reference, such as registry.example.com/paddle/runtime:1.0, without spaces",
        may_be_empty=True,
    ),
    _no_device_in("spec.runtime.resources.requests"),
    _no_device_in("spec.runtime.resources.limits"),
    *_keys("spec.runtime.pod.nodeSelector"),
    *_keys("spec.runtime.pod.labels", ours=_OUR_KEYS, prefixes=(names.GROUP + "/",)),
    *_keys("spec.runtime.pod.annotations", prefixes=(names.GROUP + "/", _SCRAPE_PREFIX)),
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
    _unique("spec.runtime.pod.env", "name"),
    _unique("spec.runtime.pod.imagePullSecrets", "name"),
)

PROMISE_RULES: tuple[Rule, ...] = (
    Rule(
        "one-kind",
        "spec.sla.objectives[*]",
        "[has(self.availability), has(self.latency), has(self.errorRate)].filter(kind, kind).size() == 1",
        "must have exactly one of availability, latency and errorRate: write one objective for each promise",
        lambda objective: _kinds(objective) == 1,
    ),
    _unique("spec.sla.objectives", "name"),
    _percent(
        "spec.sla.objectives[*].availability.targetPercent",
        above="50.0",
        below="100.0",
        or_equal=False,
        example="99.9",
    ),
    _percent(
        "spec.sla.objectives[*].latency.percentile", above="0.0", below="100.0", or_equal=False, example="95"
    ),
    _percent(
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
    ),
    Rule(
        "probe-fits-period",
        "spec.probes",
        "self.timeoutSeconds <= self.periodSeconds",
        "timeoutSeconds must not exceed periodSeconds: a probe must end before the next one begins",
        lambda probes: probes["timeoutSeconds"] <= probes["periodSeconds"],
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
    _unique("spec.routing.hostnames", None),
)

RULES = (*SERVICE_RULES, *MODEL_RULES, *RUNTIME_RULES, *PROMISE_RULES)


def check(body: dict[str, JsonValue]) -> list[Violation]:
    """Return every broken rule of a resource given as plain JSON with defaults, in the table's order."""
    return [
        Violation(path or "metadata.name", rule.name, f"{rule.message} (is {shown(value)})")
        for rule in RULES
        for path, value in _places(body, rule.at)
        if not rule.holds(value)
    ]


def shown(value: JsonValue) -> str:
    """A value as it is shown in a message: as in YAML, and never long."""
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _places(body: dict[str, JsonValue], at: str) -> Iterator[tuple[str, JsonValue]]:
    """Yield the concrete path and value of every place in the resource that the path names."""
    places: list[tuple[str, JsonValue]] = [("", body)]
    for step in at.replace("[*]", ".[*]").split(".") if at else []:
        places = [found for path, value in places for found in _children(path, value, step)]
    return iter(places)


def _children(path: str, value: JsonValue, step: str) -> Iterator[tuple[str, JsonValue]]:
    if step == "[*]":
        yield from ((f"{path}[{index}]", item) for index, item in enumerate(value))
    elif step in value:
        yield (f"{path}.{step}" if path else step, value[step])
