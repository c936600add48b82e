"""What scalers ask Prometheus, whole: a query is reviewed as text."""

from __future__ import annotations

from paddle_operator.sla.load_queries import (
    AcceleratorSource,
    accelerator_percent,
    offered_load,
    present_load,
)
from paddle_operator.spec.workload import Device

RUNTIME = (
    '100 * sum(rate(paddle_runtime_busy_seconds_total{namespace="prod",revision="ocr-1a"}[1m])'
    ' / (paddle_runtime_workers{namespace="prod",revision="ocr-1a"} > 0))'
)


def test_load_is_what_callers_ask_for_also_where_it_is_refused() -> None:
    assert offered_load("prod", "ocr-1a") == (
        'sum(rate(paddle_runtime_requests_total{namespace="prod",revision="ocr-1a",'
        'outcome=~"good|bad|refused"}[1m]))'
    )


def test_the_load_of_a_service_is_that_of_now_or_of_the_last_minutes_where_that_is_more() -> None:
    def over(minutes: int) -> str:
        return (
            'sum(rate(paddle_runtime_requests_total{namespace="prod",service="ocr",'
            f'outcome=~"good|bad|refused"}}[{minutes}m]))'
        )

    assert present_load("prod", "ocr") == f"({over(1)} > {over(5)}) or {over(5)}"


def test_how_busy_an_accelerator_is_says_the_runtime_on_every_device() -> None:
    assert {accelerator_percent("prod", "ocr-1a", device) for device in Device} == {RUNTIME}


def test_dcgm_is_asked_by_pod_also_where_its_labels_were_renamed() -> None:
    assert accelerator_percent("prod", "ocr-1a", Device.GPU, AcceleratorSource.EXPORTER) == (
        'sum(avg by (pod, exported_pod) (DCGM_FI_DEV_GPU_UTIL{namespace="prod",pod=~"ocr-1a-.+"}'
        ' or DCGM_FI_DEV_GPU_UTIL{exported_namespace="prod",exported_pod=~"ocr-1a-.+"}))'
    )


def test_the_npu_exporter_is_asked_by_its_own_name_of_a_pod() -> None:
    assert accelerator_percent("prod", "ocr-1a", Device.NPU, AcceleratorSource.EXPORTER) == (
        'sum(avg by (pod_name) (npu_chip_info_utilization{namespace="prod",pod_name=~"ocr-1a-.+"}'
        ' or npu_chip_info_utilization{exported_namespace="prod",pod_name=~"ocr-1a-.+"}))'
    )


def test_a_device_without_an_exporter_is_asked_through_the_runtime() -> None:
    assert accelerator_percent("prod", "ocr-1a", Device.MLU, AcceleratorSource.EXPORTER) == RUNTIME
