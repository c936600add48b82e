"""What scalers ask Prometheus, as text: the load of all pods of a revision together. Pure.

Each answers with one number that is divided by the number of pods, so that it does not depend on how many
there are. Without a sample there is no answer, which is not 0: no scaler removes a pod for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from paddle_operator import names
from paddle_operator.sla.promql import COUNTED
from paddle_operator.sla.series import NAMESPACE_LABEL, OUTCOME_LABEL, REVISION_LABEL
from paddle_operator.spec.workload import Device

OVER = "1m"
"""Long enough for two scrapes of the usual 15 or 30 seconds, short enough to follow a burst."""


class AcceleratorSource(StrEnum):
    """Who says how busy an accelerator is."""

    RUNTIME = "Runtime"
    EXPORTER = "Exporter"


@dataclass(frozen=True, slots=True)
class Exporter:
    """A device's own exporter: its metric in percent, and the label that names the pod that computes.

    Where a scrape gives the exporter's own pod and namespace as `pod` and `namespace`, Prometheus renames
    what the exporter says to `exported_...`.
    """

    metric: str
    pod_label: str
    renamed_pod_label: str


EXPORTERS = {
    Device.GPU: Exporter("DCGM_FI_DEV_GPU_UTIL", "pod", "exported_pod"),
    Device.NPU: Exporter("npu_chip_info_utilization", "pod_name", "pod_name"),
}
"""NVIDIA's DCGM exporter and Huawei's NPU exporter. For other devices the runtime is asked."""


def offered_load(namespace: str, revision: str) -> str:
    """Requests a second that callers send to a revision, refused ones included, tagged ones left out.

    What they ask wrongly costs next to nothing and is no load.
    """
    selected = _of_revision(names.METRIC_REQUESTS, namespace, revision, f'{OUTCOME_LABEL}=~"{COUNTED}"')
    return f"sum(rate({selected}[{OVER}]))"


def accelerator_percent(
    namespace: str, revision: str, device: Device, source: AcceleratorSource = AcceleratorSource.RUNTIME
) -> str:
    """How busy each pod's accelerators are, in percent, summed over the pods of a revision."""
    exporter = EXPORTERS.get(device) if source is AcceleratorSource.EXPORTER else None
    if exporter is not None:
        return _of_exporter(exporter, namespace, revision)
    busy = _of_revision(names.METRIC_BUSY_SECONDS, namespace, revision)
    workers = _of_revision(names.METRIC_WORKERS, namespace, revision)
    return f"100 * sum(rate({busy}[{OVER}]) / ({workers} > 0))"


def _of_revision(metric: str, namespace: str, revision: str, *more: str) -> str:
    matchers = (f'{NAMESPACE_LABEL}="{namespace}"', f'{REVISION_LABEL}="{revision}"', *more)
    return f"{metric}{{{','.join(matchers)}}}"


def _of_exporter(exporter: Exporter, namespace: str, revision: str) -> str:
    pods = f"{revision}-.+"
    kept = f'{exporter.metric}{{namespace="{namespace}",{exporter.pod_label}=~"{pods}"}}'
    renamed = f'{exporter.metric}{{exported_namespace="{namespace}",{exporter.renamed_pod_label}=~"{pods}"}}'
    by = ", ".join(dict.fromkeys((exporter.pod_label, exporter.renamed_pod_label)))
    return f"sum(avg by ({by}) ({kept} or {renamed}))"
