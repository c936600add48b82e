"""The demo's document: a page rendered from known text, and the picture of what was read from it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

# A page needs no font of the machine and looks the same on all of them (font/README.md).
FONT = Path(__file__).parent / "font" / "NotoSansCJKsc-subset.otf"

INVOICE = (
    "示例科技有限公司",
    "增值税电子普通发票",
    "发票号码：25312000000087654321",
    "开票日期：2026年11月22日",
    "购买方名称：云图数据服务有限公司",
    "项目名称：文字识别服务",
    "数量：12",
    "单价：860.00",
    "金额：10320.00",
    "价税合计（大写）：壹万零叁佰贰拾元整",
    "Service level: 99.9 percent available",
    "95 percent of requests under 200 ms",
)


@dataclass(frozen=True)
class Page:
    """A rendered page (PNG) with the text that stands on it, one entry a line, top to bottom."""

    png: bytes
    lines: tuple[str, ...]


def font(size: int) -> ImageFont.FreeTypeFont:
    """The page's font at `size` pixels; a character that it lacks is drawn as an empty box."""
    return ImageFont.truetype(str(FONT), size)


def render(lines: Sequence[str], *, width: int = 720, size: int = 30, leading: int = 26) -> Page:
    """Black text on white, one line under another, with a margin of 48 pixels."""
    margin, height = 48, 2 * 48 + len(lines) * (size + leading)
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for row, text in enumerate(lines):
        draw.text((margin, margin + row * (size + leading)), text, fill="black", font=font(size))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return Page(buffer.getvalue(), tuple(lines))


def draw_result(png: bytes, lines: Sequence[dict[str, Any]]) -> bytes:
    """The page with a box around each line that was read, and the read text beside it (PNG)."""
    page = Image.open(io.BytesIO(png)).convert("RGB")
    sheet = Image.new("RGB", (page.width * 2, page.height), "white")
    sheet.paste(page, (0, 0))
    draw = ImageDraw.Draw(sheet)
    for line in lines:
        corners = [(float(x), float(y)) for x, y in line["box"]]
        draw.polygon(corners, outline=(220, 60, 30), width=3)
        left, top = min(x for x, _ in corners), min(y for _, y in corners)
        size = max(12, int(max(y for _, y in corners) - top) - 12)
        draw.polygon([(x + page.width, y) for x, y in corners], outline=(200, 200, 200))
        draw.text((left + page.width, top), line["text"], fill=(20, 60, 140), font=font(size))
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG")
    return buffer.getvalue()
