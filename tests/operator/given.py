"""Builders, so that a test reads as a sentence: a_service(a_resource().on("GPU")), a_world().settles()."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from paddle_operator import names
from paddle_operator.plan import (
    FoundBundle,
    KubeObject,
    LiveRevision,
    Plan,
    Platform,
    Resolution,
    Scaler,
    ScalersAtWork,
    live_revision,
    plan,
)
from paddle_operator.plan.learned_target import target_from
from paddle_operator.plan.ownership import FIELD_MANAGER, owns_replicas
from paddle_operator.rollout.course import Course
from paddle_operator.sla.profile import Profile
from paddle_operator.spec import Service, parse
from paddle_operator.spec.source import ModuleName
from paddle_operator.spec.workload import Device

DIGEST = "sha256:" + "ab" * 32
OTHER_DIGEST = "sha256:" + "cd" * 32
MODULE_DIGEST = "sha256:" + "ef" * 32
NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
UID = "00000000-0000-4000-8000-000000000001"
EVERY_DEVICE = Platform(
    {device: f"runtime-{device.lower()}:1" for device in Device}, gateway_api=True, envoy_gateway=True
)
WITH_KEDA = replace(EVERY_DEVICE, keda=True, prometheus_url="http://prometheus.monitoring:9090")


@dataclass(frozen=True)
class Resource:
    """A resource as a user writes it. Every method returns a changed copy."""

    body: dict[str, Any]

    def with_(self, path: str, value: Any) -> Self:
        """Set a field by its path, such as spec.model.uri; None removes it."""
        body = copy.deepcopy(self.body)
        *above, last = path.split(".")
        place = body
        for step in above:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
        return replace(self, body=body)

    def named(self, name: str) -> Self:
        return self.with_("metadata.name", name)

    def reading(self, uri: str, **model: Any) -> Self:
        return self.with_("spec.model", {"uri": uri, **model})

    def with_module(self, name: str, uri: str, **module: Any) -> Self:
        modules = self.body["spec"]["model"].get("modules", [])
        return self.with_("spec.model.modules", [*modules, {"name": name, "uri": uri, **module}])

    def on(self, device: str, **runtime: Any) -> Self:
        return self.with_("spec.runtime", {"device": device, **runtime})

    def replicas(self, count: int) -> Self:
        return self.with_("spec.scaling", {"replicas": count})

    def scaled(self, **scaling: Any) -> Self:
        """Let a scaler decide, by CPU between 2 and 10 pods where nothing else is said."""
        cpu = {"name": "cpu", "type": "CPUUtilization", "target": {"value": "70"}}
        return self.with_("spec.scaling", {"minReplicas": 2, "maxReplicas": 10, "metrics": [cpu], **scaling})

    def promising(self, *objectives: dict[str, Any]) -> Self:
        return self.with_("spec.sla", {"objectives": list(objectives)})

    def through(self, gateway: str, *hostnames: str) -> Self:
        parents = [{"name": gateway, "namespace": "infra"}]
        routing = {"type": "GatewayAPI", "parentRefs": parents, "hostnames": list(hostnames)}
        return self.with_("spec.routing", routing)


def a_resource() -> Resource:
    return Resource(
        {
            "apiVersion": "serving.paddle-sla.io/v1alpha1",
            "kind": "PaddleModelService",
            "metadata": {"name": "ocr", "namespace": "prod", "uid": UID, "generation": 3},
            "spec": {
                "model": {"uri": "s3://models/ppocr", "s3": {"endpoint": "http://store:7070"}},
                "sla": {"objectives": [{"name": "up", "availability": {"targetPercent": "99.9"}}]},
            },
        }
    )


def a_service(resource: Resource | None = None) -> Service:
    return parse((resource or a_resource()).body)


def a_bundle(digest: str = DIGEST, **said: Any) -> FoundBundle:
    """A bundle as its manifest says: of PP-OCR in Paddle's form, where nothing else is told."""
    ppocr = {
        "task": "OCR",
        "format": "PaddleInference",
        "modules": frozenset({"detect", "orient", "recognise"}),
    }
    return FoundBundle(digest=digest, **{**ppocr, **said})


