"""What decides an image, as one hash: the same hash means that building again would change nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

# What the Dockerfile copies (.dockerignore lets nothing else through), and the Dockerfile itself.
BUILD_CONTEXT = (
    "Dockerfile",
    ".dockerignore",
    "pyproject.toml",
    "uv.lock",
    "README.md",
    "LICENSE",
    "operator/paddle_operator",
    "runtime/paddle_runtime",
    "hack/models.py",
    "hack/bundles",
    "hack/cluster/images/tools.txt",
)
# The operator's image has no bundle in it.
ONLY_RUNTIME = ("hack/models.py", "hack/bundles")
_IGNORED = ("__pycache__", ".pyc")


def inputs_of(target: str) -> tuple[str, ...]:
    """The paths that decide the image of that Dockerfile target."""
    left_out = () if target == "runtime" else ONLY_RUNTIME
    return tuple(path for path in BUILD_CONTEXT if path not in left_out)


def digest_of(root: Path, paths: Iterable[str], settings: Mapping[str, str]) -> str:
    """Hash the files below `paths` (names and bytes) and the settings; missing paths count as absent."""
    digest = hashlib.sha256(json.dumps(dict(settings), sort_keys=True).encode())
    for path in _files(root, paths):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def _files(root: Path, paths: Iterable[str]) -> list[Path]:
    found: set[Path] = set()
    for name in paths:
        path = root / name
        found.update(path.rglob("*") if path.is_dir() else [path])
    return sorted(
        path
        for path in found
        if path.is_file() and not any(part.endswith(_IGNORED) for part in path.relative_to(root).parts)
    )


@dataclass(frozen=True)
class Stamp:
    """What an image was last made of, and the manifest digest that came out."""

    inputs: str
    digest: str

    @classmethod
    def read(cls, path: Path) -> Stamp | None:
        """The stamp in that file; None when there is none, or it is not one of ours."""
        try:
            fields = json.loads(path.read_text())
            return cls(inputs=fields["inputs"], digest=fields["digest"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Leave the stamp for the next run."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self)))
