"""The classes of gRPC messages, from their .proto files."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from hack.generated import ROOT

SOURCES = (
    ROOT / "runtime" / "paddle_runtime" / "protocol" / "open_inference.proto",
    ROOT / "tests" / "e2e" / "accelerators" / "device_plugin.proto",
)


def files() -> dict[Path, str]:
    """Return each module and its stub, as protoc writes them."""
    return {path: text for source in SOURCES for path, text in _made_from(source).items()}


def _made_from(source: Path) -> dict[Path, str]:
    with tempfile.TemporaryDirectory() as scratch:
        command = (sys.executable, "-m", "grpc_tools.protoc")
        made = (f"--python_out={scratch}", f"--pyi_out={scratch}")
        subprocess.run([*command, f"--proto_path={source.parent}", *made, str(source)], check=True)
        return {
            source.parent / path.name: path.read_text(encoding="utf-8") for path in Path(scratch).iterdir()
        }
