"""The ONNX form of the program, by paddle2onnx in a process of its own, since it can abort.

It is made from the new form: of the legacy one paddle2onnx makes a `Where` of a branch, which needs both
sides to be of one size, and which onnxruntime then refuses to load.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from paddle_runtime.export.faults import ExportFault, ExportReason

COMMAND = (sys.executable, "-m", "paddle_runtime.export.onnx_process")
CONVERT_SECONDS = 600.0
WORDS = 400


def require_converter() -> None:
    """Say that it is not there before a minute of work, not after."""
    if importlib.util.find_spec("paddle2onnx") is None:
        raise ExportFault(
            ExportReason.OnnxFailed,
            "--onnx needs paddle2onnx, which is not installed: pip install 'paddle-sla[export]'.",
        )


def convert(program: Path, params: Path, outputs: Sequence[str], into: Path, *, branches: int) -> int:
    """Write `into` with the outputs' names; how many branches it kept. A fault where it lost them."""
    order = {"program": str(program), "params": str(params), "outputs": list(outputs), "into": str(into)}
    # A tool inside the converter would install packages from an index of its own while it runs.
    environment = {**os.environ, "POLYGRAPHY_AUTOINSTALL_DEPS": "0"}
    try:
        done = subprocess.run(
            COMMAND,
            input=json.dumps(order),
            env=environment,
            capture_output=True,
            text=True,
            timeout=CONVERT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _failed(f"did not end within {CONVERT_SECONDS:g} s") from None
    if done.returncode != 0:
        how = f"ended with {done.returncode}"
        if done.returncode < 0:
            how = f"aborted with {signal.Signals(-done.returncode).name}"
        raise _failed(f"{how}: {last_words(done.stderr)}")
    kept = int(json.loads(done.stdout)["branches"])
    if branches and not kept:
        raise _failed(f"lost the branch: the program has {branches}, its ONNX form none")
    return kept


def last_words(said: str) -> str:
    """The converter's own error; else the end of what it said, which may be Paddle's C++ traceback."""
    own = [line for line in said.splitlines() if line.startswith("[ERROR]")]
    return " ".join((" ".join(own) or said).split())[-WORDS:]


def _failed(what: str) -> ExportFault:
    return ExportFault(
        ExportReason.OnnxFailed,
        f"paddle2onnx {what}. No bundle was written: export without --onnx, or change what it cannot convert "
        "(branches on values are known to abort it).",
    )
