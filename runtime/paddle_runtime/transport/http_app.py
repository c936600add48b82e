"""All routes of the HTTP server, and what probes, Prometheus and Open Inference Protocol clients are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from paddle_runtime import metrics as metric_names
from paddle_runtime import tasks
from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.protocol.v2_binary import EXTENSION
from paddle_runtime.transport import openapi, statistics
from paddle_runtime.transport.front import Front, count_astray, request_id
from paddle_runtime.transport.http_batch import BatchEndpoint
from paddle_runtime.transport.http_body import READERS
from paddle_runtime.transport.http_docs import docs_routes
from paddle_runtime.transport.http_golden import GoldenEndpoint
from paddle_runtime.transport.http_models import ModelEndpoint
from paddle_runtime.transport.http_page import page_routes
from paddle_runtime.transport.replies import json_response

OPENAPI = "/openapi.json"
SERVER_NAME = "paddle-runtime"
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Description:
    """What GET /v2 and GET /v2/models/NAME answer; `alive` is asked at each liveness probe."""

    version: str
    model: Mapping[str, Any]
    alive: Callable[[], bool]


def make_app(front: Front, description: Description) -> Starlette:
    """The ASGI application."""
    routes = [
        *(
            Route(path, ModelEndpoint(kind, READERS, front), methods=["POST"])
            for path, kind in tasks.paths().items()
            if not tasks.of_the_bundle(kind)
        ),
        *(
            Route(kind.path, GoldenEndpoint(kind, READERS, front), methods=["POST"])
            for kind in tasks.OF_THE_BUNDLE
        ),
        *(
            Route(path, BatchEndpoint(kind, READERS, front), methods=["POST"])
            for path, kind in tasks.batch_paths().items()
        ),
        Route(
            "/v2/models/{name}/versions/{version}/infer",
            ModelEndpoint("infer", READERS, front),
            methods=["POST"],
        ),
        *map(_identified, _probe_routes(front, description)),
        *map(_identified, _metadata_routes(front, description)),
        *map(_identified, page_routes(model=front.service.served.name, task=front.service.served.task)),
    ]
    document = _openapi([*(route.path for route in routes), OPENAPI], front, description)
    routes += map(_identified, docs_routes(document))
    app = Starlette(routes=routes, exception_handlers={HTTPException: _no_such_endpoint(front)})
    app.router.redirect_slashes = False  # it would send a POST to whatever host the caller named
    return app


def _openapi(paths: list[str], front: Front, description: Description) -> dict[str, Any]:
    served = front.service.served
    return openapi.document(
        paths,
        task=served.task,
        model=served.name,
        model_version=served.version,
        version=description.version,
    )


def _probe_routes(front: Front, description: Description) -> list[Route]:
    async def live(request: Request) -> Response:
        alive = description.alive()
        document = {"live": alive, "status": "ok" if alive else "failed", "state": front.health.state}
        return json_response(document, 200 if alive else 503)

    async def ready(request: Request) -> Response:
        return _ready(front, {})

    async def metrics(request: Request) -> Response:
        return Response(front.metrics.render(), media_type=metric_names.CONTENT_TYPE)

    return [
        Route("/health", live),
        Route("/v2/health/live", live),
        Route("/v2/health/ready", ready),
        Route("/metrics", metrics),
    ]


def _metadata_routes(front: Front, description: Description) -> list[Route]:
    served = front.service.served

    async def server(request: Request) -> Response:
        extensions = [EXTENSION, statistics.EXTENSION]
        document = {"name": SERVER_NAME, "version": description.version, "extensions": extensions}
        return json_response(document)

    async def models(request: Request) -> Response:
        return json_response({"models": [served.name]})

    async def model(request: Request) -> Response:
        return json_response(description.model)

    async def model_ready(request: Request) -> Response:
        return _ready(front, {"name": served.name})

    async def stats(request: Request) -> Response:
        return json_response(front.statistics.document(served.name, served.version))

    return [
        Route("/v2", server),
        Route("/v2/models", models),
        Route("/v2/models/{name}", _of_this_model(front, model)),
        Route("/v2/models/{name}/ready", _of_this_model(front, model_ready)),
        Route("/v2/models/{name}/stats", _of_this_model(front, stats)),
        Route("/v2/models/{name}/versions/{version}", _of_this_model(front, model)),
        Route("/v2/models/{name}/versions/{version}/ready", _of_this_model(front, model_ready)),
        Route("/v2/models/{name}/versions/{version}/stats", _of_this_model(front, stats)),
    ]


def _ready(front: Front, more: Mapping[str, str]) -> Response:
    """Ready or not decides on the status code; the body is for people."""
    ready = front.health.ready
    return json_response({**more, "ready": ready, "state": front.health.state}, 200 if ready else 503)


def _of_this_model(front: Front, handler: Handler) -> Handler:
    """404 with what is here when another model or version is asked for."""

    async def checked(request: Request) -> Response:
        try:
            front.service.check_model(request.path_params["name"], request.path_params.get("version"))
        except Invalid as fault:
            raise HTTPException(404, str(fault)) from None
        return await handler(request)

    return checked


def _identified(route: Route) -> Route:
    """Every answer carries its request's id."""

    async def answered(request: Request) -> Response:
        response: Response = await route.endpoint(request)
        response.headers["X-Request-Id"] = request_id(request.headers)
        return response

    return Route(route.path, answered)


def _no_such_endpoint(front: Front) -> Callable[[Request, Exception], Awaitable[Response]]:
    """404 and 405 in the same form as every other error, and counted like it."""
    served = front.service.served
    known = ", ".join(kind.path.format(name=served.name) for kind in tasks.TASKS[served.task].kinds)

    async def answered(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        detail, reason = error.detail, RequestReason.NOT_FOUND
        if error.status_code == 404 and detail == "Not Found":
            detail = f"no endpoint {request.url.path[:80]!r}; try {known}, /v2, /v2/health/ready or /metrics"
        if error.status_code == 405:
            allowed = (error.headers or {}).get("Allow", "")
            detail = f"{request.method} is not for {request.url.path[:80]!r}; use {allowed}"
            reason = RequestReason.WRONG_METHOD
        count_astray(front, request.headers, Invalid(reason, detail), protocol="http")
        own = request_id(request.headers)
        document = {"error": detail, "reason": reason.value, "requestId": own}
        return json_response(document, error.status_code, {**(error.headers or {}), "X-Request-Id": own})

    return answered
