"""What scalers ask, answered by Prometheus' own promtool over pods that are scraped every 15 seconds."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from paddle_operator.sla.load_queries import AcceleratorSource, accelerator_percent, offered_load
from paddle_operator.spec.workload import Device
from tests.promtool.scenario import promtool

LOAD = offered_load("prod", "ocr-1a")
BUSY = accelerator_percent("prod", "ocr-1a", Device.GPU)
DCGM = accelerator_percent("prod", "ocr-1a", Device.GPU, AcceleratorSource.EXPORTER)
NPU = accelerator_percent("prod", "ocr-1a", Device.NPU, AcceleratorSource.EXPORTER)
EVERY = (LOAD, BUSY, DCGM, NPU)


def runtime(metric: str, pod: str, **more: str) -> str:
    labels = {"namespace": "prod", "service": "ocr", "revision": "ocr-1a", "pod": pod, **more}
    inner = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{metric}{{{inner}}}"


def requests(pod: str, outcome: str, **more: str) -> str:
    return runtime("paddle_runtime_requests_total", pod, outcome=outcome, **more)


def dcgm(gpu: int, pod: str, *, kept: bool = False) -> str:
    """Of one GPU, with the pod's own labels or with renamed ones."""
    ours = "" if kept else "exported_"
    scraped = "" if kept else ',namespace="gpu-operator",pod="dcgm-exporter-1"'
    return f'DCGM_FI_DEV_GPU_UTIL{{gpu="{gpu}",{ours}namespace="prod",{ours}pod="{pod}"{scraped}}}'


def answers(folder: Path, query: str, series: dict[str, str], wanted: float | None) -> None:
    """A query after four minutes; None: there is no answer."""
    samples = [] if wanted is None else [{"labels": "{}", "value": wanted}]
    test = {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": query, "eval_time": "4m", "exp_samples": samples}],
    }
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump({"evaluation_interval": "15s", "tests": [test]}))
    done = promtool("test", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def test_load_is_what_callers_send_to_all_pods_of_the_revision_refused_or_not(tmp_path: Path) -> None:
    series = {
        requests("ocr-1a-x-1", "good"): "0+60x20",
        requests("ocr-1a-x-1", "refused"): "0+15x20",
        requests("ocr-1a-x-2", "good"): "0+30x20",
        requests("ocr-1a-x-1", "invalid"): "0+150x20",
        requests("ocr-2b-x-1", "good", revision="ocr-2b"): "0+600x20",
        requests("ocr-1a-x-9", "good", namespace="dev"): "0+600x20",
        runtime("paddle_runtime_synthetic_requests_total", "ocr-1a-x-1", outcome="good"): "0+60x20",
    }
    answers(tmp_path, LOAD, series, 7)


def test_a_pod_is_as_busy_as_its_workers_are_and_one_without_workers_is_left_out(tmp_path: Path) -> None:
    series = {
        runtime("paddle_runtime_busy_seconds_total", "ocr-1a-x-1"): "0+15x20",
        runtime("paddle_runtime_workers", "ocr-1a-x-1"): "2x20",
        runtime("paddle_runtime_busy_seconds_total", "ocr-1a-x-2"): "0+3.75x20",
        runtime("paddle_runtime_workers", "ocr-1a-x-2"): "1x20",
        runtime("paddle_runtime_busy_seconds_total", "ocr-1a-x-3"): "0+0x20",
        runtime("paddle_runtime_workers", "ocr-1a-x-3"): "0x20",
    }
    answers(tmp_path, BUSY, series, 75)


@pytest.mark.parametrize("kept", [True, False], ids=["its labels are honoured", "they are renamed"])
def test_dcgm_answers_by_pod_and_not_by_gpu(tmp_path: Path, kept: bool) -> None:
    series = {
        dcgm(0, "ocr-1a-x-1", kept=kept): "80x20",
        dcgm(1, "ocr-1a-x-1", kept=kept): "40x20",
        dcgm(2, "ocr-1a-x-2", kept=kept): "30x20",
        dcgm(3, "somebody-1", kept=kept): "99x20",
    }
    answers(tmp_path, DCGM, series, 90)


def test_the_npu_exporter_answers_by_pod(tmp_path: Path) -> None:
    series = {
        'npu_chip_info_utilization{id="0",namespace="prod",pod_name="ocr-1a-x-1"}': "70x20",
        'npu_chip_info_utilization{id="1",namespace="prod",pod_name="ocr-1a-x-2"}': "20x20",
        'npu_chip_info_utilization{id="2",namespace="prod",pod_name="somebody-1"}': "99x20",
    }
    answers(tmp_path, NPU, series, 90)


@pytest.mark.parametrize("query", EVERY)
def test_without_a_sample_there_is_no_answer_which_is_not_zero(tmp_path: Path, query: str) -> None:
    answers(tmp_path, query, {}, None)


@pytest.mark.parametrize("query", [LOAD, BUSY])
def test_samples_that_have_stopped_are_no_answer(tmp_path: Path, query: str) -> None:
    series = {
        requests("ocr-1a-x-1", "good"): "0+60x8 _x12",
        runtime("paddle_runtime_busy_seconds_total", "ocr-1a-x-1"): "0+15x8 _x12",
        runtime("paddle_runtime_workers", "ocr-1a-x-1"): "2x8 _x12",
    }
    answers(tmp_path, query, series, None)
