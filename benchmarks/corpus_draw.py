"""The pictures of the corpus's four strata: drawn text, with the box of every piece of it.

Only whole-number arithmetic and coefficients of nine decimals touch the pixels, so that the same fonts and
the same Pillow make the same bytes on every machine.
"""

from __future__ import annotations

import io
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from benchmarks import corpus_text as words

Point = tuple[float, float]
TRUETYPE, OPENTYPE = Path("/usr/share/fonts/truetype"), Path("/usr/share/fonts/opentype/noto")
# A .ttc file holds the faces of five languages; this one is simplified Chinese.
SIMPLIFIED_CHINESE = 2
CHINESE = tuple(
    OPENTYPE / f"Noto{kind}CJK-{weight}.ttc" for kind in ("Sans", "Serif") for weight in ("Regular", "Bold")
)
LATIN = (
    *(TRUETYPE / "dejavu" / f"DejaVu{kind}.ttf" for kind in ("Sans", "Serif", "SansMono", "Sans-Bold")),
    *(TRUETYPE / "liberation" / f"Liberation{kind}-Regular.ttf" for kind in ("Sans", "Serif", "Mono")),
)
A4 = math.sqrt(2)


@dataclass(frozen=True)
class Line:
    """Text that was drawn in one go; pieces of one row stand beside each other. Corners clockwise."""

    text: str
    row: int
    box: tuple[Point, ...]


@dataclass
class Sheet:
    """A canvas that remembers what was written on it."""

    image: Image.Image
    lines: list[Line] = field(default_factory=list)
    row: int = 0

    def write(self, x: int, y: int, text: str, font: ImageFont.FreeTypeFont, ink: int = 0) -> int:
        """Draw a piece at its top left; the column where it ends."""
        draw = ImageDraw.Draw(self.image)
        left, top, right, bottom = draw.textbbox((x, y), text, font=font)
        draw.text((x, y), text, fill=(ink, ink, ink), font=font)
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        self.lines.append(Line(text, self.row, corners))
        return math.ceil(right)

    def write_right(self, right: int, y: int, text: str, font: ImageFont.FreeTypeFont, ink: int = 0) -> int:
        """Draw a piece that ends at a column; the column where it starts."""
        x = right - math.ceil(font.getlength(text))
        self.write(x, y, text, font, ink)
        return x


def face(path: Path, size: int) -> ImageFont.FreeTypeFont:
    """A font; the basic layout needs no library that a machine may lack."""
    index = SIMPLIFIED_CHINESE if path.suffix == ".ttc" else 0
    return ImageFont.truetype(str(path), size, index=index, layout_engine=ImageFont.Layout.BASIC)


def blank(width: int, height: int, paper: int = 255) -> Sheet:
    return Sheet(Image.new("RGB", (width, height), (paper, paper, paper)))


def wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Lines no wider than a column; broken at spaces, or anywhere where there are none."""
    parts = text.split(" ") if text.isascii() else list(text)
    glue = " " if text.isascii() else ""
    lines, line = [], ""
    for part in parts:
        longer = f"{line}{glue}{part}" if line else part
        if line and font.getlength(longer) > width:
            lines.append(line)
            line = part
        else:
            line = longer
    return [*lines, line]


def single_line(chance: random.Random) -> Sheet:
    """One line, cut out close, as another program's detector would hand it over."""
    text, latin = words.short_line(chance)
    font = face(chance.choice(LATIN if latin else CHINESE), chance.randint(22, 44))
    left, top, right, bottom = font.getbbox(text)
    room = chance.randint(6, 16)
    sheet = blank(
        math.ceil(right - left) + 2 * room, math.ceil(bottom - top) + 2 * room, chance.randint(225, 255)
    )
    sheet.write(room - math.floor(left), room - math.floor(top), text, font, chance.randint(0, 70))
    return sheet


