"""Bundles that must not be served, each opened in a process of its own as a worker would."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.store import builtin_path, open_bundle
from paddle_runtime.bundle.verify import verify
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.pipeline import prove
from paddle_runtime.pipeline.ocr import OcrPipeline
from paddle_runtime.predictor.devices import Device, DeviceSettings
from paddle_runtime.predictor.opening import open_session
from paddle_runtime.predictor.session import Array, Session

OPEN = """
import sys
from pathlib import Path
from paddle_runtime.bundle.store import open_bundle
from paddle_runtime.errors import BundleFault
from paddle_runtime.pipeline import open_pipeline
from paddle_runtime.predictor.devices import DeviceSettings
try:
    open_pipeline(open_bundle(Path(sys.argv[1])), DeviceSettings()).self_test()
except BundleFault as fault:
    print(fault)
    sys.exit(fault.reason.value)
"""
LOAD_FAILED, SELF_TEST_FAILED = 20, 22


def swap_characters(folder: Path) -> None:
    dictionary = folder / "recognise" / "characters.txt"
    characters = dictionary.read_text(encoding="utf-8").splitlines()
    dictionary.write_text("\n".join([*characters[100:], *characters[:100]]), encoding="utf-8")


def flip_signs(program: Path) -> None:
    """Of the numbers in the large tensors: long runs of bytes that are sensible numbers, less their ends."""
    place = program.with_suffix(".pdiparams") if program.with_suffix(".pdiparams").exists() else program
    data = bytearray(place.read_bytes())
    runs = [run for offset in range(4) for run in long_runs(data, offset)]
    assert runs
    for start, end in runs:
        data[start + 3 : end : 4] = bytes(byte ^ 0x80 for byte in data[start + 3 : end : 4])
    place.write_bytes(bytes(data))


def long_runs(data: bytearray, offset: int) -> list[tuple[int, int]]:
    """Begin and end, in bytes, of every run of more than 20,000 numbers that weights may be."""
    size = np.abs(np.frombuffer(bytes(data[offset : offset + (len(data) - offset) // 4 * 4]), dtype="<f4"))
    with np.errstate(invalid="ignore"):
        odd = np.flatnonzero(~((size < 100) & (size > 1e-12)))
    edges = np.concatenate(([-1], odd, [size.size]))
    starts = np.flatnonzero(np.diff(edges) > 20_000)
    return [(offset + 4 * int(edges[run] + 65), offset + 4 * int(edges[run + 1] - 64)) for run in starts]


def flip_recogniser(folder: Path) -> None:
    flip_signs(folder / "recognise" / "inference.onnx")


def flip_detector(folder: Path) -> None:
    flip_signs(folder / "detect" / "inference.onnx")


def cut_weights(folder: Path) -> None:
    weights = folder / "orient" / "inference.pdiparams"
    weights.write_bytes(weights.read_bytes()[:5000])


@pytest.mark.parametrize(
    ("bundle", "damage", "code", "words"),
    [
        ("ppocr-v4-mobile", swap_characters, SELF_TEST_FAILED, "character error rate"),
        ("ppocr-v4-mobile", flip_recogniser, SELF_TEST_FAILED, "character error rate"),
        ("ppocr-v4-mobile", flip_detector, SELF_TEST_FAILED, "character error rate"),
        ("ppocr-v4-mobile", cut_weights, LOAD_FAILED, "module orient"),
        ("ppocr-v4-mobile-onnx", swap_characters, SELF_TEST_FAILED, "character error rate"),
        ("ppocr-v4-mobile-onnx", flip_recogniser, SELF_TEST_FAILED, "character error rate"),
        ("ppocr-v4-mobile-onnx", flip_detector, SELF_TEST_FAILED, "character error rate"),
    ],
)
def test_a_broken_bundle_ends_with_its_reason(
    bundle: str, damage: Callable[[Path], None], code: int, words: str, tmp_path: Path
) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(builtin_path(bundle), folder)
    damage(folder)
    write_manifest(folder)
    verify(open_bundle(folder))  # every hash is right: only the self-test can tell
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr[-2000:]
    assert words in done.stdout


class WrongEngine:
    """A fake at the narrowest edge: the real engine, whose answers come out shifted by one place."""

    def __init__(self, real: Session) -> None:
        self._real = real

    def run(self, inputs: Mapping[str, Array]) -> list[Array]:
        return [np.roll(answer, 1, axis=-1) for answer in self._real.run(inputs)]

    def run_one(self, array: Array) -> Array:
        return np.roll(self._real.run_one(array), 1, axis=-1)


@pytest.mark.parametrize("bundle", ["ppocr-v4-mobile", "ppocr-v4-mobile-onnx"])
@pytest.mark.parametrize("module", ["orient", "recognise"])
def test_an_engine_that_answers_wrongly_does_not_pass(bundle: str, module: str) -> None:
    opened = open_bundle(builtin_path(bundle))
    sessions = {name: open_session(opened, name, DeviceSettings()) for name in opened.manifest.modules}
    OcrPipeline(opened, sessions).self_test()
    wrong = OcrPipeline(opened, {**sessions, module: WrongEngine(sessions[module])})
    with pytest.raises(BundleFault, match="character error rate") as fault:
        wrong.self_test()
    assert fault.value.reason is BundleReason.SelfTestFailed


def test_on_a_gpu_a_failed_self_test_says_what_else_it_means() -> None:
    opened = open_bundle(builtin_path("ppocr-v4-mobile-onnx"))
    sessions = {name: open_session(opened, name, DeviceSettings()) for name in opened.manifest.modules}
    wrong = OcrPipeline(opened, {**sessions, "recognise": WrongEngine(sessions["recognise"])})
    with pytest.raises(BundleFault, match="without code for its compute capability") as fault:
        prove(wrong, DeviceSettings(device=Device.GPU))
    assert fault.value.reason is BundleReason.SelfTestFailed
