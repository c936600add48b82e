"""Renders the pages beside it, with Debian's fonts-noto-cjk; they are committed, so tests need no fonts."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).parent
FONTS = Path("/usr/share/fonts/opentype/noto")
PAGES = {
    "chinese": [
        "服务水平协议保证延迟与可用性",
        "中文识别测试：百度飞桨深度学习平台",
        "二〇二四年十月，北京市海淀区",
        "合同编号：第三十七号",
        "模型在就绪之前完成全部预热",
    ],
    "english": [
        "Service level agreements keep promises.",
        "The quick brown fox jumps over the lazy dog.",
        "Invoice 2024-0815: 1,234.56 EUR",
        "Every bucket is warmed before the first request.",
        "One caller's fate never touches another's",
    ],
}


def main() -> None:
    """One page of each language, serif and sans by turns, and what they say."""
    for name, lines in PAGES.items():
        page = Image.new("L", (1280, 960), 255)
        draw = ImageDraw.Draw(page)
        for number, line in enumerate(lines):
            face = "NotoSerifCJK-Regular.ttc" if number % 2 else "NotoSansCJK-Regular.ttc"
            font = ImageFont.truetype(str(FONTS / face), 36)
            draw.text((80, 60 + 150 * number), line, font=font, fill=0)
        page.quantize(16).save(HERE / f"{name}.png", optimize=True)
    (HERE / "pages.json").write_text(json.dumps(PAGES, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
