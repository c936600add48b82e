"""Every row that a comparison can have: the runtime at its three limits, and its rivals as shipped and tuned.

Tuned means: the fastest that was found by trying on this corpus. RapidOCR errs no more for it than as
shipped, PaddleX does. All get the same CPUs. "processes" means as many processes as CPUs, one thread each,
which suits all of them best.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.corpus import corpus, interleaved
from benchmarks.rows import CALLERS_PER_CPU, CPUS, ReaderRow, Readers, Row, ServedRow
from benchmarks.runtime_record import MODEL, ROOT, Served, installed
from hack import peers
from hack.venv import CACHE
from paddle_runtime.bundle.store import builtin_path, open_bundle

READERS = ROOT / "benchmarks" / "readers"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1"}

# The detector at up to 960 pixels, not at least 736: ten times less work on a single line; at up to 736 it is
# faster still and loses whole lines of small print on pages. No batches: six lines are padded to the widest.
RAPIDOCR_TUNED = {"det_limit_side_len": 960, "det_limit_type": "max", "rec_batch_num": 1}
# One block for receipts and pages, one line where there is one; automatic segmentation loses rows.
TESSERACT_TUNED = {"psm": {"lines": 7, "receipts": 4, "pages": 6, "photos": 6}}
# oneDNN in bfloat16 (run mode mkldnn_bf16) would be faster; the detector cannot be run in it.
PADDLEX_TUNED = {
    "create": {"engine_config": {"run_mode": "mkldnn", "enable_new_ir": False}},
    "predict": {"text_det_limit_side_len": 960, "text_det_limit_type": "max"},
}
START_SECONDS = 120.0
CALIBRATED = CACHE / "calibrated"
SAMPLE = 40  # pictures of the corpus, which a comparison measures last


def rapidocr(options: Mapping[str, Any]) -> list[str]:
    return [
        *(str(peers.python_of(peers.home_of("rapidocr"))), str(READERS / "read_rapidocr.py")),
        json.dumps(options),
    ]


def tesseract(options: Mapping[str, Any]) -> list[str]:
    chosen = {"languages": "chi_sim+eng", **options}
    return [sys.executable, str(READERS / "read_tesseract.py"), json.dumps(chosen)]


def paddlex(script: str, *arguments: str) -> list[str]:
    home = peers.home_of("paddlex")
    return [str(peers.python_of(home)), str(READERS / script), str(home / "models" / "OCR.yaml"), *arguments]


def threads(count: int) -> dict[str, str]:
    return {"PADDLE_PDX_CPU_NUM_THREADS": str(count)}


class Server:
    """Another program's server in a process of its own."""

    def __init__(
        self, command: Callable[[int], list[str]], environment: Mapping[str, str], ready: str
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.process = subprocess.Popen(
            command(self.port),
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + START_SECONDS
        while not self._answers(ready):
            if self.process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{' '.join(command(self.port))} did not get ready")
            time.sleep(0.1)

    def _answers(self, path: str) -> bool:
        try:
            caller = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            caller.request("GET", path)
            return caller.getresponse().status == 200
        except OSError:
            return False

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def calibrated() -> str:
    """The built-in bundle after `bench --learn-buckets --calibrate` here, with a fifth of the corpus.

    Made once for each bundle and Paddle; it takes some minutes.
    """
    built_in = open_bundle(builtin_path(MODEL.partition(":")[2]))
    folder = CALIBRATED / f"{built_in.digest.removeprefix('sha256:')[:12]}-{installed('paddlepaddle')}"
    if folder.exists():
        return str(folder)
    with tempfile.TemporaryDirectory() as sample:
        for picture in interleaved(corpus(), SAMPLE):
            (Path(sample) / picture.name).write_bytes(picture.body)
            (Path(sample) / picture.name).with_suffix(".txt").write_text("\n".join(picture.rows()), "utf-8")
        scratch = folder.with_name(f"{folder.name}.{os.getpid()}")
        shutil.copytree(built_in.path, scratch)
        bench = [sys.executable, "-m", "paddle_runtime.main", "bench", str(scratch), "--calibrate"]
        chosen = ["--sample", sample, "--learn-buckets", sample]
        subprocess.run([*bench, *chosen], check=True, stdout=subprocess.DEVNULL)
        scratch.rename(folder)
    return str(folder)


def served_ours(name: str, model: str = MODEL) -> Row:
    server = Served(CPUS, model)
    server.wait_all_warm()
    plan = {"ports": [server.port()], "form": "v1", "callers": CALLERS_PER_CPU * CPUS}
    return ServedRow(name, [server.process.pid], plan, [server])


def served_paddlex(name: str, servers: int, cpu_threads: int | None, form: str, tuned: bool) -> Row:
    create = json.dumps(PADDLEX_TUNED["create"] if tuned else {})
    environment = {} if cpu_threads is None else threads(cpu_threads)
    started = [
        Server(lambda port: paddlex("serve_paddlex.py", str(port), create), environment, "/health")
        for _ in range(servers)
    ]
    plan = {"ports": [each.port for each in started], "form": form, "callers": CALLERS_PER_CPU * CPUS}
    return ServedRow(name, [each.process.pid for each in started], plan, started)


def readers(
    command: Callable[[], list[str]], processes: int, environment: Mapping[str, str]
) -> Callable[[str], Row]:
    return lambda name: ReaderRow(name, Readers(command(), processes, environment))


class OurReaders:
    """The same processes measure the two limits without HTTP."""

    def __init__(self, model: Callable[[], str]) -> None:
        self.model = model
        self.readers: Readers | None = None

    def row(self, mode: str) -> Callable[[str], Row]:
        def make(name: str) -> Row:
            if self.readers is None:
                command = [sys.executable, str(READERS / "read_ours.py"), self.model()]
                self.readers = Readers(command, CPUS, ONE_THREAD)
            return ReaderRow(name, self.readers, mode)

        return make


def systems() -> dict[str, Callable[[str], Row]]:
    """Makers of rows by name. A row is made when it is asked for: that takes seconds and memory."""
    ours, tuned_ours = OurReaders(lambda: MODEL), OurReaders(calibrated)
    own_rapidocr = {**RAPIDOCR_TUNED, "intra_op_num_threads": CPUS}
    one_rapidocr = {**RAPIDOCR_TUNED, "intra_op_num_threads": 1}
    tuned = json.dumps(PADDLEX_TUNED)
    return {
        "calls": ours.row("calls"),
        "pipeline": ours.row("pipeline"),
        "served": served_ours,
        "calls-calibrated": tuned_ours.row("calls"),
        "pipeline-calibrated": tuned_ours.row("pipeline"),
        "served-calibrated": lambda name: served_ours(name, calibrated()),
        "rapidocr-shipped": readers(lambda: rapidocr({}), 1, {}),
        "rapidocr-tuned": readers(lambda: rapidocr(own_rapidocr), 1, {}),
        "rapidocr-processes": readers(lambda: rapidocr(one_rapidocr), CPUS, ONE_THREAD),
        "tesseract-shipped": readers(lambda: tesseract({}), 1, {}),
        "tesseract-processes": readers(lambda: tesseract(TESSERACT_TUNED), CPUS, ONE_THREAD),
        "paddlex-shipped": readers(lambda: paddlex("read_paddlex.py", "{}"), 1, {}),
        "paddlex-tuned": readers(lambda: paddlex("read_paddlex.py", tuned), 1, threads(CPUS)),
        "paddlex-processes": readers(lambda: paddlex("read_paddlex.py", tuned), CPUS, threads(1)),
        "paddlex-served-shipped": lambda name: served_paddlex(name, 1, None, "paddlex", tuned=False),
        "paddlex-served-tuned": lambda name: served_paddlex(name, 1, CPUS, "paddlex-lean", tuned=True),
        "paddlex-served-processes": lambda name: served_paddlex(name, CPUS, 1, "paddlex-lean", tuned=True),
    }


def versions(names: Sequence[str]) -> dict[str, str]:
    """Of the rivals among these rows."""
    found: dict[str, str] = {}
    packages = {
        "rapidocr": ("rapidocr-onnxruntime", "onnxruntime"),
        "paddlex": ("paddlex", "paddlepaddle"),
    }
    for peer, wanted in packages.items():
        if any(name.startswith(peer) for name in names):
            of = peers.versions_of(peers.home_of(peer), wanted)
            found |= {f"{peer}: {package}": version for package, version in of.items()}
    if any(name.startswith("tesseract") for name in names):
        told = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, check=True)
        found["tesseract"] = told.stdout.splitlines()[0].removeprefix("tesseract ")
    return found


def missing(names: Sequence[str]) -> list[str]:
    """What has to be made or installed before these rows can be measured."""
    wanted = {"rapidocr": "rapidocr", "paddlex": "paddlex"}
    lacking = [
        f"python -m hack.peers {peer}"
        for start, peer in wanted.items()
        if any(name.startswith(start) for name in names) and not (peers.home_of(peer) / "complete").exists()
    ]
    data = [Path(f"/usr/share/tesseract-ocr/5/tessdata/{each}.traineddata") for each in ("chi_sim", "eng")]
    if any(name.startswith("tesseract") for name in names) and not all(path.exists() for path in data):
        lacking.append("apt-get install tesseract-ocr tesseract-ocr-chi-sim tesseract-ocr-eng")
    return lacking
