"""The classes of the gRPC messages, from their .proto file."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from hack.generated import ROOT

FOLDER = ROOT / "runtime" / "paddle_runtime" / "protocol"
SOURCE = FOLDER / "open_inference.proto"


def files() -> dict[Path, str]:
    """Return the module and its stub, as protoc writes them."""
    with tempfile.TemporaryDirectory() as scratch:
        command = (sys.executable, "-m", "grpc_tools.protoc")
        made = (f"--python_out={scratch}", f"--pyi_out={scratch}")
        subprocess.run([*command, f"--proto_path={FOLDER}", *made, str(SOURCE)], check=True)
        return {FOLDER / path.name: path.read_text(encoding="utf-8") for path in Path(scratch).iterdir()}
