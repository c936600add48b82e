"""Why a layer was not exported; the values are exit codes."""

from __future__ import annotations

from enum import Enum

from paddle_runtime.errors import Fault


class ExportReason(Enum):
    """Beside errors.BundleReason, whose numbers are another range."""

    SourceInvalid = 30
    InputInvalid = 31
    BranchNotTaken = 32
    BranchDropped = 33
    OutputDiffers = 34
    ProgramFailed = 35
    OnnxFailed = 36


class ExportFault(Fault):
    """No bundle was written: the message says what, which value, and what to do."""

    def __init__(self, reason: ExportReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
