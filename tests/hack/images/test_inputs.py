"""What makes an image be built again, and what does not."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.cluster.images.builds import REPOSITORY
from hack.cluster.images.inputs import BUILD_CONTEXT, Stamp, digest_of, inputs_of

RUNTIME = inputs_of("runtime")
OPERATOR = inputs_of("operator")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in BUILD_CONTEXT:
        path = tmp_path / name
        if Path(name).suffix or name.startswith((".", "D", "L")):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        else:
            path.mkdir(parents=True)
            (path / "file.py").write_text(name)
    return tmp_path


def digests(tree: Path) -> tuple[str, str]:
    return digest_of(tree, OPERATOR, {}), digest_of(tree, RUNTIME, {})


@pytest.mark.parametrize("changed", ["Dockerfile", "uv.lock", "runtime/paddle_runtime/file.py"])
def test_a_changed_source_changes_both_images(tree: Path, changed: str) -> None:
    before = digests(tree)
    (tree / changed).write_text("changed")
    assert all(old != new for old, new in zip(before, digests(tree), strict=True))


def test_a_changed_bundle_changes_the_runtime_alone(tree: Path) -> None:
    operator, runtime = digests(tree)
    (tree / "hack/bundles/model.yaml").write_text("task: OCR")
    assert digests(tree)[0] == operator
    assert digests(tree)[1] != runtime


def test_a_new_name_for_the_same_bytes_is_a_change(tree: Path) -> None:
    before = digests(tree)
    package = tree / "operator/paddle_operator"
    (package / "file.py").rename(package / "other.py")
    assert digests(tree) != before


def test_bytecode_and_files_outside_the_context_change_nothing(tree: Path) -> None:
    before = digests(tree)
    cache = tree / "runtime/paddle_runtime/__pycache__"
    cache.mkdir()
    (cache / "file.cpython-311.pyc").write_bytes(b"\0")
    (tree / "tests").mkdir()
    (tree / "tests/test_x.py").write_text("")
    assert digests(tree) == before


def test_settings_are_part_of_the_hash(tree: Path) -> None:
    assert digest_of(tree, RUNTIME, {"DEVICE": "GPU"}) != digest_of(tree, RUNTIME, {})


def test_a_stamp_is_read_as_it_was_written_and_a_broken_one_counts_as_none(tmp_path: Path) -> None:
    place = tmp_path / "stamps" / "runtime.json"
    assert Stamp.read(place) is None
    Stamp("inputs", "sha256:1").write(place)
    assert Stamp.read(place) == Stamp("inputs", "sha256:1")
    place.write_text("{")
    assert Stamp.read(place) is None


def copied_by_the_dockerfile() -> Iterator[str]:
    for line in (REPOSITORY / "Dockerfile").read_text().splitlines():
        found = re.fullmatch(r"COPY (?!--from)(?P<sources>.+) \S+", line)
        if found:
            yield from found["sources"].split()


def test_everything_the_dockerfile_copies_is_hashed_and_let_through() -> None:
    let_through = [
        line.removeprefix("!")
        for line in (REPOSITORY / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    copied = sorted(set(copied_by_the_dockerfile()))
    assert len(copied) >= 7
    for pattern in copied:
        assert fnmatch.filter(BUILD_CONTEXT, pattern), f"{pattern} decides the image but is not hashed"
        assert fnmatch.filter(let_through, pattern), f"{pattern} is kept away by .dockerignore"
