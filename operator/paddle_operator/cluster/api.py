"""Requests to the API server: the one place that imports the Kubernetes client, and that reads its errors."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from typing import Any, Self

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.client.exceptions import ApiException
from kubernetes.aio.dynamic import DynamicClient
from kubernetes.aio.dynamic.resource import Resource

from paddle_operator.cluster.kinds import Kind
from paddle_operator.errors import ClusterRefused, Conflict
from paddle_operator.plan import KubeObject
from paddle_operator.reasons import Reason

CONNECTIONS = 32
METHODS = {
    "get": "get",
    "list": "get",
    "create": "post",
    "patch": "patch",
    "update": "put",
    "delete": "delete",
}
"""HTTP's method for each of the API server's verbs, as RBAC has them."""
NO_KIND = "API"
"""Stands for the kind in requests that concern no object."""
OK, MISSING, CONFLICT, REFUSED, UNAVAILABLE = "ok", "missing", "conflict", "refused", "unavailable"
RESULTS = (OK, MISSING, CONFLICT, REFUSED, UNAVAILABLE)
OPERATORS_RIGHT = "Grant it in the operator's role: chart paddle-sla-operator, RBAC"
"""What to do where the operator may not do something."""
Sent = Callable[[str, str, str, float], None]
"""Told of each request when it is answered or lost: verb, kind, result, seconds."""


class NotFound(ClusterRefused):
    """The API server has no such object, or no such kind."""


class Api:
    """The API server's verbs over addresses known beforehand, with a time limit on every request."""

    def __init__(
        self,
        configuration: Configuration,
        timeout_seconds: float,
        sent: Sent = lambda *_: None,
        *,
        forbidden: str = OPERATORS_RIGHT,
    ) -> None:
        configuration.connection_pool_maxsize = CONNECTIONS
        configuration.client_session_kwargs = {"trust_env": False}  # as kopf: a proxy would see every token
        self.configuration = configuration
        self._client = ApiClient(configuration)
        self._dynamic = DynamicClient(self._client)
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._sent = sent
        self._forbidden = forbidden

    @classmethod
    async def connect(cls, timeout_seconds: float, sent: Sent) -> Self:
        """Use the pod's service account, or else the kubeconfig that kubectl would use."""
        configuration = Configuration()
        try:
            config.load_incluster_config(client_configuration=configuration)
        except config.ConfigException:
            await config.load_kube_config(config_file=_kubeconfig(), client_configuration=configuration)
        return cls(configuration, timeout_seconds, sent)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def get(self, kind: Kind, namespace: str, name: str) -> KubeObject:
        """Read one object."""
        return await self._send("get", _resource(kind).path(name, namespace), kind, name)

    async def list(self, kind: Kind, namespace: str | None, **selectors: str) -> list[KubeObject]:
        """Read all objects that the selectors (label_selector, field_selector) leave."""
        path = _resource(kind).path(None, namespace)
        answer = await self._send("list", path, kind, "", **selectors)
        items: list[KubeObject] = answer.get("items") or []
        for item in items:  # a list leaves out of its items what they have in common
            item.setdefault("apiVersion", kind.api_version)
            item.setdefault("kind", kind.kind)
        return items

    async def groups(self) -> set[str]:
        """Every "group/version" that is served."""
        answer = await self._send("get", "/apis", None, "")
        return {str(one["groupVersion"]) for group in answer["groups"] for one in group["versions"]}

    async def resources(self, group_version: str) -> set[str]:
        """The plural of every kind that is served in a group's version."""
        answer = await self._send("get", f"/apis/{group_version}", None, "")
        return {str(one["name"]) for one in answer["resources"]}

    async def may(self, verb: str, kind: Kind, namespace: str) -> bool:
        """Whether the caller has a permission."""
        attributes = {"verb": verb, "group": kind.group, "resource": kind.plural, "namespace": namespace}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        return bool((await self._send("create", path, None, "", body=review))["status"].get("allowed"))

    async def apply(self, kind: Kind, wanted: KubeObject, manager: str, subresource: str = "") -> KubeObject:
        """Write by server-side apply; conflicts are forced, as on objects of one's own."""
        metadata = wanted["metadata"]
        return await self._send(
            "patch",
            _path(kind, metadata["namespace"], metadata["name"], subresource),
            kind,
            metadata["name"],
            body=wanted,
            content_type="application/apply-patch+yaml",
            field_manager=manager,
            force_conflicts=True,
        )

    async def annotate(
        self, kind: Kind, namespace: str, name: str, annotations: Mapping[str, str], manager: str
    ) -> KubeObject:
        """Set these annotations of an object that is somebody else's, and nothing more of it."""
        return await self._send(
            "patch",
            _path(kind, namespace, name, ""),
            kind,
            name,
            body={"metadata": {"annotations": dict(annotations)}},
            content_type="application/merge-patch+json",
            field_manager=manager,
        )

    async def create(self, kind: Kind, body: KubeObject, manager: str) -> KubeObject:
        """Create an object that must not be there yet."""
        path = _resource(kind).path(None, body["metadata"]["namespace"])
        name = body["metadata"].get("name") or body["metadata"].get("generateName", "")
        return await self._send("create", path, kind, name, body=body, field_manager=manager)

    async def replace(self, kind: Kind, body: KubeObject, manager: str) -> KubeObject:
        """Replace an object, if it still has the resourceVersion that the body carries."""
        metadata = body["metadata"]
        path = _resource(kind).path(metadata["name"], metadata["namespace"])
        return await self._send("update", path, kind, metadata["name"], body=body, field_manager=manager)

    async def delete(self, kind: Kind, namespace: str, name: str, uid: str) -> None:
        """Delete an object and what it owns, if it still is the one with that uid; gone already is fine."""
        body = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        try:
            await self._send("delete", _resource(kind).path(name, namespace), kind, name, body=body)
        except (NotFound, Conflict):
            return

    async def _send(self, verb: str, path: str, kind: Kind | None, name: str, **options: Any) -> KubeObject:
        what = kind.kind if kind else NO_KIND
        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            answer = await self._ask(METHODS[verb], path, what, name, **options)
        except ClusterRefused as refused:
            self._sent(verb, what, result_of(refused), clock() - started)
            raise
        self._sent(verb, what, OK, clock() - started)
        return answer

    async def _ask(self, method: str, path: str, what: str, name: str, **options: Any) -> KubeObject:
        try:
            response = await self._dynamic.request(
                method, path, serialize=False, _request_timeout=self._timeout, **options
            )
            answer: KubeObject = await response.json()
        except ApiException as refused:
            code = int(refused.status or 0)
            raise refusal(what, name, code, refused.body, path, forbidden=self._forbidden) from refused
        except (aiohttp.ClientError, TimeoutError, OSError) as lost:
            message = f"{method} {path}: {type(lost).__name__} {lost}".rstrip()
            raise ClusterRefused(what, name, Reason.API_UNAVAILABLE, message) from lost
        return answer


