"""The page at `/` and its files, read once at the start; nothing of it comes from elsewhere."""

from __future__ import annotations

import hashlib
import html
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FILES = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "words.js": "text/javascript; charset=utf-8",
}
# Scripts and styles from here alone, and no frame around it: an answer that is text of somebody's picture can
# do nothing.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def page_routes(*, model: str, task: str) -> list[Route]:
    """GET / and GET /page/NAME for a server of this model."""
    folder = resources.files("paddle_runtime.page")
    text = (folder / "index.html").read_text(encoding="utf-8")
    for mark, value in (("{{model}}", model), ("{{task}}", task)):
        text = text.replace(mark, html.escape(value))
    routes = [_file("/", text.encode(), "text/html; charset=utf-8")]
    return routes + [
        _file(f"/page/{name}", (folder / name).read_bytes(), kind) for name, kind in FILES.items()
    ]


def _file(path: str, content: bytes, media_type: str) -> Route:
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'

    async def send(request: Request) -> Response:
        headers = {**HEADERS, "ETag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=media_type, headers=headers)

    return Route(path, send)
