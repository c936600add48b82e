"""What scalers ask Prometheus, as text: the load of all pods of a revision together. Pure.

Each answers with one number that is divided by the number of pods, so that it does not depend on how many
there are. Without a sample there is no answer, which is not 0: no scaler removes a pod for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from paddle_operator import names
from paddle_operator.sla.promql import COUNTED, duration
from paddle_operator.sla.selectors import equal, selector
from paddle_operator.sla.series import NAMESPACE_LABEL, OUTCOME_LABEL, REVISION_LABEL, SERVICE_LABEL
from paddle_operator.spec.workload import Device

LATELY = timedelta(minutes=5)
"""Who reckons how long requests take to come does so with the last minutes: a lull is no end of them."""
OVER = timedelta(minutes=1)
"""Short enough to follow a burst, and long enough for four scrapes of the usual 15 seconds."""
SCRAPES = 4
"""Of pods that are scraped less often so many are looked at: a rate needs two, and one may be late."""
USUAL_SCRAPE_SECONDS = 15


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


def offered_load(namespace: str, revision: str, scrape_seconds: int = USUAL_SCRAPE_SECONDS) -> str:
    """Requests a second that callers send to a revision, refused ones included, tagged ones left out.

    What they ask wrongly costs next to nothing and is no load.
    """
    selected = _of_revision(names.METRIC_REQUESTS, namespace, revision, f'{OUTCOME_LABEL}=~"{COUNTED}"')
    return f"sum(rate({selected}[{_over(scrape_seconds)}]))"


def present_load(namespace: str, service: str, scrape_seconds: int = USUAL_SCRAPE_SECONDS) -> str:
    """Requests a second that callers send to all revisions of a service: of the last minute, or of the last
    five where that is more. Traffic that has just begun counts as it comes now."""
    of = (equal(NAMESPACE_LABEL, namespace), equal(SERVICE_LABEL, service), f'{OUTCOME_LABEL}=~"{COUNTED}"')
    selected = selector(names.METRIC_REQUESTS, *of)
    now, lately = (f"sum(rate({selected}[{_over(scrape_seconds, least)}]))" for least in (OVER, LATELY))
    return f"({now} > {lately}) or {lately}"


def accelerator_percent(
    namespace: str,
    revision: str,
    device: Device,
    source: AcceleratorSource = AcceleratorSource.RUNTIME,
    scrape_seconds: int = USUAL_SCRAPE_SECONDS,
) -> str:
    """How busy each pod's accelerators are, in percent, summed over the pods of a revision."""
    exporter = EXPORTERS.get(device) if source is AcceleratorSource.EXPORTER else None
    if exporter is not None:
        return _of_exporter(exporter, namespace, revision)
    busy = _of_revision(names.METRIC_BUSY_SECONDS, namespace, revision)
    workers = _of_revision(names.METRIC_WORKERS, namespace, revision)
    return f"100 * sum(rate({busy}[{_over(scrape_seconds)}]) / ({workers} > 0))"


def _over(scrape_seconds: int, least: timedelta = OVER) -> str:
    return duration(max(least, timedelta(seconds=SCRAPES * scrape_seconds)))


def _of_revision(metric: str, namespace: str, revision: str, *more: str) -> str:
    return selector(metric, equal(NAMESPACE_LABEL, namespace), equal(REVISION_LABEL, revision), *more)


def _of_exporter(exporter: Exporter, namespace: str, revision: str) -> str:
    pods = f"{revision}-.+"
    kept = f'{exporter.metric}{{namespace="{namespace}",{exporter.pod_label}=~"{pods}"}}'
    renamed = f'{exporter.metric}{{exported_namespace="{namespace}",{exporter.renamed_pod_label}=~"{pods}"}}'
    by = ", ".join(dict.fromkeys((exporter.pod_label, exporter.renamed_pod_label)))
    return f"sum(avg by ({by}) ({kept} or {renamed}))"