def receipt(chance: random.Random) -> Sheet:
    """A till's slip, no side longer than 720 pixels: goods left, prices right."""
    latin = chance.random() < 0.4
    size, width = chance.randint(17, 22), chance.randint(360, 480)
    path = chance.choice(LATIN if latin else CHINESE)
    font, large, ink = face(path, size), face(path, size + 6), chance.randint(0, 60)
    margin, step = chance.randint(16, 28), size + chance.randint(9, 14)
    rows = words.receipt_rows(chance, latin)
    height = min(720, 2 * margin + size + 30 + len(rows) * step)
    sheet = blank(width, height, chance.randint(232, 255))
    name = words.shop(chance, latin)
    sheet.write((width - math.ceil(large.getlength(name))) // 2, margin, name, large, ink)
    for number, (left, right) in enumerate(rows, start=1):
        sheet.row, y = number, margin + 18 + number * step
        sheet.write(margin, y, left, font, ink)
        if right:
            sheet.write_right(width - margin, y, right, font, ink)
    return sheet


@dataclass(frozen=True)
class Style:
    """How a page is set: its font, the room left of the text, from line to line, and the language."""

    font: ImageFont.FreeTypeFont
    margin: int
    step: int
    latin: bool


def page(chance: random.Random) -> Sheet:
    """A printed A4 page of 1 to 2 megapixels: a heading, facts, paragraphs, a table, a page number."""
    width = chance.choice((850, 992, 1080, 1180))
    sheet = blank(width, round(width * A4), 255)
    latin = chance.random() < 0.35
    size = round(width / 850 * chance.choice((15, 16, 18)))
    path = chance.choice(LATIN if latin else CHINESE)
    style = Style(face(path, size), width // 11, round(size * chance.choice((1.6, 1.75, 1.9))), latin)
    y = heading(chance, sheet, face(path, round(size * 1.6)), style)
    for left, right in words.facts(chance, latin):
        sheet.row += 1
        sheet.write(style.margin, y, left, style.font)
        sheet.write(style.margin + width * 2 // 5, y, right, style.font)
        y += style.step
    last = sheet.image.height - style.margin - 2 * style.step
    while y < last - 3 * style.step:
        y = paragraph(chance, sheet, style, y + style.step // 2, last - style.step)
        if chance.random() < 0.3 and y < last - 8 * style.step:
            y = table(chance, sheet, style, y + style.step // 2)
    sheet.row += 1
    number = f"{chance.randint(2, 60)}/{chance.randint(61, 99)}"
    sheet.write_right(width - style.margin, sheet.image.height - style.margin, number, style.font)
    return sheet


def heading(chance: random.Random, sheet: Sheet, font: ImageFont.FreeTypeFont, style: Style) -> int:
    """A title over the page; where the rest begins."""
    title = words.title(chance, style.latin)
    sheet.write((sheet.image.width - math.ceil(font.getlength(title))) // 2, style.margin, title, font)
    return style.margin + round(font.size * 2.2)


def paragraph(chance: random.Random, sheet: Sheet, style: Style, y: int, bottom: int) -> int:
    """Some sentences from y on, none below bottom; where they end."""
    write = words.english_sentence if style.latin else words.sentence
    said = (" " if style.latin else "").join(write(chance) for _ in range(chance.randint(2, 5)))
    for line in wrapped(said, style.font, sheet.image.width - 2 * style.margin):
        if y > bottom:
            break
        sheet.row += 1
        sheet.write(style.margin, y, line, style.font)
        y += style.step
    return y


def table(chance: random.Random, sheet: Sheet, style: Style, y: int) -> int:
    """Goods, count and price between ruled lines; where it ends."""
    left, right = style.margin, sheet.image.width - style.margin
    draw = ImageDraw.Draw(sheet.image)
    for name, count, price in words.table_rows(chance, style.latin):
        draw.line([(left, y - 3), (right, y - 3)], fill=(90, 90, 90), width=1)
        sheet.row += 1
        sheet.write(left + 6, y, name, style.font)
        sheet.write((left + right) // 2, y, count, style.font)
        sheet.write_right(right - 6, y, price, style.font)
        y += style.step
    draw.line([(left, y - 3), (right, y - 3)], fill=(90, 90, 90), width=1)
    return y


def photo(chance: random.Random) -> Sheet:
    """A letter on a table, seen aslant by a small camera: turned, uneven light, out of focus, noisy."""
    latin = chance.random() < 0.4
    path, size = chance.choice(LATIN if latin else CHINESE), chance.randint(20, 30)
    style = Style(face(path, size), 50, round(size * 1.7), latin)
    flat = blank(chance.randint(760, 960), 120 + style.step * chance.randint(8, 15), chance.randint(228, 250))
    y, bottom = heading(chance, flat, face(path, size + 8), style), flat.image.height - 50 - style.step
    while y <= bottom:
        flat.row += 1
        y = paragraph(chance, flat, style, y, bottom)
    return aslant(chance, flat)


def aslant(chance: random.Random, flat: Sheet) -> Sheet:
    """The photograph of a sheet, and where its lines are in it."""
    width, height = flat.image.width + 160, flat.image.height + 160
    back = backward(chance, flat.image.size, (width, height))
    coefficients = [round(float(value), 9) for value in (back / back[2, 2]).ravel()[:8]]
    ground = chance.randint(60, 130)
    table = Image.new("RGB", (width, height), (ground, ground - 12, ground - 25))
    seen = flat.image.transform(
        (width, height), Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC
    )
    covered = Image.new("L", flat.image.size, 255).transform(
        (width, height), Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR
    )
    table.paste(seen, (0, 0), covered)
    blurred = table.filter(ImageFilter.GaussianBlur(chance.choice((0.7, 1.0, 1.3, 1.6))))
    image = noisy(chance, ImageChops.multiply(blurred, light(chance, width, height)))
    forward = np.linalg.inv(np.array([*coefficients, 1.0]).reshape(3, 3))
    return Sheet(image, [Line(line.text, line.row, moved(line.box, forward)) for line in flat.lines])


def backward(
    chance: random.Random, flat: tuple[int, int], seen: tuple[int, int]
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """From a point of the photograph to one of the sheet: turned by up to 6 degrees, nearer on one side."""
    angle = math.radians(chance.uniform(-6, 6))
    tilt_x, tilt_y = chance.uniform(-8e-5, 8e-5), chance.uniform(-8e-5, 8e-5)
    turn = np.array(
        [[math.cos(angle), math.sin(angle), 0], [-math.sin(angle), math.cos(angle), 0], [0, 0, 1]]
    )
    to_middle = np.array([[1, 0, -seen[0] / 2], [0, 1, -seen[1] / 2], [0, 0, 1]])
    to_sheet = np.array([[1, 0, flat[0] / 2], [0, 1, flat[1] / 2], [0, 0, 1]])
    perspective = np.array([[1, 0, 0], [0, 1, 0], [tilt_x, tilt_y, 1]])
    return to_sheet @ turn @ perspective @ to_middle  # type: ignore[no-any-return]


def moved(
    box: Sequence[Point], forward: np.ndarray[tuple[int, int], np.dtype[np.float64]]
) -> tuple[Point, ...]:
    """Corners as the photograph shows them."""
    points = np.array([(x, y, 1.0) for x, y in box]) @ forward.T
    return tuple((float(x / z), float(y / z)) for x, y, z in points)


def light(chance: random.Random, width: int, height: int) -> Image.Image:
    """Brighter on one side than on the other."""
    bright, dark = chance.randint(235, 255), chance.randint(150, 205)
    across = np.arange(width, dtype=np.int64)[None, :] * (bright - dark) // width
    down = np.arange(height, dtype=np.int64)[:, None] * (bright - dark) // height
    share = chance.randint(0, 4)
    shade = dark + (share * across + (4 - share) * down) // 4
    grey = Image.fromarray(shade.astype(np.uint8))
    turn = chance.choice((None, Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM))
    return (grey if turn is None else grey.transpose(turn)).convert("RGB")


def noisy(chance: random.Random, image: Image.Image) -> Image.Image:
    """Grain of a small sensor: the sum of whole numbers drawn alike, nearly a bell curve."""
    drawn = np.random.Generator(np.random.PCG64(chance.randrange(2**32)))
    spread = chance.randint(5, 20)
    shape = (4, image.height, image.width, 3)
    grain = drawn.integers(-spread, spread + 1, shape, dtype=np.int16).sum(axis=0) // 2
    return Image.fromarray(np.clip(np.asarray(image, dtype=np.int16) + grain, 0, 255).astype(np.uint8))


def encoded(sheet: Sheet, quality: int | None) -> bytes:
    """PNG, or JPEG of a quality."""
    buffer = io.BytesIO()
    if quality is None:
        sheet.image.save(buffer, "PNG", compress_level=6)
    else:
        sheet.image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
