"""Names of a bundle's files: which are safe, and which cannot stand beside each other. Pure."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

MANIFEST_NAME = "model.yaml"
MAX_PATH_BYTES = 255
# Inference programs, their weights, dictionaries, pictures and notes. Never a pickle or a script.
ALLOWED_SUFFIXES = (
    ".pdmodel", ".pdiparams", ".json", ".onnx", ".txt", ".yml", ".yaml", ".png", ".jpg", ".md",
)  # fmt: skip


def unsafe_path(path: str) -> str | None:
    """Why a path of the bundle is refused, or None."""
    pure = PurePosixPath(path)
    hidden = any(part.startswith((".", " ")) or part.endswith((".", " ")) for part in pure.parts)
    suffixes = " ".join(ALLOWED_SUFFIXES)
    refusals = (
        (
            not path or not path.isprintable() or "\\" in path or ":" in path,
            "a path is printable characters with forward slashes, without backslashes and colons",
        ),
        (
            pure.is_absolute() or ".." in pure.parts or str(pure) != path,
            "a path is relative, inside the bundle, without '..' or '.'",
        ),
        (path.startswith("@"), "names that begin with '@' are kept for files of other bundles"),
        (hidden, "a name begins with no dot or space and ends with none"),
        (path == MANIFEST_NAME, "model.yaml is not listed in itself"),
        (
            pure.suffix not in ALLOWED_SUFFIXES,
            f"only programs and data ({suffixes}) are allowed, never pickles or code",
        ),
        (
            len(path.encode("utf-8", "replace")) > MAX_PATH_BYTES,
            f"a path has {MAX_PATH_BYTES} bytes at most",
        ),
    )
    return next((words for refused, words in refusals if refused), None)


class Names:
    """The files so far. Two names that some file system takes for one are refused: by letter case, by the
    way an accent is written, or as a file where another needs a folder."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}
        self._folders: dict[str, str] = {}

    def add_file(self, path: str) -> str | None:
        """Why this file cannot stand beside those before it, or None; then it is one of them."""
        for parent in reversed(PurePosixPath(path).parents):
            if problem := self.add_folder(str(parent)):
                return problem
        if self._files.get(_key(path)) == path:
            return "it is there twice"
        return _clash(path, self._folders) or _add(path, self._files)

    def add_folder(self, path: str) -> str | None:
        """The same for a folder, which may come again."""
        return _clash(path, self._files) or _add(path, self._folders)


def _clash(path: str, others: dict[str, str]) -> str | None:
    other = others.get(_key(path))
    return None if other is None else f"{other!r} is a file and a folder at once to some file systems"


def _add(path: str, known: dict[str, str]) -> str | None:
    first = known.setdefault(_key(path), path)
    return None if first == path else f"it and {first!r} are one name to some file systems"


def _key(path: str) -> str:
    """Equal for names that a file system could take for one."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())
