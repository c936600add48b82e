"""One tensor with its signs turned: the built-in self-tests tell, and every engine passes them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from paddle_runtime.bundle.engine import Device, Engine, Precision, Runner
from paddle_runtime.bundle.store import Bundle, builtin_path, open_bundle
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.pipeline.ocr import OcrPipeline
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.opening import open_session
from paddle_runtime.predictor.session import Array, Session
from tests.runtime.pipeline.weights import turned, turned_onnx, weights_of

MODULES = ("detect", "orient", "recognise")
CPU = DeviceSettings()


class Recording:
    """A session that writes down the shapes that it is given."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.shapes: list[tuple[int, ...]] = []

    def run(self, inputs: Mapping[str, Array]) -> list[Array]:
        self.shapes += [array.shape for array in inputs.values()]
        return self._session.run(inputs)

    def run_one(self, array: Array) -> Array:
        self.shapes.append(array.shape)
        return self._session.run_one(array)


def sessions_of(bundle: Bundle) -> dict[str, Session]:
    return {name: open_session(bundle, name, CPU) for name in bundle.manifest.modules}


@pytest.fixture(scope="module")
def onnx() -> tuple[Bundle, dict[str, Session]]:
    bundle = open_bundle(builtin_path("ppocr-v4-mobile-onnx"))
    return bundle, sessions_of(bundle)


@pytest.fixture(scope="module")
def paddle() -> tuple[Bundle, dict[str, Session]]:
    bundle = open_bundle(builtin_path("ppocr-v4-mobile"))
    return bundle, sessions_of(bundle)


def told(bundle: Bundle, sessions: Mapping[str, Session]) -> BundleReason | None:
    """Why the self-test fails; None when it passes."""
    try:
        OcrPipeline(bundle, sessions).self_test()
    except BundleFault as fault:
        return fault.reason
    return None


@pytest.mark.parametrize("name", MODULES)
def test_each_of_the_largest_tensors_counts(
    name: str, onnx: tuple[Bundle, dict[str, Session]], tmp_path: Path
) -> None:
    bundle, sessions = onnx
    file = bundle.manifest.modules[name].onnx
    assert file is not None
    elsewhere = Bundle(tmp_path, bundle.manifest, bundle.digest)
    elsewhere.file(file).parent.mkdir()
    found = {}
    for tensor, program in turned_onnx(bundle.file(file), 30):
        elsewhere.file(file).write_bytes(program)
        found[tensor] = told(bundle, {**sessions, name: open_session(elsewhere, name, CPU)})
    assert len(found) == 30
    assert {tensor for tensor, reason in found.items() if reason is not BundleReason.SelfTestFailed} == set()


@pytest.mark.parametrize("name", MODULES)
def test_the_same_of_paddles_own_form(
    name: str, paddle: tuple[Bundle, dict[str, Session]], tmp_path: Path
) -> None:
    bundle, sessions = paddle
    module = bundle.manifest.modules[name]
    assert module.program is not None
    assert module.params is not None
    shutil.copytree(bundle.path / name, tmp_path / name)
    elsewhere = Bundle(tmp_path, bundle.manifest, bundle.digest)
    data = bundle.file(module.params).read_bytes()
    found = {}
    for weight in weights_of(data)[:6]:
        elsewhere.file(module.params).write_bytes(turned(data, weight))
        found[weight] = told(bundle, {**sessions, name: open_session(elsewhere, name, CPU)})
    assert set(found.values()) == {BundleReason.SelfTestFailed}


@pytest.mark.parametrize(
    "runner",
    [
        Runner(Engine.OPENVINO, Precision.BFLOAT16),
        Runner(Engine.ONEDNN),
        Runner(Engine.PLAIN),
    ],
    ids=str,
)
def test_every_engine_answers_as_the_bundle_says(runner: Runner) -> None:
    bundle = open_bundle(builtin_path("ppocr-v4-mobile"))
    chosen = {"engine": runner.engine, "precision": runner.precision}
    modules = {name: each.model_copy(update=chosen) for name, each in bundle.manifest.modules.items()}
    manifest = bundle.manifest.model_copy(update={"modules": MappingProxyType(modules)})
    changed = Bundle(bundle.path, manifest, bundle.digest)
    OcrPipeline(changed, sessions_of(changed)).self_test()


@pytest.mark.parametrize("name", ["orient", "recognise"])
def test_onednn_in_bfloat16_too_where_it_runs(name: str, paddle: tuple[Bundle, dict[str, Session]]) -> None:
    """The detector fails to run in it."""
    bundle, sessions = paddle
    chosen = {"engine": Engine.ONEDNN, "precision": Precision.BFLOAT16}
    modules = {**bundle.manifest.modules, name: bundle.manifest.modules[name].model_copy(update=chosen)}
    manifest = bundle.manifest.model_copy(update={"modules": MappingProxyType(modules)})
    changed = Bundle(bundle.path, manifest, bundle.digest)
    OcrPipeline(bundle, {**sessions, name: open_session(changed, name, CPU)}).self_test()


def test_on_a_device_rows_come_in_its_own_batches(onnx: tuple[Bundle, dict[str, Session]]) -> None:
    """Those that it is warmed with; here on the CPU, which takes any."""
    bundle, sessions = onnx
    on_gpu = bundle.on(Device.GPU)
    recording = {name: Recording(session) for name, session in sessions.items()}
    pipeline = OcrPipeline(on_gpu, recording)
    for test in on_gpu.manifest.self_test:
        if test.outputs and test.picture is None:
            pipeline.program_answers(test)
    assert {name: {shape[0] for shape in each.shapes} for name, each in recording.items()} == {
        "detect": set(), "orient": {8}, "recognise": {8},
    }  # fmt: skip
    pipeline.self_test()
