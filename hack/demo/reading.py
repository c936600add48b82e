"""Sending the demo's page, and showing what came back."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.markup import escape

from hack.cluster.errors import ClusterError
from hack.demo.page import draw_result

PAGE = Path("examples/01-ocr/page.png")
OUTPUT = Path("demo-out")
# The gateway hears of a new route a moment after the service is Ready.
ROUTE_SECONDS = 30.0
RETRIED = (404, 502, 503)


class Unread(ClusterError):
    """The page was sent and not read; the message holds the last answer."""


@dataclass(frozen=True)
class Reachable:
    """Where a service answers from here: a URL, and the Host header that the gateway routes by."""

    url: str
    host: str


def show(service: Reachable, console: Console) -> Path:
    """Send the page, print its lines with their scores, write the picture with boxes and text."""
    png = PAGE.read_bytes()
    answer = post(service, png)
    lines = answer.json()["lines"]
    console.print(f"\n  POST {service.url}/v1/ocr  Host: {service.host}  ({len(png) / 1e3:.0f} kB)")
    for line in lines:
        console.print(f"    {line['score']:.3f}  {escape(line['text'])}", highlight=False)
    console.print(f"  {len(lines)} lines; {answer.headers.get('server-timing', '')}", highlight=False)
    OUTPUT.mkdir(exist_ok=True)
    picture = OUTPUT / "page-read.png"
    picture.write_bytes(draw_result(png, lines))
    console.print(f"  boxes and text: {picture}")
    return picture


def post(service: Reachable, png: bytes) -> httpx.Response:
    """One page; again while its route is on the way to the gateway, which may also cut connections."""
    headers = {"host": service.host, "content-type": "image/png"}
    end = time.monotonic() + ROUTE_SECONDS
    while True:
        try:
            answer = httpx.post(f"{service.url}/v1/ocr", content=png, headers=headers, timeout=30)
        except httpx.TransportError as cut:
            said, again = f"could not be reached: {cut!r}", True
        else:
            if answer.status_code == 200:
                return answer
            said, again = f"answered {answer.status_code}: {answer.text[:300]}", answer.status_code in RETRIED
        if not again or time.monotonic() > end:
            raise Unread(f"{service.url}/v1/ocr (Host: {service.host}) {said}")
        time.sleep(0.5)
