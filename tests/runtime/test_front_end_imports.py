"""The front end stays light: what it imports is looked at in a process of its own."""

from __future__ import annotations

import subprocess
import sys

FORBIDDEN = ("paddle", "minio", "cv2", "numpy", "paddle_runtime.worker")


def test_the_front_end_imports_no_paddle_no_picture_library_and_no_store_client() -> None:
    program = (
        "import sys; import paddle_runtime.main, paddle_runtime.serve, paddle_runtime.transport.http_app, "
        "paddle_runtime.transport.grpc_server; "
        f"print([name for name in {FORBIDDEN!r} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
