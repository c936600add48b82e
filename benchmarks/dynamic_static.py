"""Dynamic against static: the layer of examples/12-export and its program on every engine, interleaved.

    branch      free width, sizes on both sides of the branch at 1000 pixels; OpenVINO knows no branch
    narrow      width 320 declared, so that the branch is gone and OpenVINO can be measured
    wide        width 1600 declared, likewise

An engine that answers otherwise than the layer ends the run, unless it is known to.

    python -m benchmarks.dynamic_static --repetitions 50
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.runtime_record import ROOT, write
from paddle_runtime.bundle.engine import Engine
from paddle_runtime.export.describe import Label
from paddle_runtime.export.flow import Exported, Order, export
from paddle_runtime.export.report import document
from paddle_runtime.export.source import Source

LAYER = ROOT / "examples" / "12-export" / "doc_recognizer.py"
WIDTHS = (320, 1000, 1001, 1600)
CASES: dict[str, dict[str, Any]] = {
    "branch": {"buckets": [f"1x3x48x{width}" for width in WIDTHS]},
    "narrow": {"inputs": ["x=FP32[1,3,48,320]"], "allow_untaken": True},
    "wide": {"inputs": ["x=FP32[1,3,48,1600]"], "allow_untaken": True},
}
CANNOT_RUN = "cannot run it"
# Not timed, and shown as out: its nearest interpolation picks other pixels than Paddle's (13 % off at 1600).
KNOWN_WRONG = {("wide", Engine.ONEDNN)}


class Told:
    """Progress on standard error, each step once."""

    def step(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def share(self, text: str, share: float) -> None:
        """Nothing: a measured machine is left alone."""


def one_case(name: str, folder: Path, repetitions: int, scale: float) -> dict[str, Any]:
    print(f"== {name}", file=sys.stderr, flush=True)
    exported = export(
        Order(
            source=Source(str(LAYER), "DocRecognizer", {"scale": scale}),
            into=folder / name,
            label=Label(name=name, version="1", source="benchmarks/dynamic_static.py"),
            repetitions=repetitions,
            onnx=True,
            **CASES[name],
        ),
        Told(),
    )
    wrong = [
        f"{engine}: {why}"
        for engine, why in exported.comparison.out.items()
        if not why.startswith(CANNOT_RUN) and (name, engine) not in KNOWN_WRONG
    ]
    if wrong:
        raise SystemExit(f"{name}: an engine answers otherwise than the layer: {'; '.join(wrong)}")
    return figures(exported)


def figures(exported: Exported) -> dict[str, Any]:
    """The export's own report, and how many times as fast as the layer each engine is."""
    told: dict[str, Any] = document(exported)
    comparison = exported.comparison
    ratios = {
        engine.value: [
            dynamic.median / static.median
            for dynamic, static in zip(comparison.dynamic.times, row.times, strict=True)
        ]
        for engine, row in comparison.engines.items()
    }
    return {
        "bundle_bytes": told["sizeBytes"],
        "branches_alive": len(told["branches"]["alive"]),
        "fastest_engine": told["engine"],
        "dynamic_to_static_ratio": ratios,
        **told["comparison"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=50, help="calls of each contestant and input")
    parser.add_argument("--scale", type=float, default=1.0, help="width of the backbone's layers")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cases = {name: one_case(name, Path(folder), asked.repetitions, asked.scale) for name in CASES}
    write("dynamic_static", {"backbone": "mobilenet_v3_small", "scale": asked.scale, **cases})


if __name__ == "__main__":
    main()
