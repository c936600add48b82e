"""The archive of the pause image, read back the way a container runtime reads it."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

from hack.cluster.images.pause import archive_of

PROGRAM = b"\x7fELF not really"
IMAGE = "localhost/paddle-sla/pause:1"


def blob(archive: tarfile.TarFile, digest: str) -> bytes:
    stream = archive.extractfile("blobs/sha256/" + digest.removeprefix("sha256:"))
    assert stream is not None
    content = stream.read()
    assert "sha256:" + hashlib.sha256(content).hexdigest() == digest
    return content


def test_every_blob_has_the_digest_that_names_it_and_the_program_is_the_entry_point() -> None:
    with tarfile.open(fileobj=io.BytesIO(archive_of(PROGRAM, IMAGE, "x86_64"))) as archive:
        stream = archive.extractfile("index.json")
        assert stream is not None
        (described,) = json.load(stream)["manifests"]
        assert described["annotations"]["io.containerd.image.name"] == IMAGE
        manifest = json.loads(blob(archive, described["digest"]))
        config = json.loads(blob(archive, manifest["config"]["digest"]))
        layer = blob(archive, manifest["layers"][0]["digest"])
    assert config["architecture"] == "amd64"
    assert config["config"]["Entrypoint"] == ["/pause"]
    assert config["rootfs"]["diff_ids"] == [manifest["layers"][0]["digest"]]
    with tarfile.open(fileobj=io.BytesIO(layer)) as files:
        (member,) = files.getmembers()
        assert (member.name, member.mode) == ("pause", 0o555)
        assert files.extractfile(member).read() == PROGRAM  # type: ignore[union-attr]


def test_equal_programs_give_byte_equal_archives() -> None:
    assert archive_of(PROGRAM, IMAGE, "aarch64") == archive_of(PROGRAM, IMAGE, "aarch64")
    assert archive_of(PROGRAM, IMAGE, "aarch64") != archive_of(PROGRAM, IMAGE, "x86_64")
