"""A fake API server of two kinds, in this process: what kopf and the sweep ask of one, and nothing more."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from sweep.access import kubeconfig_for

PATH = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/(?P<version>[^/]+)(?:/namespaces/(?P<namespace>[^/]+)(?=/))?"
    r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+))?"
)
KINDS = {"namespaces": "Namespace", "configmaps": "ConfigMap", "ponds": "Pond"}
GROUP = "example.com"
TOKEN = "of-the-fake"

Object = dict[str, Any]


class FakeApiServer:
    """Objects in a dictionary by namespace, plural and name; a queue for each watch."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], Object] = {}
        self.asked: list[str] = []
        self._version = 100
        self._watches: list[tuple[str, str, asyncio.Queue[Object]]] = []
        self.port = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[FakeApiServer]:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kubeconfig(self) -> str:
        return kubeconfig_for(self.url, TOKEN, "default")

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return refusal(401, "who are you?")
        if (found := discovery(request.path)) is not None:
            return web.json_response(found)
        place = PATH.fullmatch(request.path)
        if place is None or place["plural"] not in KINDS:
            return web.Response(status=404, text="404 page not found\n")  # of an unknown group
        key = (place["namespace"] or "", place["plural"], place["name"] or "")
        match request.method:
            case "GET" if "watch" in request.query:
                return await self._watch(request, key)
            case "GET":
                return self._read(key)
            case "POST":
                return self._create(key, await request.json())
            case "PATCH":
                return self._patch(key, await request.json(), "apply" in request.content_type)
            case _:
                return self._delete(key)

    def _read(self, key: tuple[str, str, str]) -> web.Response:
        namespace, plural, name = key
        if name:
            return web.json_response(self.objects[key]) if key in self.objects else refusal(404, name)
        items = [
            one for (where, what, _), one in self.objects.items() if (where, what) == (namespace, plural)
        ]
        metadata = {"resourceVersion": str(self._version)}
        return web.json_response({"kind": f"{KINDS[plural]}List", "metadata": metadata, "items": items})

    def _create(self, key: tuple[str, str, str], body: Object) -> web.Response:
        metadata = body["metadata"]
        name = metadata.get("name") or metadata["generateName"] + uuid.uuid4().hex[:5]
        if (*key[:2], name) in self.objects:
            return refusal(409, f"{name} exists")
        metadata.update(name=name, namespace=key[0], uid=str(uuid.uuid4()))
        return web.json_response(self._store((*key[:2], name), body, "ADDED"), status=201)

    def _patch(self, key: tuple[str, str, str], body: Object, apply: bool) -> web.Response:
        if key in self.objects:
            return web.json_response(self._store(key, merged(self.objects[key], body), "MODIFIED"))
        return self._create(key, body) if apply else refusal(404, key[2])

    def _delete(self, key: tuple[str, str, str]) -> web.Response:
        gone = self.objects.pop(key, None)
        if gone is None:
            return refusal(404, key[2])
        self._tell(key, gone, "DELETED")
        return web.json_response({"kind": "Status", "details": {"uid": gone["metadata"]["uid"]}})

    def _store(self, key: tuple[str, str, str], body: Object, event: str) -> Object:
        self._version += 1
        body["metadata"]["resourceVersion"] = str(self._version)
        self.objects[key] = body
        self._tell(key, body, event)
        return body

    def _tell(self, key: tuple[str, str, str], body: Object, event: str) -> None:
        for namespace, plural, queue in self._watches:
            if (namespace, plural) == key[:2]:
                queue.put_nowait({"type": event, "object": body})

    async def _watch(self, request: web.Request, key: tuple[str, str, str]) -> web.StreamResponse:
        queue: asyncio.Queue[Object] = asyncio.Queue()
        if "resourceVersion" not in request.query:
            for (where, what, _), one in self.objects.items():
                if (where, what) == key[:2]:
                    queue.put_nowait({"type": "ADDED", "object": one})
        watch = (key[0], key[1], queue)
        self._watches.append(watch)
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(json.dumps(await queue.get()).encode() + b"\n")
        finally:
            self._watches.remove(watch)


def merged(old: Any, new: Any) -> Any:
    """RFC 7396."""
    if not isinstance(new, dict) or not isinstance(old, dict):
        return new
    both = {key: merged(old.get(key, {}), value) for key, value in new.items() if value is not None}
    return {key: value for key, value in {**old, **both}.items() if key not in new or new[key] is not None}


def refusal(code: int, message: str) -> web.Response:
    body = {"kind": "Status", "status": "Failure", "code": code, "message": message}
    return web.json_response(body, status=code)


def discovery(path: str) -> Object | None:
    """What kopf asks before it watches anything."""

    def kind(plural: str) -> Object:
        verbs = ["list", "watch", "get", "patch", "create", "delete"]
        return {"name": plural, "kind": KINDS[plural], "namespaced": plural != "namespaces",
                "singularName": "", "verbs": verbs}  # fmt: skip

    version = {"groupVersion": f"{GROUP}/v1", "version": "v1"}
    return {
        "/api": {"versions": ["v1"]},
        "/apis": {"groups": [{"name": GROUP, "versions": [version], "preferredVersion": version}]},
        "/api/v1": {"resources": [kind("namespaces"), kind("configmaps")]},
        f"/apis/{GROUP}/v1": {"resources": [kind("ponds")]},
    }.get(path)
