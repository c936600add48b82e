"""GET /openapi.json, and the page /docs: the same document for people, without script or outside asset."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from paddle_runtime.transport.replies import JSON

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
body { color: #1c2430; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; } code, pre { font-family: ui-monospace, monospace; }
.method { display: inline-block; min-width: 3.5rem; font-weight: 700; color: #0b5c3a; }
.POST { color: #1b4fa0; } table { border-collapse: collapse; }
td, th { text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0; }
details { border-top: 1px solid #c9d1dc; padding: .4rem 0; } summary { cursor: pointer; }
pre { background: #f3f5f8; padding: .6rem; overflow-x: auto; }
@media (prefers-color-scheme: dark) {
  body { color: #e4e8ee; background: #14181f; } pre { background: #1f2530; }
  .method { color: #6fd3a5; } .POST { color: #8db7ff; }
}
"""
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def docs_routes(document: dict[str, Any]) -> list[Route]:
    """Both forms of one document, written once."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    page = "".join(_page(document)).encode()

    async def openapi(request: Request) -> Response:
        return Response(text, media_type=JSON)

    async def docs(request: Request) -> Response:
        return Response(page, media_type="text/html", headers=HEADERS)

    return [Route("/openapi.json", openapi), Route("/docs", docs)]


def _page(document: dict[str, Any]) -> Iterator[str]:
    title = html.escape(document["info"]["title"])
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<style>{STYLE}</style></head><body><main><h1>{title}</h1>"
    yield f"<p>{html.escape(document['info']['description'])} "
    yield 'The same for programs: <a href="openapi.json">openapi.json</a>.</p>'
    for path, item in document["paths"].items():
        for method in ("get", "post"):
            if method in item:
                shared = item.get("parameters", [])
                yield from _operation(method.upper(), path, item[method], shared)
    yield "<h2>Schemas</h2>"
    for name, schema in document["components"]["schemas"].items():
        shown = html.escape(json.dumps(schema, indent=2, ensure_ascii=False))
        yield f'<details id="{name}"><summary><code>{name}</code></summary><pre>{shown}</pre></details>'
    yield "</main></body></html>"


def _operation(
    method: str, path: str, operation: dict[str, Any], shared: list[dict[str, Any]]
) -> Iterator[str]:
    yield f'<details><summary><span class="method {method}">{method}</span> <code>{html.escape(path)}</code> '
    yield f"{html.escape(operation['summary'])}</summary>"
    rows = [
        (f"{each['name']} ({each['in']})", json.dumps(each["schema"]))
        for each in (*shared, *operation.get("parameters", ()))
    ]
    yield from _table("Parameters", rows)
    bodies = operation.get("requestBody", {}).get("content", {})
    yield from _table("Body", [(media, _schema(each["schema"])) for media, each in bodies.items()])
    answers = [
        (f"{code} {media}", f"{answer['description']}: {_schema(each['schema'])}")
        for code, answer in operation["responses"].items()
        for media, each in answer["content"].items()
    ]
    yield from _table("Answers", answers)
    yield "</details>"


def _table(caption: str, rows: list[tuple[str, str]]) -> Iterator[str]:
    if not rows:
        return
    yield f"<h2>{caption}</h2><table><tbody>"
    for name, text in rows:
        yield f'<tr><th scope="row"><code>{html.escape(name)}</code></th><td>{html.escape(text)}</td></tr>'
    yield "</tbody></table>"


def _schema(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2] or schema.get("type", "bytes")
