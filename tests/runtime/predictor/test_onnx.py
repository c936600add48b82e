"""Real ONNX programs in onnxruntime: the same answers as Paddle's, and no Paddle in the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from paddle_runtime.bundle.manifest import Module
from paddle_runtime.bundle.store import builtin_path, open_bundle
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.predictor.devices import Device, DeviceSettings
from paddle_runtime.predictor.onnx import OnnxSession, session_options
from paddle_runtime.predictor.opening import open_session

PADDLE, ONNX = (open_bundle(builtin_path(name)) for name in ("ppocr-v4-mobile", "ppocr-v4-mobile-onnx"))
SHAPES = {"detect": (1, 3, 320, 544), "orient": (1, 3, 48, 192), "recognise": (1, 3, 48, 320)}


class OnGpu(OnnxSession):
    """A session on the CPU that chooses as on a GPU, which is not here."""

    opened = 0

    def _open(self) -> Any:
        self._settings = DeviceSettings()
        self.opened += 1
        opened = super()._open()
        self._settings = DeviceSettings(device=Device.GPU)
        return opened


@pytest.mark.parametrize("name", list(SHAPES))
def test_onnxruntime_answers_as_paddle_does(name: str) -> None:
    picture = np.random.default_rng(1).normal(size=SHAPES[name]).astype(np.float32)
    answers = [open_session(bundle, name, DeviceSettings()).run_one(picture) for bundle in (PADDLE, ONNX)]
    assert answers[0].shape == answers[1].shape
    assert float(np.max(np.abs(answers[0] - answers[1]))) < 1e-4


@pytest.mark.parametrize("device", [Device.GPU, Device.NPU])
def test_a_device_without_its_provider_is_refused(device: Device) -> None:
    module = ONNX.manifest.modules["orient"]
    with pytest.raises(BundleFault) as fault:
        OnnxSession(ONNX.file("orient/inference.onnx"), module, DeviceSettings(device=device))
    assert fault.value.reason is BundleReason.DeviceUnavailable


def test_one_math_thread_that_never_spins_and_no_plan_of_memory_for_each_shape() -> None:
    options = session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert (options.enable_mem_pattern, options.enable_cpu_mem_arena) == (False, True)


def test_on_a_gpu_every_bucket_has_a_session_and_all_other_shapes_together_one() -> None:
    module = ONNX.manifest.modules["orient"]
    session = OnGpu(ONNX.file("orient/inference.onnx"), module, DeviceSettings())
    for width in range(16, 336, 16):
        session.run_one(np.zeros((1, 3, 48, width), dtype=np.float32))
    for _ in range(2):
        for shape in module.shapes():
            session.run_one(np.zeros(shape, dtype=np.float32))
    assert session.opened == len(module.buckets) + 1


def test_names_that_the_program_does_not_have_are_told() -> None:
    module = ONNX.manifest.modules["orient"].model_copy(
        update={"outputs": ONNX.manifest.modules["detect"].outputs}
    )
    assert isinstance(module, Module)
    with pytest.raises(BundleFault, match=r"declares \['x'\] and \['sigmoid_0.tmp_0'\]") as fault:
        OnnxSession(ONNX.file("orient/inference.onnx"), module, DeviceSettings())
    assert fault.value.reason is BundleReason.LoadFailed


def test_a_file_that_is_no_program_is_a_failed_load_with_onnxruntimes_words(tmp_path: Path) -> None:
    for path in ONNX.path.rglob("*"):
        place = tmp_path / path.relative_to(ONNX.path)
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.write_bytes(path.read_bytes())
    unknown = onnx.helper.make_node("NoSuchOperator", ["x"], ["y"])
    graph = onnx.helper.make_graph([unknown], "g", [], [])
    onnx.save(onnx.helper.make_model(graph), tmp_path / "orient" / "inference.onnx")
    broken = type(ONNX)(path=tmp_path, manifest=ONNX.manifest, digest=ONNX.digest)
    with pytest.raises(
        BundleFault, match="module orient cannot be loaded by engine OnnxRuntime on CPU"
    ) as fault:
        open_session(broken, "orient", DeviceSettings())
    assert fault.value.reason is BundleReason.LoadFailed


OPEN = """
import sys
from paddle_runtime.bundle.store import builtin_path, open_bundle
from paddle_runtime.pipeline import open_pipeline
from paddle_runtime.predictor.devices import DeviceSettings
open_pipeline(open_bundle(builtin_path(sys.argv[1])), DeviceSettings()).self_test()
print(*(name for name in ("paddle", "paddle.base.libpaddle", "onnxruntime") if name in sys.modules))
"""


@pytest.mark.parametrize(
    ("bundle", "loaded"),
    [("ppocr-v4-mobile-onnx", "onnxruntime"), ("ppocr-v4-mobile", "paddle.base.libpaddle")],
)
def test_a_process_loads_the_engine_that_its_modules_ask_for_and_no_more(bundle: str, loaded: str) -> None:
    done = subprocess.run([sys.executable, "-c", OPEN, bundle], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [loaded]