async def connect_as_person(context: str, timeout_seconds: float) -> tuple[Api, str]:
    """Use the kubeconfig as kubectl does; also returns the context's namespace."""
    configuration = Configuration()
    try:
        await config.load_kube_config(_kubeconfig(), context or None, configuration)
        contexts, active = config.list_kube_config_contexts(_kubeconfig())
        chosen = next((one for one in contexts if one["name"] == context), active)
        namespace = chosen["context"].get("namespace") or "default"
    except Exception as wrong:  # somebody's file: the library trips over it in any way
        why = " ".join(str(wrong).split()) or repr(wrong)
        advice = "See `kubectl config view`, or name another file with KUBECONFIG"
        where = _kubeconfig() or "~/.kube/config"
        raise ClusterRefused("kubeconfig", where, Reason.API_UNAVAILABLE, f"{why}. {advice}") from wrong
    # the API server names the right that a person lacks; the operator's role is not where to grant it
    return Api(configuration, timeout_seconds, forbidden=""), namespace


def _kubeconfig() -> str | None:
    """Where kubectl would look now; the library has looked once, when it was imported."""
    return os.environ.get("KUBECONFIG") or None


def refusal(
    kind: str, name: str, code: int, body: object, path: str, *, forbidden: str = OPERATORS_RIGHT
) -> ClusterRefused:
    """What an HTTP error means, in the words of the status. `forbidden`: what to do without the right."""
    message = _message(body) or f"HTTP {code} for {path}"
    if code == 404:
        return NotFound(kind, name, Reason.OBJECT_REFUSED, message)
    if code == 409:
        return Conflict(kind, name, Reason.API_UNAVAILABLE, message)
    reason, advice = _meaning(code, message, forbidden)
    return ClusterRefused(kind, name, reason, f"{message}. {advice}" if advice else message)


def result_of(refused: ClusterRefused) -> str:
    """The word of RESULTS for it: what Kubernetes' own clients would retry is unavailable."""
    if isinstance(refused, NotFound):
        return MISSING
    if isinstance(refused, Conflict):
        return CONFLICT
    return UNAVAILABLE if refused.reason is Reason.API_UNAVAILABLE else REFUSED


def _meaning(code: int, message: str, forbidden: str) -> tuple[Reason, str]:
    """The reason behind an error, and what to do where the message does not say it."""
    if "field not declared in schema" in message:  # which comes as an error 500
        return Reason.OBJECT_REFUSED, "Correct the field, or install the CRDs of a release that has it"
    if code in {401, 408, 429} or code >= 500:
        return Reason.API_UNAVAILABLE, ""
    if "exceeded quota" in message:
        return Reason.QUOTA_EXCEEDED, "Raise the quota or ask for less"
    if "denied" in message or "violates PodSecurity" in message:
        return Reason.ADMISSION_DENIED, ""
    if code == 403 and " cannot " in message:
        return Reason.FORBIDDEN, forbidden
    return Reason.OBJECT_REFUSED, ""


def _message(body: object) -> str:
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
    try:
        said = json.loads(text)
    except ValueError:
        return text.strip()[:512]
    return str(said.get("message", "")) if isinstance(said, Mapping) else text[:512]


def _resource(kind: Kind) -> Resource:
    return Resource(
        prefix="apis" if kind.group else "api",
        group=kind.group,
        api_version=kind.version,
        kind=kind.kind,
        name=kind.plural,
        namespaced=True,
    )


def _path(kind: Kind, namespace: str, name: str, subresource: str) -> str:
    path = str(_resource(kind).path(name, namespace))
    return f"{path}/{subresource}" if subresource else path
