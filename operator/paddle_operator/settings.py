"""Everything the operator can be told from outside: one frozen object, made once in main."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any

from paddle_operator.errors import SettingInvalid

PREFIX = "PADDLE_OPERATOR_"
RUNTIME_IMAGE = "localhost/paddle-sla/runtime:dev"


def _setting(default: object, unit: str, purpose: str) -> Any:
    return field(default=default, metadata={"unit": unit, "purpose": purpose})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The operator's configuration. Each field is read from PADDLE_OPERATOR_<FIELD>."""

    runtime_image_cpu: str = _setting(RUNTIME_IMAGE, "image", "runtime image for device CPU")
    runtime_image_gpu: str = _setting(RUNTIME_IMAGE, "image", "runtime image for device GPU")
    runtime_image_npu: str = _setting(RUNTIME_IMAGE, "image", "runtime image for device NPU")
    runtime_image_mlu: str = _setting(RUNTIME_IMAGE, "image", "runtime image for device MLU")
    namespace: str = _setting("default", "namespace", "where the operator itself runs; holds its Leases")
    watch_namespaces: tuple[str, ...] = _setting(
        (), "comma list", "namespaces to serve besides the operator's own; empty serves the whole cluster"
    )
    pod_name: str = _setting("", "name", "identity in the Lease; the host's name where empty")
    pod_uid: str = _setting("", "uid", "owner of the heartbeat, so that it goes away with the pod")
    lease_name: str = _setting("paddle-operator", "name", "Lease that decides which replica acts")
    lease_seconds: int = _setting(15, "seconds", "a standby takes over a Lease unchanged for this long")
    lease_renew_seconds: int = _setting(
        10, "seconds", "the leader stops acting when it cannot renew for this long"
    )
    lease_retry_seconds: int = _setting(2, "seconds", "pause between two attempts to get or renew the Lease")
    heartbeat_seconds: int = _setting(25, "seconds", "the operator touches its heartbeat object this often")
    heartbeat_limit_seconds: int = _setting(
        90, "seconds", "without a heartbeat coming back over the watch for this long, /healthz answers 500"
    )
    workers: int = _setting(4, "services", "how many services are looked at in parallel")
    resync_seconds: int = _setting(300, "seconds", "a service at rest is looked at again after this, +-20 %")
    request_timeout_seconds: int = _setting(30, "seconds", "limit for one request to the API server")
    prometheus_url: str = _setting(
        "",
        "URL",
        "Prometheus, or what answers like it, from which promises are measured; empty measures none",
    )
    accelerator_source: str = _setting(
        "Runtime",
        "Runtime|Exporter",
        "what scalers go by for AcceleratorUtilization: the runtime's own figure, or DCGM on GPU and the NPU "
        "exporter on NPU",
    )
    prometheus_token_file: str = _setting(
        "", "file", "bearer token for Prometheus, read at each request; empty sends none"
    )
    prometheus_ca_file: str = _setting(
        "", "file", "certificates, in PEM, by which Prometheus' own is checked; empty: the public ones"
    )
    keda_authentication: str = _setting(
        "",
        "name",
        "ClusterTriggerAuthentication by which KEDA is let in to Prometheus, with a bearerToken and, for a "
        "CA of your own, ca; empty: KEDA sends no token",
    )
    prometheus_timeout_seconds: int = _setting(5, "seconds", "limit for one question to Prometheus")
    scrape_interval_seconds: int = _setting(
        15,
        "seconds",
        "how often Prometheus scrapes the pods, by their PodMonitors or its own jobs; longer silences are "
        "unknown time",
    )
    measure_interval_seconds: int = _setting(
        60,
        "seconds",
        "a promise is measured at most this often; figures that change no verdict are written every 300 s",
    )
    probe_port: int = _setting(8081, "port", "serves /healthz, /readyz and /metrics")
    monitoring_labels: tuple[str, ...] = _setting(
        (),
        "comma list",
        "name=value: labels of PrometheusRules and PodMonitors, where Prometheus selects them",
    )
    runbooks: str = _setting(
        "", "address", "where you serve the pages of docs/runbooks, for the alerts' links; empty: no links"
    )
    dashboards: bool = _setting(True, "true|false", "each service has a dashboard for Grafana, a ConfigMap")
    log_format: str = _setting("text", "text|json", "form of a log line")
    log_level: str = _setting("INFO", "level", "DEBUG, INFO, WARNING or ERROR")

    @property
    def runtime_images(self) -> dict[str, str]:
        """The runtime's image by the device's name."""
        return {
            "CPU": self.runtime_image_cpu,
            "GPU": self.runtime_image_gpu,
            "NPU": self.runtime_image_npu,
            "MLU": self.runtime_image_mlu,
        }

    @property
    def labels_of_monitoring(self) -> dict[str, str]:
        """The labels by their names."""
        return dict(one.split("=", 1) for one in self.monitoring_labels)

    @property
    def measure_limit_seconds(self) -> float:
        """The longest that a look waits for its measuring: more than for one question, so that what gives
        up is the question, which is remembered, and not the whole look, which tells nobody of it."""
        return self.prometheus_timeout_seconds + 2.0

    @property
    def identity(self) -> str:
        """The name under which this process holds the Lease."""
        return self.pod_name or socket.gethostname()

    @property
    def scope(self) -> tuple[str, ...]:
        """The namespaces watched: none named means all. The own one is among them, for the heartbeat."""
        return tuple(sorted({*self.watch_namespaces, self.namespace})) if self.watch_namespaces else ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings; raises SettingInvalid naming the variable and its value."""
        found = {item.name: environment.get(PREFIX + item.name.upper(), "").strip() for item in fields(cls)}
        values: dict[str, Any] = {
            item.name: _parse(item, found[item.name]) for item in fields(cls) if found[item.name]
        }
        settings = cls(**values)
        _check(settings)
        return settings


def _parse(item: Field[Any], text: str) -> object:
    if isinstance(item.default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if isinstance(item.default, bool):
        if text not in {"true", "false"}:
            raise SettingInvalid(PREFIX + item.name.upper(), text, "give true or false")
        return text == "true"
    if isinstance(item.default, int):
        if not text.isdigit() or int(text) == 0:
            raise SettingInvalid(PREFIX + item.name.upper(), text, "give a whole number above 0")
        return int(text)
    return text


def _check(settings: Settings) -> None:
    if settings.accelerator_source not in {"Runtime", "Exporter"}:
        remedy = "give Runtime or Exporter"
        raise SettingInvalid(PREFIX + "ACCELERATOR_SOURCE", settings.accelerator_source, remedy)
    for one in settings.monitoring_labels:
        if "=" not in one:
            raise SettingInvalid(
                PREFIX + "MONITORING_LABELS", one, "give name=value, such as release=prometheus"
            )
    if settings.log_format not in {"text", "json"}:
        raise SettingInvalid(PREFIX + "LOG_FORMAT", settings.log_format, "give text or json")
    if settings.log_level.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise SettingInvalid(PREFIX + "LOG_LEVEL", settings.log_level, "give DEBUG, INFO, WARNING or ERROR")
    pages = settings.runbooks
    if pages and not re.fullmatch(r"https?://[^\s{}]+", pages):
        raise SettingInvalid(
            PREFIX + "RUNBOOKS", pages, "give http://... or https://..., or nothing for no links"
        )
    url = settings.prometheus_url
    if url and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", url):
        remedy = "give http://HOST[:PORT] or https://..., without user, query or fragment"
        raise SettingInvalid(PREFIX + "PROMETHEUS_URL", url, remedy)
    if not settings.lease_retry_seconds < settings.lease_renew_seconds < settings.lease_seconds:
        wrong = f"{settings.lease_retry_seconds} < {settings.lease_renew_seconds} < {settings.lease_seconds}"
        rule = "the retry must be shorter than the renewal, and that shorter than the lease"
        raise SettingInvalid(PREFIX + "LEASE_SECONDS", wrong, rule)


def _shown(default: object) -> object:
    if isinstance(default, tuple):
        return ",".join(default)
    return str(default).lower() if isinstance(default, bool) else default


def reference() -> str:
    """The settings as a Markdown table, for docs/reference."""
    rows = ["| Variable | Default | Unit | Meaning |", "| --- | --- | --- | --- |"]
    for item in fields(Settings):
        default = "" if item.default is MISSING else item.default
        shown = _shown(default)
        unit = str(item.metadata["unit"]).replace("|", "\\|")
        rows.append(f"| `{PREFIX}{item.name.upper()}` | `{shown}` | {unit} | {item.metadata['purpose']} |")
    return "\n".join(rows) + "\n"
