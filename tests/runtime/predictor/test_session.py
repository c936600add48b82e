"""Sessions on real programs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from paddle_runtime.bundle.engine import RUNNERS, Engine, Runner
from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.store import builtin_path, open_bundle
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.predictor import libpaddle
from paddle_runtime.predictor.devices import Device, DeviceSettings
from paddle_runtime.predictor.engines import PADDLE_PRECISIONS, Program, config_calls
from paddle_runtime.predictor.opening import open_session
from paddle_runtime.predictor.paddle import apply_calls, engine_lacking
from paddle_runtime.predictor.session import Session, paddle_words
from tests.runtime.bundle.builders import description

ORIENT_SHAPE = (1, 3, 48, 192)


@pytest.fixture(scope="module")
def session() -> Session:
    return open_session(open_bundle(builtin_path("ppocr-v4-mobile")), "orient", DeviceSettings())


def test_probabilities_add_up_and_repeat(session: Session) -> None:
    picture = np.random.default_rng(1).normal(size=ORIENT_SHAPE).astype(np.float32)
    first, second = session.run_one(picture), session.run_one(picture)
    assert first.shape == (1, 2)
    assert first.sum() == pytest.approx(1, abs=1e-5)
    assert np.array_equal(first, second)


def test_sessions_of_one_program_take_turns_and_answer_alike(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    picture = np.random.default_rng(2).normal(size=ORIENT_SHAPE).astype(np.float32)
    wanted = session.run_one(picture)
    other = open_session(open_bundle(builtin_path("ppocr-v4-mobile")), "orient", DeviceSettings())
    caplog.clear()
    for asked in (other, session, other):
        assert np.array_equal(asked.run_one(picture), wanted)
    warned = [record.getMessage() for record in caplog.records]
    assert len(warned) == 2
    assert all("inference.pdmodel is opened once more" in one for one in warned)
    assert all(one.endswith("give one engine OneDNN") for one in warned)


def test_another_thread_is_refused_because_its_answers_would_be_wrong(session: Session) -> None:
    caught: list[BaseException] = []

    def elsewhere() -> None:
        try:
            session.run_one(np.zeros(ORIENT_SHAPE, dtype=np.float32))
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert "another thread" in str(caught[0])


@pytest.mark.parametrize("device", [Device.GPU, Device.NPU, Device.MLU])
def test_a_device_that_this_machine_lacks_is_told_before_paddle_aborts(device: Device) -> None:
    with pytest.raises(BundleFault) as fault:
        open_session(open_bundle(builtin_path("ppocr-v4-mobile")), "orient", DeviceSettings(device=device))
    assert fault.value.reason is BundleReason.DeviceUnavailable


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("m.pdmodel", b"not", "begins with 6e 6f 74"),
        ("m.pdmodel", b"", "begins with nothing"),
        ("m.json", b"[]", "cannot be read"),
        ("m.json", b'{"labels": []}', "cannot be read"),
    ],
)
def test_a_file_that_is_no_program_is_refused_before_paddle_crashes(
    name: str, data: bytes, words: str, tmp_path: Path
) -> None:
    described = description()
    described["modules"]["model"] |= {"program": name, "params": "m.pdiparams"}
    (tmp_path / name).write_bytes(data)
    (tmp_path / "m.pdiparams").write_bytes(b"")
    write_manifest(tmp_path, described)
    with pytest.raises(BundleFault, match=words) as fault:
        open_session(open_bundle(tmp_path), "model", DeviceSettings())
    assert fault.value.reason is BundleReason.BundleInvalid


def test_paddles_traceback_is_left_out_of_its_words() -> None:
    error = RuntimeError(
        "C++ Traceback:\n0 paddle::Foo\n1 paddle::Bar\nInvalidArgumentError: shape\n  [Hint: two]"
    )
    assert paddle_words(error) == "InvalidArgumentError: shape [Hint: two]"


def test_a_killed_process_leaves_no_more_than_the_next_one_drops(tmp_path: Path) -> None:
    script = """
import os, signal, sys
from paddle_runtime.predictor.cache_dir import private_cache_dir
folder = private_cache_dir()
left = len(list(folder.iterdir()))
(folder / "compiled").mkdir()
(folder / "compiled" / "a.bin").write_bytes(bytes(1000))
print(folder.name, left, flush=True)
if sys.argv[1] == "die":
    os.kill(os.getpid(), signal.SIGKILL)
"""
    told = [
        subprocess.run(
            [sys.executable, "-P", "-c", script, end],
            env={**os.environ, "TMPDIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        ).stdout.split()
        for end in ("die", "leave")
    ]
    name = f"paddle-runtime-{os.getuid()}-0"
    assert told == [[name, "0"], [name, "0"]]
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert list((tmp_path / name).iterdir()) == []


class BuiltWithout:
    """A fake at the narrowest edge: what a Config says in a build that lacks every engine."""

    def __getattr__(self, name: str) -> Callable[[], bool]:
        return lambda: False


def test_an_engine_that_this_build_has_is_told_from_one_that_it_lacks() -> None:
    config = libpaddle.load(Device.CPU).AnalysisConfig()
    config.enable_openvino_engine()
    assert engine_lacking(Engine.OPENVINO, config) is None
    assert engine_lacking(Engine.OPENVINO, BuiltWithout()) is Engine.OPENVINO
    assert engine_lacking(Engine.PLAIN, BuiltWithout()) is None


@pytest.mark.parametrize("runner", RUNNERS[Device.CPU], ids=str)
def test_the_installed_paddle_takes_every_call_of_a_cpu(runner: Runner, tmp_path: Path) -> None:
    if runner.engine is Engine.ONNXRUNTIME:
        return
    core = libpaddle.load(Device.CPU)
    program = Program(tmp_path / "m.pdmodel", tmp_path / "m.pdiparams", [{"x": (1, 3, 48, 320)}])
    config = core.AnalysisConfig()
    apply_calls(core, config, config_calls(DeviceSettings(), runner, program, tmp_path))
    assert engine_lacking(runner.engine, config) is None


def test_every_precision_is_one_of_paddles() -> None:
    known = libpaddle.load(Device.CPU).AnalysisConfig.Precision.__members__
    assert set(PADDLE_PRECISIONS.values()) <= set(known)
