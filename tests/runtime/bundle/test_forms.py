"""A file is what its first bytes are: pickles, archives and machine code under another name are refused."""

from __future__ import annotations

import io
import pickle
import pickletools
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.bundle.fetch import FetchOptions, fetch
from paddle_runtime.bundle.forms import CHECKS, form_problem
from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.paths import ALLOWED_SUFFIXES
from paddle_runtime.bundle.store import open_bundle
from paddle_runtime.bundle.verify import verify
from paddle_runtime.errors import BundleFault, BundleReason
from tests.runtime.bundle.builders import FILES, small_bundle
from tests.runtime.pipeline.builders import ocr_bundle


def torch_file() -> bytes:
    """The form of other frameworks' weights: a zip with a pickle inside."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("archive/data.pkl", pickle.dumps({"weight": [1.0, 2.0]}))
    return out.getvalue()


def numpy_file() -> bytes:
    out = io.BytesIO()
    np.save(out, np.array([{"any": "object"}], dtype=object), allow_pickle=True)
    return out.getvalue()


CODE = {
    **{f"pickle {n}": pickle.dumps({"w": [1.0] * 9, "f": print}, protocol=n) for n in range(6)},
    "torch": torch_file(),
    "numpy with objects": numpy_file(),
    "ELF": b"\x7fELF\x02\x01\x01\x00" + bytes(500),
    "gzip": b"\x1f\x8b\x08" + bytes(500),
    "Python": b"\xa7\r\r\n" + bytes(500),
    "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(500),
}
PROGRAMS = (".pdmodel", ".pdiparams", ".json", ".onnx")


@pytest.mark.parametrize("suffix", ALLOWED_SUFFIXES)
@pytest.mark.parametrize("what", CODE)
def test_nothing_that_runs_when_it_is_read_passes_as_anything(what: str, suffix: str) -> None:
    if suffix in PROGRAMS or CODE[what][:1] not in b"(c":  # a pickle of protocol 0 is text, and no program
        assert form_problem("x" + suffix, CODE[what]) is not None


def test_no_form_of_a_program_begins_with_an_instruction_of_any_pickle() -> None:
    instructions = {op.code.encode("latin-1") for op in pickletools.opcodes}
    starts = {
        suffix: {bytes([n]) for n in range(256) if CHECKS[suffix](bytes([n]) + bytes(511))}
        for suffix in PROGRAMS
    }
    assert {suffix: found & instructions for suffix, found in starts.items()} == {s: set() for s in PROGRAMS}


def test_every_allowed_suffix_has_its_form() -> None:
    assert set(CHECKS) == set(ALLOWED_SUFFIXES)


def test_the_files_of_a_real_bundle_are_what_they_say() -> None:
    verify(ocr_bundle())


@given(st.binary(max_size=600), st.sampled_from(ALLOWED_SUFFIXES))
def test_any_beginning_has_an_answer(start: bytes, suffix: str) -> None:
    assert form_problem("x" + suffix, start) in {None, f"begins with {start[:8].hex(' ') or 'nothing'}"}


def test_text_may_be_cut_in_a_character_but_not_hold_bytes_of_none() -> None:
    assert form_problem("x.txt", "字".encode()[:2]) is None
    assert form_problem("x.txt", b"\xff\xfe") is not None
    assert form_problem("x.txt", b"a\x00b") is not None


@pytest.mark.parametrize("name", FILES)
def test_a_pickle_in_the_place_of_a_program_is_refused_by_fetch_and_by_verify(
    name: str, tmp_path: Path
) -> None:
    folder = small_bundle(tmp_path / "source" / "small").path
    (folder / name).write_bytes(CODE["pickle 4"])
    write_manifest(folder)
    for refused in (
        lambda: fetch("pvc://claim/small", FetchOptions(pvc_mount=folder.parent), tmp_path / "into"),
        lambda: verify(open_bundle(folder)),
    ):
        with pytest.raises(BundleFault, match="never pickles") as fault:
            refused()
        assert fault.value.reason is BundleReason.BundleInvalid
    assert not (tmp_path / "into" / "model.yaml").exists()
