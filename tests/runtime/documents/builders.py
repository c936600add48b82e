"""PDFs and TIFFs for the tests, whole and hostile, written byte by byte so that each shows what is in it."""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Sequence

from PIL import Image

A5 = (420, 595)


def pdf(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalogue."""
    data = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    data += b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (len(objects) + 1, trailer)
    return bytes(data + b"startxref\n%d\n%%%%EOF\n" % table)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    packed = zlib.compress(content, 9)
    return b"<< %s /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (entries, len(packed), packed)


def pages_pdf(
    contents: Sequence[bytes],
    *,
    size: tuple[float, float] = A5,
    more: Sequence[bytes] = (),
    resources: bytes = b"",
    page: bytes = b"",
    catalogue: bytes = b"",
    trailer: bytes = b"",
) -> bytes:
    """One page for each content stream. Objects: 1 catalogue, 2 tree, 3 font, then `more`, then the pages."""
    first = 4 + len(more)
    kids = b" ".join(b"%d 0 R" % (first + 2 * number) for number in range(len(contents)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalogue,
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(contents), kids),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *more,
    ]
    for number, content in enumerate(contents):
        box = b"%g %g" % size
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %s] /Contents %d 0 R "
            b"/Resources << /Font << /F 3 0 R >> %s >> %s >>" % (box, first + 2 * number + 1, resources, page)
        )
        objects.append(stream(content))
    return pdf(objects, trailer)


def text(lines: Sequence[str], *, left: int = 40, top: int = 520, points: int = 20) -> bytes:
    """A content stream of lines of Helvetica."""
    shown = b" ".join(b"(%s) Tj 0 -%d Td" % (line.encode("ascii"), 2 * points) for line in lines)
    return b"BT /F %d Tf %d %d Td %s ET" % (points, left, top, shown)


def text_pdf(*pages: Sequence[str]) -> bytes:
    return pages_pdf([text(lines) for lines in pages])


def encrypted_pdf() -> bytes:
    """One that only a password opens: the standard handler of revision 2, user password "secret"."""
    padding = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
    user, owner = ((word + padding)[:32] for word in (b"secret", b"owner"))
    owners = rc4(hashlib.md5(owner).digest()[:5], user)
    identity = bytes(16)
    key = hashlib.md5(user + owners + (0xFFFFFFFC).to_bytes(4, "little") + identity).digest()[:5]
    words = [word.hex().encode() for word in (identity, identity, owners, rc4(key, padding))]
    trailer = b"/ID [<%s> <%s>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (*words,)
    return pages_pdf([text(["Nobody reads this"])], trailer=trailer)


def rc4(key: bytes, data: bytes) -> bytes:
    box = list(range(256))
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    out = bytearray()
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)


def image_pdf(width: int, height: int, content: bytes) -> bytes:
    """A page that is one grey image of that size, whatever its content really holds."""
    entries = (
        b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8"
    )
    image = stream(content, entries % (width, height))
    return pages_pdf([b"q 420 0 0 595 0 0 cm /I Do Q"], more=[image], resources=b"/XObject << /I 4 0 R >>")


def form_pdf(depth: int, fan: int) -> bytes:
    """Forms that each draw the next one `fan` times: the page has fan ** depth rectangles in a few bytes."""
    forms = []
    for level in range(depth):
        last = level == depth - 1
        inside = b"0 0 1 1 re f" if last else b"/N Do " * fan
        next_one = b"" if last else b"/Resources << /XObject << /N %d 0 R >> >>" % (5 + level)
        forms.append(stream(inside, b"/Type /XObject /Subtype /Form /BBox [0 0 420 595] " + next_one))
    return pages_pdf([b"/N Do"], more=forms, resources=b"/XObject << /N 4 0 R >>")


def filled_form_pdf(value: str) -> bytes:
    """A page with one text field that holds `value`, and an action in JavaScript that would change it."""
    appearance = stream(
        b"/Tx BMC BT /F 24 Tf 4 8 Td (%s) Tj ET EMC" % value.encode(),
        b"/Type /XObject /Subtype /Form /BBox [0 0 300 40] /Resources << /Font << /F 3 0 R >> >>",
    )
    field = (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (total) /V (%s) /Rect [40 400 340 440] /F 4 "
        b"/DA (/F 24 Tf 0 g) /AP << /N 4 0 R >> /P 6 0 R >>" % value.encode()
    )
    script = b"/OpenAction << /S /JavaScript /JS (this.getField('total').value = 'SCRIPTED';) >>"
    form = b"/AcroForm << /Fields [5 0 R] /DA (/F 24 Tf 0 g) /DR << /Font << /F 3 0 R >> >> >>"
    return pages_pdf(
        [text(["The form says"])], more=[appearance, field], page=b"/Annots [5 0 R]", catalogue=form + script
    )


def tiff(*pages: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:], **options)
    return buffer.getvalue()
