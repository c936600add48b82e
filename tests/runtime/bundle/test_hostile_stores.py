"""A store that lies, drips, changes its files in between, or points elsewhere."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from paddle_runtime.bundle.addresses import AddressPolicy, checked_pool
from paddle_runtime.bundle.deadline import Deadline
from paddle_runtime.bundle.fetch import INCOMING, FetchOptions, fetch, resolve
from paddle_runtime.bundle.http_source import HttpSource, printable, shown
from paddle_runtime.bundle.s3 import S3Options
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.bundle.verify import verify
from paddle_runtime.errors import BundleFault, BundleReason
from tests.runtime.bundle.builders import FILES, small_bundle
from tests.runtime.bundle.raw_store import RawStore, Script, answering, dripping, sending

OK = b"HTTP/1.1 200 OK\r\n"
WEIGHTS = FILES["model.pdiparams"]


def options(store: RawStore, seconds: float = 5.0) -> FetchOptions:
    return FetchOptions(s3=S3Options(endpoint=store.url), allow_loopback=True, timeout_seconds=seconds)


def fault_of(script: Script, seconds: float = 2.0) -> BundleFault:
    with answering(script) as store, pytest.raises(BundleFault) as fault:
        resolve("s3://models/small", options(store, seconds))
    assert str(fault.value).isprintable()
    return fault.value


@pytest.fixture
def stored(tmp_path: Path) -> Bundle:
    return small_bundle(tmp_path / "store" / "models" / "small")


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        pytest.param(b"", b"H", id="a status line without end"),
        pytest.param(OK, b"X: 1\r\n", id="headers without end"),
        pytest.param(OK, b"X", id="a header without end"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0", id="a chunk's size without end"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n", id="chunks of a byte"),
        pytest.param(OK + b"\r\n", b"a", id="a body without end"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", id="continues"),
    ],
)
def test_no_drip_outlasts_the_time(start: bytes, piece: bytes) -> None:
    """Each byte is in time for a read; all of them together are not for the fetch."""
    began = time.monotonic()
    fault = fault_of(dripping(start, piece), seconds=0.6)
    assert fault.reason is BundleReason.FetchTimeout
    assert time.monotonic() - began < 3


def test_a_refusal_without_end_is_still_a_refusal() -> None:
    began = time.monotonic()
    fault = fault_of(dripping(b"HTTP/1.1 403 No\r\n\r\n<Code>AccessDenied</Code>", b"a"), seconds=0.6)
    assert fault.reason is BundleReason.ModelForbidden
    assert "AccessDenied" in str(fault)
    assert time.monotonic() - began < 3


LIES = {
    "no HTTP at all": (b"\x16\x03\x01\x02\x00\x01" * 20, BundleReason.StoreUnreachable),
    "colours for a terminal": (b"HTTP/1.1 \x1b[31m200\r\n\r\n", BundleReason.StoreUnreachable),
    "a hundred and one headers": (OK + b"X: 1\r\n" * 101 + b"\r\n", BundleReason.StoreUnreachable),
    "a header of a megabyte": (OK + b"X: " + b"1" * 1_000_000, BundleReason.StoreUnreachable),
    "a length of 5000 digits": (
        OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", BundleReason.BundleInvalid,
    ),
    "a length below zero": (OK + b"Content-Length: -1\r\n\r\n", BundleReason.BundleInvalid),
    "a chunk's size that is none": (
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", BundleReason.StoreUnreachable,
    ),
    "packed although nobody asked": (
        OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", BundleReason.BundleInvalid,
    ),
    "a part although nobody asked": (
        b"HTTP/1.1 206 Part\r\nContent-Range: bytes 5-6/7\r\nContent-Length: 2\r\n\r\nab",
        BundleReason.StoreUnreachable,
    ),
    "parts in a form": (
        b"HTTP/1.1 206 Part\r\nContent-Type: multipart/byteranges; boundary=x\r\nContent-Length: 2\r\n\r\nab",
        BundleReason.StoreUnreachable,
    ),
    "a bundle's manifest cut in the middle": (
        OK + b"Content-Length: 5000\r\n\r\nformat: paddle", BundleReason.StoreUnreachable,
    ),
    "an error with colours": (
        b"HTTP/1.1 404 No\r\n\r\n<Code>No\x1b[31mSuch</Code><Message>a\nb</Message>",
        BundleReason.ModelNotFound,
    ),
    "a redirect with a line break": (
        b"HTTP/1.1 302 Found\r\nLocation: https://x/\x0b\x1b[2J\r\n\r\n", BundleReason.ModelNotFound,
    ),
    "HTTP/0.9": (b"format: paddle-sla-bundle/1\n", BundleReason.StoreUnreachable),
}  # fmt: skip


@pytest.mark.parametrize("what", LIES)
def test_an_answer_that_is_none_has_its_reason(what: str) -> None:
    data, reason = LIES[what]
    assert fault_of(sending(data)).reason is reason


def serving_files(stored: Bundle, weights: Script) -> Script:
    """A right store for all but the weights."""

    def script(connection: socket.socket, header: bytes) -> None:
        name = header.split()[1].rpartition(b"/")[2].decode()
        if name == "model.pdiparams":
            weights(connection, header)
            return
        data = (stored.path / name).read_bytes()
        connection.sendall(OK + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(data) + data)

    return script


def whole(data: bytes, tag: bytes = b"", status: bytes = b"200 OK", part: bytes = b"") -> bytes:
    head = b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: %d\r\n" % len(data)
    head += b"ETag: " + tag + b"\r\n" if tag else b""
    head += b"Content-Range: " + part + b"\r\n" if part else b""
    return head + b"\r\n" + data


def test_a_file_that_changed_between_two_parts_is_read_from_its_start_again(
    stored: Bundle, tmp_path: Path
) -> None:
    """The first part is of the old file; the store ignores If-Range and gives a part of the new one."""
    answers = [
        whole(b"\xee" * len(WEIGHTS), b'"old"')[:100_000],
        whole(WEIGHTS[5:], b'"new"', b"206 Part", b"bytes 5-%d/%d" % (len(WEIGHTS) - 1, len(WEIGHTS))),
        whole(WEIGHTS, b'"new"'),
    ]

    def weights(connection: socket.socket, header: bytes) -> None:
        connection.sendall(answers.pop(0))

    with answering(serving_files(stored, weights)) as store:
        verify(fetch("s3://models/small", options(store), tmp_path / "into"))
        asked = [header for header in store.requests if b"pdiparams" in header]
    assert b'If-Range: "old"' in asked[1]
    assert b"Range:" not in asked[2]


def test_a_rest_that_the_store_does_not_have_is_read_from_the_start_again(
    stored: Bundle, tmp_path: Path
) -> None:
    left = tmp_path / "into" / INCOMING / "model.pdiparams"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"\xee" * 200_000)

    def weights(connection: socket.socket, header: bytes) -> None:
        connection.sendall(whole(b"", status=b"416 No") if b"Range:" in header else whole(WEIGHTS))

    with answering(serving_files(stored, weights)) as store:
        verify(fetch("s3://models/small", options(store), tmp_path / "into"))


@pytest.mark.parametrize("part", [b"bytes 7-255999/256000", b"bytes */256000", b"lines 1-2/3", b""])
def test_a_part_of_another_place_is_a_problem_of_the_store(
    part: bytes, stored: Bundle, tmp_path: Path
) -> None:
    left = tmp_path / "into" / INCOMING / "model.pdiparams"
    left.parent.mkdir(parents=True)
    left.write_bytes(WEIGHTS[:200_000])
    answer = whole(WEIGHTS[7:], status=b"206 Part", part=part)
    with answering(serving_files(stored, sending(answer))) as store, pytest.raises(BundleFault) as fault:
        fetch("s3://models/small", options(store, 2.0), tmp_path / "into")
    assert fault.value.reason is BundleReason.StoreUnreachable
    assert "asked for was all from byte 200000" in str(fault.value)


def test_a_body_without_end_is_read_no_further_than_the_manifest_says(stored: Bundle, tmp_path: Path) -> None:
    weights = dripping(OK + b"\r\n" + WEIGHTS, b"x" * 1000, pause=0)
    with answering(serving_files(stored, weights)) as store, pytest.raises(BundleFault) as fault:
        fetch("s3://models/small", options(store), tmp_path / "into")
    assert "has more than the 256000 bytes of model.yaml" in str(fault.value)


def test_what_a_url_carries_for_one_reader_is_not_shown_to_all() -> None:
    assert shown("https://user:secret@host/a?X-Amz-Signature=1#b") == "https://...@host/a?..."
    assert shown("https://host/a") == "https://host/a"
    assert printable("a\x1b[31m\r\nb\u202e") == "a?[31m??b?"


@pytest.mark.parametrize(
    "notation",
    ["127.1", "0x7f.1", "2130706433", "0177.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "0", "[::ffff:a9fe:a9fe]",
     "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a9fe:a9fe]", "[fec0::1]", "[2002:7f00:1::]", "169.254.43518",
     "0xa9fea9fe", "[fe80::1%25lo]", "localhost", "LOCALHOST.", "１２７.0.0.1"],
)  # fmt: skip
def test_no_notation_of_an_address_goes_around_the_rules(notation: str) -> None:
    source = HttpSource(checked_pool(AddressPolicy()), f"https://{notation}/")
    with pytest.raises(BundleFault) as fault, source.open("model.yaml", 0, Deadline.after(2)):
        pass
    # What this machine cannot look up at all is no way in either.
    assert fault.value.reason in {BundleReason.AddressRefused, BundleReason.StoreUnreachable}
    if fault.value.reason is BundleReason.StoreUnreachable:
        assert "cannot be looked up" in str(fault.value) or "Failed to parse" in str(fault.value)


@pytest.mark.parametrize("key", ["abc\r\nX-Evil: 1", "abc\x00", "ключ"])
def test_a_key_that_would_begin_another_header_is_refused_and_not_shown(key: str, tmp_path: Path) -> None:
    (tmp_path / "accessKeyId").write_text(key, encoding="utf-8")
    (tmp_path / "secretAccessKey").write_text("secret")
    declared = S3Options(endpoint="http://127.0.0.1:1", credentials_dir=tmp_path)
    with pytest.raises(BundleFault) as fault:
        resolve("s3://models/small", FetchOptions(s3=declared))
    assert fault.value.reason is BundleReason.ModelForbidden
    assert "accessKeyId" in str(fault.value)
    assert "Evil" not in str(fault.value)
    assert key not in str(fault.value)


def test_a_fifo_in_a_claim_is_no_file_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.yaml")
    with pytest.raises(BundleFault, match="is no plain file"):
        resolve("pvc://claim/", FetchOptions(pvc_mount=tmp_path))