def planned(
    service: Service,
    *,
    digest: str | None = DIGEST,
    size_bytes: int = 1000,
    task: str | None = None,
    form: str | None = None,
    modules: dict[str, FoundBundle] | None = None,
    live: tuple[LiveRevision, ...] = (),
    platform: Platform = EVERY_DEVICE,
    now: datetime = NOON,
    profile: Profile | None = None,
    course: Course | None = None,
) -> Plan:
    """Plan as if the resolve Job had found this digest, and these bundles for modules where they differ from
    what is declared; None: it has not answered."""
    key = plan(service, platform, None, live, now).resolve_key
    resolution = None
    if key is not None and digest is not None:
        declared = service.spec.model
        model = a_bundle(digest, task=task or declared.task.value, format=form or declared.format.value)
        found = {one.name: a_bundle(MODULE_DIGEST, format=one.format.value) for one in declared.modules}
        found |= {ModuleName(name): bundle for name, bundle in (modules or {}).items()}
        resolution = Resolution(key, model, found, size_bytes)
    return plan(service, platform, resolution, live, now, profile=profile, course=course)


def weights(route: KubeObject, rule: int = 0) -> dict[str, int]:
    """The percent of each revision in a rule of a route: a place that is lent is its borrower's."""
    found: dict[str, int] = {}
    for one in route["spec"]["rules"][rule]["backendRefs"]:
        found[one["name"]] = found.get(one["name"], 0) + one["weight"]
    whole = sum(found.values())
    return {name: percent for name, weight in found.items() if (percent := round(100 * weight / whole))}


def handed(made: Plan) -> dict[str, int]:
    """The numbers that are handed over, by revision."""
    return {one["metadata"]["name"]: one["spec"]["replicas"] for one in made.handed_over}


def kinds(made: Plan) -> list[str]:
    return [item["kind"] for item in made.objects]


def the(made: Plan, kind: str, name: str | None = None) -> KubeObject:
    found = [o for o in made.objects if o["kind"] == kind and name in {None, o["metadata"]["name"]}]
    assert len(found) == 1, f"{len(found)} objects of kind {kind}: {[o['metadata']['name'] for o in found]}"
    return found[0]


def template(made: Plan) -> dict[str, Any]:
    spec: dict[str, Any] = the(made, "Deployment")["spec"]["template"]
    return spec


def container(made: Plan) -> dict[str, Any]:
    found: dict[str, Any] = template(made)["spec"]["containers"][0]
    return found


def init_container(made: Plan, name: str = "fetch") -> dict[str, Any]:
    (found,) = [one for one in template(made)["spec"]["initContainers"] if one["name"] == name]
    return dict(found)


def environment(of: dict[str, Any]) -> dict[str, str]:
    return {variable["name"]: variable["value"] for variable in of["env"]}


