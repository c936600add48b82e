"""Rules of what is read: the model's bundle, and those that give it modules."""

from __future__ import annotations

import re
from collections.abc import Iterator

from paddle_operator.spec.rule import JsonValue, Rule, pattern_rule, unique_rule

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


def _has_its_store(module: dict[str, JsonValue]) -> bool:
    return not module["uri"].startswith("s3://") or "s3" in module


def _runs_onnx(spec: dict[str, JsonValue]) -> bool:
    return spec["runtime"]["device"] in {"CPU", "GPU"}


def _has_onnx(spec: dict[str, JsonValue]) -> bool:
    model = spec["model"]
    return any(source["format"] == "Onnx" for source in (model, *model["modules"]))


def _source_rules(at: str) -> Iterator[Rule]:
    """What holds for the address of every bundle: the model's, and those of its modules."""
    yield Rule(
        "uri-scheme",
        f"{at}.uri",
        "['s3://', 'https://', 'pvc://', 'builtin:'].exists(scheme, self.startsWith(scheme))",
        "must begin with s3://, https://, pvc:// or builtin:",
        lambda uri: uri.startswith(("s3://", "https://", "pvc://", "builtin:")),
    )
    yield pattern_rule(
        "uri-form",
        f"{at}.uri",
        URI_FORM,
        "must be s3://bucket/path, https://host/path/, pvc://claim/path or builtin:name, without user name, "
        "query, spaces or backslashes (write other characters as %XX)",
    )
    yield Rule(
        "uri-no-parent",
        f"{at}.uri",
        "!self.split('/').exists(part, part == '..')",
        "must not contain a '..' step: give the folder itself",
        lambda uri: ".." not in uri.split("/"),
    )
    yield pattern_rule(
        "digest-form",
        f"{at}.digest",
        "^sha256:[0-9a-f]{64}$",
        "must be 'sha256:' and 64 lower-case hex digits, the sha256 of the bundle's model.yaml: "
        "`sha256sum model.yaml` prints it",
        may_be_empty=True,
    )
    yield Rule(
        "s3-only-with-s3",
        at,
        "self.uri.startsWith('s3://') || !has(self.s3)",
        "s3 is for s3:// addresses only: remove it, or change the uri beside it",
        lambda source: source["uri"].startswith("s3://") or "s3" not in source,
        "uri",
    )
    yield Rule(
        "credentials-only-with-s3",
        at,
        "self.uri.startsWith('s3://') || !has(self.credentialsRef)",
        "credentialsRef is for s3:// addresses only: remove it; what is behind another address is read "
        "without credentials",
        lambda source: source["uri"].startswith("s3://") or "credentialsRef" not in source,
        "uri",
    )
    yield pattern_rule(
        "endpoint-form",
        f"{at}.s3.endpoint",
        rf"^https?://{_HOST}/?$",
        "must be http://host:port or https://host, without a path: the bucket belongs into the uri",
    )


MODEL_RULES: tuple[Rule, ...] = (
    *_source_rules("spec.model"),
    *_source_rules("spec.model.modules[*]"),
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
        "module-needs-endpoint",
        "spec.model",
        "!has(self.modules) || has(self.s3) || "
        "self.modules.all(module, !module.uri.startsWith('s3://') || has(module.s3))",
        "an s3:// address of a module needs the store, where the model has none to share: set s3.endpoint "
        "beside the module's uri",
        lambda model: "s3" in model or all(map(_has_its_store, model["modules"])),
    ),
    Rule(
        "modules-of-ocr",
        "spec.model",
        "self.task == 'OCR' || !has(self.modules) || size(self.modules) == 0",
        "modules need task OCR: remove them, or set spec.model.task; another task has one program, which "
        "spec.model.uri names",
        lambda model: model["task"] == "OCR" or not model["modules"],
        "task",
    ),
    unique_rule("spec.model.modules", "name"),
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
    Rule(
        "onnx-on-cpu-and-gpu",
        "spec",
        "self.runtime.device in ['CPU', 'GPU'] || (self.model.format != 'Onnx' && "
        "(!has(self.model.modules) || self.model.modules.all(module, module.format != 'Onnx')))",
        "format Onnx needs device CPU or GPU, nothing runs ONNX on the others: name a bundle of Paddle's "
        "programs, or change spec.runtime.device",
        lambda spec: _runs_onnx(spec) or not _has_onnx(spec),
        "runtime.device",
    ),
)
