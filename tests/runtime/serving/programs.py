"""Real bundles for served tests: the digits of examples/02, and a program with an input of every type."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.signature import NUMPY_NAMES
from tests.digits_models import train

Arrays = dict[str, np.ndarray[Any, Any]]
TESTS = Path(__file__).parents[1]
DIGITS = Path(__file__).parents[3] / "examples" / "02-digits"
SERVE = (sys.executable, "-m", "paddle_runtime.main", "serve")
# in the program's order; the single value is doubled, the others come back as they are
TYPES = {f"in_{numpy_name}": str(datatype) for datatype, numpy_name in NUMPY_NAMES.items()}
ORDER = ("bool", "uint8", "int8", "int32", "int64", "float16", "float32", "float64")
ASK_NAMES = """
import sys
from paddle import inference
config = inference.Config(sys.argv[1], sys.argv[2])
config.disable_glog_info()
print("\\n".join(inference.create_predictor(config).get_output_names()), file=sys.stderr)
"""


def digits_bundle(folder: Path) -> Path:
    return train(folder)


def types_bundle(folder: Path) -> Path:
    """Inputs in_bool ... in_float64 of [-1, 2] and in_single; outputs in the same order."""
    folder.mkdir(parents=True, exist_ok=True)
    _run(str(TESTS / "pipeline" / "make_types.py"), str(folder))
    program, params = folder / "model.pdmodel", folder / "model.pdiparams"
    names = [
        line for line in _run("-c", ASK_NAMES, str(program), str(params)).splitlines() if ".tmp_" in line
    ]
    rows: list[tuple[str, str, list[int]]] = [(f"in_{kind}", TYPES[f"in_{kind}"], [-1, 2]) for kind in ORDER]
    rows.append(("in_single", "FP32", []))
    inputs = [{"name": name, "datatype": kind, "shape": shape} for name, kind, shape in rows]
    outputs = [{**each, "name": name} for each, name in zip(inputs, names, strict=True)]
    buckets = [{name: [count, 2] if shape else [] for name, _, shape in rows} for count in (1, 4)]
    files = {"program": program.name, "params": params.name, "engine": "Plain"}
    module = {**files, "inputs": inputs, "outputs": outputs, "buckets": buckets}
    start = {"name": "types", "version": "1", "task": "Tensor", "paddleVersion": "3.2.2"}
    write_manifest(folder, {**start, "modules": {"model": module}})
    return folder


def every_type() -> Arrays:
    """Two rows of every type at its ends, and a single value."""
    arrays: Arrays = {"in_bool": np.array([[True, False], [False, True]])}
    for name in ("uint8", "int8", "int32", "int64"):
        ends = np.iinfo(name)
        arrays[f"in_{name}"] = np.array([[ends.min, ends.max], [0, 1]], dtype=name)
    for name in ("float16", "float32", "float64"):
        most = np.finfo(name).max
        arrays[f"in_{name}"] = np.array([[-most, most], [0.1, 1.5]], dtype=name)
    return {**arrays, "in_single": np.array(3.5, dtype=np.float32)}


def _run(*arguments: str) -> str:
    environment = {**os.environ, "FLAGS_enable_pir_api": "0", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stderr
