"""Programs that write down how they were called, to stand on PATH in place of real ones."""

from __future__ import annotations

from pathlib import Path

import pytest


class FakePrograms:
    """A folder that is all of PATH; every fake in it adds a line to one log."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._log = folder / "bin", folder / "calls"
        self.folder.mkdir()
        self._log.touch()
        monkeypatch.setenv("PATH", str(self.folder))

    def install(self, program: str, script: str = "exit 0") -> None:
        """Make a program of a few lines of shell."""
        path = self.folder / program
        path.write_text(f'#!/bin/sh\necho "{program} $*" >> {self._log}\n{script}\n', encoding="utf-8")
        path.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """Every call so far: the program and its arguments."""
        return self._log.read_text(encoding="utf-8").splitlines()
