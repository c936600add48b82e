"""What is taken from an archive, and every published way around an extractor, refused with nothing left."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddle_runtime.bundle.archive.kinds import ArchiveKind, archive_kind
from paddle_runtime.bundle.extract import Archive, Rules, extract, read_archive_manifest
from paddle_runtime.bundle.store import open_bundle
from paddle_runtime.bundle.verify import verify
from paddle_runtime.errors import BundleFault, BundleReason
from tests.runtime.bundle.archives.by_hand import (
    END,
    GOOD,
    GOOD_ZIPPED,
    LIMIT,
    MANIFEST,
    Zipped,
    files_below,
    gz,
    header,
    tar,
    zipped,
)  # fmt: skip
from tests.runtime.bundle.archives.hostile_tars import TAR_ENTRIES
from tests.runtime.bundle.archives.hostile_zips import ZIPS
from tests.runtime.bundle.builders import FILES

DIGEST = "sha256:" + hashlib.sha256(MANIFEST).hexdigest()
TAR, ZIP, TAR_GZ = ArchiveKind.TAR, ArchiveKind.ZIP, ArchiveKind.TAR_GZ


def pieces(data: bytes, size: int = 4096) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def unpack(
    data: bytes, kind: ArchiveKind, folder: Path, limit: int = LIMIT, digest: str | None = None
) -> Path:
    into = folder / "into"
    extract(Archive("m", kind, pieces(data)), Rules(digest, limit), into)
    return into


def refused(data: bytes, kind: ArchiveKind, folder: Path, limit: int = LIMIT) -> str:
    """The message of the refusal; nothing is left of what was unpacked, and nothing came beside it."""
    with pytest.raises(BundleFault) as fault:
        unpack(data, kind, folder, limit)
    assert files_below(folder) == []
    assert fault.value.reason in {BundleReason.BundleInvalid, BundleReason.ModelTooLarge}
    return str(fault.value)


def by_tarfile(folder_entry: bool = True, form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as file:
        if folder_entry:
            top = tarfile.TarInfo(".")
            top.type = tarfile.DIRTYPE
            file.addfile(top)
        for name, data in GOOD.items():
            item = tarfile.TarInfo("./" + name)
            item.size, item.mtime = len(data), 1.5  # a fraction needs a pax header
            file.addfile(item, io.BytesIO(data))
    return out.getvalue()


def by_zipfile() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in GOOD.items():
            file.writestr(name, data)
    return out.getvalue()


def by_a_zip_stream() -> bytes:
    return zipped(*(replace(item, descriptor=True) for item in GOOD_ZIPPED))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(tar(), TAR, id="by hand"),
        pytest.param(by_tarfile(), TAR, id="pax with times"),
        pytest.param(by_tarfile(form=tarfile.GNU_FORMAT), TAR, id="GNU"),
        pytest.param(gz(by_tarfile(form=tarfile.USTAR_FORMAT)), TAR_GZ, id="gzip"),
        pytest.param(gzip.compress(tar()), ArchiveKind.TGZ, id="tgz"),
        pytest.param(tar(files=dict(reversed(GOOD.items()))), TAR, id="model.yaml last"),
        pytest.param(by_zipfile(), ZIP, id="zip"),
        pytest.param(by_a_zip_stream(), ZIP, id="zip written as a stream"),
        pytest.param(zipped(*reversed(GOOD_ZIPPED)), ZIP, id="zip, model.yaml last"),
        pytest.param(zipped(*(replace(i, method=0) for i in GOOD_ZIPPED)), ZIP, id="zip, stored"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [97, 700, 1 << 20])
def test_a_plain_archive_becomes_the_bundle(
    data: bytes, kind: ArchiveKind, size: int, tmp_path: Path
) -> None:
    found = extract(Archive("m", kind, pieces(data, size)), Rules(None, LIMIT), tmp_path / "into")
    bundle = open_bundle(tmp_path / "into", found.digest)
    verify(bundle)
    assert files_below(tmp_path / "into") == sorted(GOOD)
    assert found.data == MANIFEST


def test_checking_alone_writes_nothing(tmp_path: Path) -> None:
    assert extract(Archive("m", TAR, [tar()]), Rules(None, LIMIT), None).manifest.name == "small"
    assert files_below(tmp_path) == []


@pytest.mark.parametrize(("data", "kind"), [(tar(), TAR), (gz(tar()), TAR_GZ), (zipped(*GOOD_ZIPPED), ZIP)])
def test_the_manifest_is_read_without_the_rest(data: bytes, kind: ArchiveKind) -> None:
    asked = []

    def listening() -> Iterator[bytes]:
        for piece in pieces(data, 512):
            asked.append(len(piece))
            yield piece

    assert read_archive_manifest(Archive("m", kind, listening()), Rules(None, LIMIT)).data == MANIFEST
    assert sum(asked) <= 4096


def test_the_manifest_is_found_behind_other_files() -> None:
    data = tar(files=dict(reversed(GOOD.items())))
    assert read_archive_manifest(Archive("m", TAR, pieces(data)), Rules(None, LIMIT)).data == MANIFEST


@pytest.mark.parametrize("what", TAR_ENTRIES)
def test_a_hostile_entry_of_a_tar_is_refused(what: str, tmp_path: Path) -> None:
    entry, words = TAR_ENTRIES[what]
    assert words in refused(tar(entry), TAR, tmp_path)
    assert words in refused(gz(tar(entry)), TAR_GZ, tmp_path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "ends in the middle of a header"),
        (END, "holds no model.yaml"),
        (tar(files={}), "holds no model.yaml"),
        (tar(files=FILES), "holds no model.yaml"),
        (tar(files={"bundle/model.yaml": MANIFEST}), "holds no model.yaml"),
        (tar()[:-512], "ends in the middle of its end"),
        (tar(end=b""), "ends in the middle of a header"),
        (tar()[:3000], "ends in the middle of"),
        (tar() + b"x", "bytes after its end"),
        (tar() + bytes(2_000_000), "bytes after its end"),
        (tar(end=bytes(512) + b"x" * 512), "bytes after its end"),
        (tar(files={"model.yaml": MANIFEST}), "lacks 'model.pdiparams', which model.yaml names (2 in all)"),
        (tar(files={**GOOD, "model.pdmodel": b"\x0a"}), "has 1 bytes, model.yaml says 4000"),
        (tar(files={**GOOD, "model.pdmodel": b"\x0a" * 4001}), "has 4001 bytes, 4000 are the most"),
        (tar(files={**GOOD, "model.pdmodel": b"\x0a" * 4000}), "has sha256"),
        (tar(files={"model.pdmodel": b"\x0a" * 4000, "model.yaml": MANIFEST}), "has sha256"),
        (tar(files={"a.txt": bytes(LIMIT + 1)}), f"{LIMIT} are the most"),
        (tar(files={"model.yaml": b"#" * 2_000_000}), "model.yaml of more than 1048576 bytes"),
        (tar(files={"model.yaml": b"!!python/object/apply:os.system [id]"}), "is not YAML"),
    ],
)  # fmt: skip
def test_a_tar_that_is_not_the_whole_bundle_is_refused(data: bytes, words: str, tmp_path: Path) -> None:
    assert words in refused(data, TAR, tmp_path)


def test_every_way_to_cut_a_tar_is_refused(tmp_path: Path) -> None:
    data = tar(files={"model.yaml": MANIFEST, "x.txt": b"1"})
    for end in range(0, len(data), 97):
        refused(data[:end], TAR, tmp_path)
        refused(gz(data)[: end * len(gz(data)) // len(data)], TAR_GZ, tmp_path)


def gzip_bomb(size: int) -> bytes:
    """A tar whose one file unpacks a thousandfold."""
    return gz(header("a.txt", size) + bytes(size) + END)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "ends in the middle of its gzip data"),
        (tar(), "cannot be unpacked"),
        (gz(tar())[:-1], "ends in the middle of its gzip data"),
        (gz(tar())[:-8] + bytes(8), "cannot be unpacked"),
        (gz(tar()) + b"x", "bytes after the end"),
        (gz(tar()) + gz(tar()), "bytes after the end"),
        (gzip_bomb(50_000_000), f"{LIMIT} are the most"),
        (gz(tar(files={}) + bytes(50_000_000)), "after its end"),
        (gz(gz(tar())), "neither the ustar nor the GNU form"),
    ],
)
def test_gzip_around_it_is_no_way_in(data: bytes, words: str, tmp_path: Path) -> None:
    assert words in refused(data, TAR_GZ, tmp_path)


def test_packed_bytes_without_content_end_too(tmp_path: Path) -> None:
    """Empty blocks of deflate: bytes without end that unpack to nothing."""
    start = gz(b"")[:10]
    assert "has more than" in refused(start + b"\x00\x00\x00\xff\xff" * 4_000_000, TAR_GZ, tmp_path)


@pytest.mark.parametrize("what", ZIPS)
def test_a_hostile_zip_is_refused(what: str, tmp_path: Path) -> None:
    data, words = ZIPS[what]
    said = refused(data, ZIP, tmp_path)
    assert any(word in said for word in words.split("|")), said


def test_overlapping_entries_of_a_zip_bomb_are_refused(tmp_path: Path) -> None:
    """CVE-2024-0450: many entries of the directory that share the bytes of one kernel."""
    local, central = Zipped(b"model.yaml", MANIFEST).parts(0)
    directory = b"".join(central.replace(b"model.yaml", b"x%03d.txt!!"[:6] + b".txt") for _ in range(500))
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 500, 500, len(directory), len(local), 0)
    assert "says one thing of" in refused(local + directory + end, ZIP, tmp_path)


def test_what_is_in_the_folder_already_is_not_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    (tmp_path / "into").mkdir()
    (tmp_path / "into" / "model.pdmodel").symlink_to(outside)
    with pytest.raises(BundleFault):
        unpack(tar(), TAR, tmp_path)
    assert outside.read_text() == "mine"


def test_unpacked_files_are_plain_and_ours_whatever_their_modes_were(tmp_path: Path) -> None:
    data = zipped(*(replace(item, attributes=0o106777 << 16) for item in GOOD_ZIPPED))
    into = unpack(data, ZIP, tmp_path)
    assert all(path.stat().st_mode & 0o7000 == 0 and os.access(path, os.R_OK) for path in into.iterdir())
    assert all(path.stat().st_mode & 0o111 == 0 for path in into.iterdir())


def test_the_kind_is_told_by_the_name_and_others_are_refused_with_what_is_read() -> None:
    assert archive_kind("a/b.TGZ") is ArchiveKind.TGZ
    assert archive_kind("a/b.tar.gz") is ArchiveKind.TAR_GZ
    assert archive_kind("a/b") is None
    with pytest.raises(BundleFault, match=r"kind .tar.zst are not read, only .tar .tar.gz .tgz .zip"):
        archive_kind("a/b.tar.zst")


BASES = (
    (tar(), TAR),
    (gz(tar()), TAR_GZ),
    (zipped(*GOOD_ZIPPED), ZIP),
    (by_tarfile(), TAR),
    (by_a_zip_stream(), ZIP),
)


@given(
    base=st.sampled_from(BASES),
    changes=st.lists(
        st.tuples(st.integers(0, 400_000), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6
    ),
    cut=st.one_of(st.none(), st.integers(0, 400_000)),
    near=st.booleans(),
    pinned=st.booleans(),
)
@settings(max_examples=400)
def test_a_changed_archive_is_the_bundle_or_is_refused(
    base: tuple[bytes, ArchiveKind], changes: list[tuple[int, bytes]], cut: int | None, *, near: bool,
    pinned: bool, tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    """Whatever bytes change, headers above all: either exactly the right files, or nothing at all.

    Nobody vouches for a model.yaml of any digest: it may say something else, but no file may differ from it.
    """
    folder = tmp_path_factory.mktemp("changed")
    data = bytearray(base[0])
    for at, new in changes:
        place = at % (4096 if near else len(data))
        data[place : place + len(new)] = new
    whole = bytes(data[: cut % len(data)] if cut else data)
    try:
        into = unpack(whole, base[1], folder, digest=DIGEST if pinned else None)
    except BundleFault:
        assert files_below(folder) == []
    else:
        verify(open_bundle(into))
        found = {name: (into / name).read_bytes() for name in files_below(into)}
        if not pinned:
            found["model.yaml"] = MANIFEST
        assert found == GOOD
        assert files_below(folder) == sorted(["into", *(f"into/{name}" for name in GOOD)])


@given(st.binary(max_size=3000), st.sampled_from(list(ArchiveKind)))
@settings(max_examples=300)
def test_any_bytes_at_all_are_refused(data: bytes, kind: ArchiveKind) -> None:
    with pytest.raises(BundleFault):
        extract(Archive("m", kind, [data]), Rules(None, LIMIT), None)


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40) | st.lists(
    st.sampled_from(["..", ".", "a", "A", "x.txt", "", "C:", "\\", "~", "é", "é"]), min_size=1, max_size=6
).map("/".join)


@given(names=st.lists(NAMES, min_size=1, max_size=6), kinds=st.binary(min_size=6, max_size=6))
@settings(max_examples=300)
def test_no_names_lead_out(names: list[str], kinds: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("named")
    entries = [
        header(name.encode()[:100], kind=bytes([kind]))
        for name, kind in zip(names, b"0125" + kinds, strict=False)
    ]
    refused(b"".join(entries) + tar(), TAR, folder)
    refused(zipped(*(Zipped(name.encode(), flags=0x800) for name in names), *GOOD_ZIPPED), ZIP, folder)