@dataclass
class World:
    """A cluster that does what the plans say: objects are applied one by one, pods become ready when told."""

    service: Service
    platform: Platform = EVERY_DEVICE
    digest: str | None = DIGEST
    now: datetime = NOON
    objects: dict[tuple[str, str], KubeObject] = field(default_factory=dict)
    ready: dict[str, int] = field(default_factory=dict)
    last: Plan | None = None
    profile: Profile = field(default_factory=Profile)
    course: Course | None = None

    def decides(self, course: Course | None) -> Self:
        """Let a rollout decide from now on; None: the wanted revision takes over when it is ready."""
        self.course = course
        return self

    def wants(self, resource: Resource) -> Self:
        self.service = a_service(resource)
        return self

    def finds(self, digest: str | None) -> Self:
        """Let resolve Jobs find this digest from now on, or nothing."""
        self.digest = digest
        return self

    def after(self, seconds: float) -> Self:
        self.now += timedelta(seconds=seconds)
        return self

    @property
    def live(self) -> tuple[LiveRevision, ...]:
        found = []
        for (kind, name), item in self.objects.items():
            if kind == "Deployment":
                status = {"availableReplicas": self.ready.get(name, 0)}
                revision = live_revision({**item, "status": status}, self._at_work(name))
                assert revision is not None
                found.append(revision)
        return tuple(found)

    def _at_work(self, revision: str) -> ScalersAtWork:
        kinds = [kind for kind in Scaler if (kind, revision) in self.objects]
        annotations = [self.objects[kind, revision]["metadata"].get("annotations", {}) for kind in kinds]
        learned = [target_from(one.get(names.ANNOTATION_LEARNED_TARGET, "")) for one in annotations]
        return ScalersAtWork(frozenset(kinds), learned_target=next(iter(learned), None))

    def look(self) -> Plan:
        return planned(
            self.service,
            digest=self.digest,
            live=self.live,
            platform=self.platform,
            now=self.now,
            profile=self.profile,
            course=self.course,
        )

    def reconcile(self, crash_after: int | None = None) -> Plan:
        """Apply a plan, or only its first writes; deletions come last, as in the flow."""
        made = self.look()
        self.last = made
        for item in made.objects[:crash_after]:
            self._apply(item, made)
        if crash_after is None or crash_after >= len(made.objects):
            wanted = {(item["kind"], item["metadata"]["name"]) for item in made.objects}
            for key in [key for key in self.objects if key not in wanted]:
                if (
                    self.objects[key]["metadata"]["labels"].get("serving.paddle-sla.io/revision")
                    in made.untouched
                ):
                    continue
                del self.objects[key]
        for name in self.ready:
            pods = self.replicas(name) if name in self.deployments else 0
            self.ready[name] = min(self.ready[name], pods)
        return made

    def _apply(self, item: KubeObject, made: Plan) -> None:
        """As server-side apply does: a number that nobody owns any more goes back to its default."""
        key = (item["kind"], item["metadata"]["name"])
        live = copy.deepcopy(item)
        if item["kind"] == "Deployment":
            ours = "replicas" in item["spec"]
            if not ours:
                before = self.objects[key]
                lost = owns_replicas(before) and item["metadata"]["name"] not in handed(made)
                live["spec"]["replicas"] = 1 if lost else before["spec"]["replicas"]
            fields = {"f:spec": {"f:replicas": {}} if ours else {}}
            record = {"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": fields}
            live["metadata"]["managedFields"] = [record]
        self.objects[key] = live

    def becomes_ready(self, revision: str | None) -> Self:
        assert revision is not None
        self.ready[revision] = self.objects[("Deployment", revision)]["spec"]["replicas"]
        return self

    def settles(self) -> Self:
        """Reconcile and let everything become ready until nothing moves."""
        for _ in range(6):
            self.reconcile()
            for kind, name in self.objects:
                if kind == "Deployment":
                    self.becomes_ready(name)
        return self

    def scales(self, revision: str | None, replicas: int) -> Self:
        """A scaler sets a number of pods, which become ready."""
        deployment = self.objects[("Deployment", str(revision))]
        deployment["spec"]["replicas"] = replicas
        deployment["metadata"]["managedFields"] = []
        return self.becomes_ready(revision)

    def replicas(self, revision: str | None) -> int:
        count: int = self.objects[("Deployment", str(revision))]["spec"]["replicas"]
        return count

    @property
    def serving(self) -> str | None:
        """The revision that the plain Service points to, if its pods are there."""
        if ("Service", self.service.identity.name) not in self.objects:
            return None
        name = self.selector["serving.paddle-sla.io/revision"]
        return name if ("Deployment", name) in self.objects else None

    @property
    def selector(self) -> dict[str, str]:
        """Whose pods the plain Service has."""
        found: dict[str, str] = self.objects[("Service", self.service.identity.name)]["spec"]["selector"]
        return found

    @property
    def backends(self) -> dict[str, int]:
        """The revisions that the route's counted rule sends requests to, by weight."""
        return weights(self.objects[("HTTPRoute", self.service.identity.name)])

    def role(self, revision: str) -> str:
        labels = self.objects[("Deployment", revision)]["metadata"]["labels"]
        role: str = labels["serving.paddle-sla.io/role"]
        return role

    @property
    def deployments(self) -> set[str]:
        return {name for kind, name in self.objects if kind == "Deployment"}


def a_world(resource: Resource | None = None) -> World:
    return World(a_service(resource))
