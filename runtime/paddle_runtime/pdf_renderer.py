"""A process that draws the pages of one PDF and ends; started by pipeline/pdf.py.

A process of its own, since PDFium is large, reads what strangers made, and asks nobody while it draws: a page
of 2 KB can take hours or gigabytes. Here both are bounded by the kernel, and whatever happens costs one
document and no worker. It decides nothing: what may be drawn and at which size is its parent's to say.

    parent: the PDF's length in bytes, a line; the PDF; then lines `size PAGE` or `draw PAGE WIDTH HEIGHT`
    here:   {"ready": true}, then one line of JSON for the PDF and for each of those lines; behind that of
            `draw` WIDTH x HEIGHT x 3 bytes, blue green red
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO

import pypdfium2
from pypdfium2 import raw

# A page of 40 million pixels has 115 MiB, and a scan in it as much again.
MAX_MEMORY_BYTES = 512 * 1024 * 1024
# The parent gives each page less; this is for a parent that stopped looking.
MAX_CPU_SECONDS = 300
PR_SET_PDEATHSIG = 1
WHITE = (255, 255, 255, 255)


def main() -> int:
    """One document, until the parent closes its side."""
    bound_this_process()
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    tell(answers, {"ready": True})
    data = requests.read(int(requests.readline()))
    try:
        document = pypdfium2.PdfDocument(data)
        document.init_forms()  # before a page is opened, or its fields are not drawn; their actions never run
        tell(answers, {"pages": len(document)})
    except pypdfium2.PdfiumError as error:
        locked = error.err_code == raw.FPDF_ERR_PASSWORD
        tell(answers, {"fault": "locked" if locked else "damaged", "message": str(error)})
        return 0
    for line in requests:
        command, *numbers = line.split()
        serve(document, command, [int(number) for number in numbers], answers)
    return 0


def serve(document: pypdfium2.PdfDocument, command: bytes, numbers: list[int], answers: BinaryIO) -> None:
    """One line of the parent's."""
    try:
        page = document[numbers[0] - 1]
    except pypdfium2.PdfiumError as error:
        tell(answers, {"fault": "damaged", "message": str(error)})
        return
    if command == b"size":
        width, height = page.get_size()
        tell(answers, {"width": width, "height": height})
    else:
        draw(page, numbers[1], numbers[2], answers)
    page.close()


def draw(page: pypdfium2.PdfPage, width: int, height: int, answers: BinaryIO) -> None:
    """A page on white, with its annotations and what is filled into its form."""
    bitmap = pypdfium2.PdfBitmap.new_native(width, height, raw.FPDFBitmap_BGR)
    bitmap.fill_rect(WHITE, 0, 0, width, height)
    where = (bitmap, page, 0, 0, width, height, 0, raw.FPDF_ANNOT)
    raw.FPDF_RenderPageBitmap(*where)
    if page.formenv:
        raw.FPDF_FFLDraw(page.formenv, *where)
    tell(answers, {"bytes": 3 * width * height})
    rows = memoryview(bitmap.buffer).cast("B")
    if bitmap.stride == 3 * width:
        answers.write(rows)
    else:
        tops = range(0, height * bitmap.stride, bitmap.stride)
        answers.writelines(rows[top : top + 3 * width] for top in tops)
    answers.flush()
    bitmap.close()


def tell(answers: BinaryIO, what: dict[str, Any]) -> None:
    """One line of JSON."""
    answers.write(json.dumps(what).encode() + b"\n")
    answers.flush()


def bound_this_process() -> None:
    """Memory, time, and a parent: without one of them it ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_DATA, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_SECONDS, MAX_CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")  # before the workers
    except OSError:
        return  # a sandbox without it; the limits above hold


if __name__ == "__main__":
    sys.exit(main())
