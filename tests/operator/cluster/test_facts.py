"""Reading raw objects: whatever is missing in them, and the answers of the API server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from paddle_operator import names
from paddle_operator.cluster import kinds
from paddle_operator.cluster.api import NotFound, refusal
from paddle_operator.cluster.facts import (
    deployment_facts,
    job_facts,
    pod_facts,
    resolution_of,
    route_facts,
    scaler_facts,
    waits_for_containers,
    waits_for_pod,
)
from paddle_operator.cluster.observe import complaint, controller_of, observation_of
from paddle_operator.errors import Conflict
from paddle_operator.plan import FoundBundle, Platform, Scaler
from paddle_operator.plan.ownership import owns_replicas
from paddle_operator.reasons import Reason
from paddle_operator.spec.source import ModuleName
from paddle_operator.status.facts import JobFacts
from tests.operator.fake_cluster import DIGEST, answer, resource

SCHEDULED = {"type": "PodScheduled", "status": "True"}


def a_pod(**status: Any) -> dict[str, Any]:
    """A pod of which only the status matters."""
    return {
        "metadata": {"name": "p", "uid": "u", "labels": {"batch.kubernetes.io/job-name": "j"}},
        "status": status,
    }


def waiting(*reasons: str) -> dict[str, Any]:
    """A scheduled pod whose containers wait for these reasons."""
    statuses = [{"name": f"c{n}", "state": {"waiting": {"reason": r}}} for n, r in enumerate(reasons)]
    return a_pod(conditions=[SCHEDULED], containerStatuses=statuses)


def test_a_pod_without_a_status_is_read() -> None:
    facts = pod_facts({"metadata": {"name": "p", "uid": "u"}})
    assert (facts.ready, facts.unschedulable, facts.containers) == (False, "", ())


def test_the_end_of_the_run_before_counts_while_the_next_one_runs() -> None:
    end = {"exitCode": 20, "reason": "Error", "message": "m"}
    status = {"name": "runtime", "state": {"running": {}}, "lastState": {"terminated": end}}
    (container,) = pod_facts(a_pod(containerStatuses=[status])).containers
    assert container.running
    assert container.exit is not None
    assert container.exit.code == 20


def test_a_failed_job_that_is_tried_again_is_not_called_well_because_it_runs() -> None:
    end = {"exitCode": 10, "reason": "Error", "message": "m"}
    status = {"name": "resolve", "ready": True, "state": {"running": {}}, "lastState": {"terminated": end}}
    facts = pod_facts(a_pod(conditions=[{"type": "Ready", "status": "True"}], containerStatuses=[status]))
    assert not facts.ready
    assert facts.containers[0].failed


def test_the_scheduler_is_quoted_only_while_it_finds_no_node() -> None:
    nowhere = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}
    assert pod_facts(a_pod(conditions=[nowhere])).unschedulable == "0/1 nodes"
    assert pod_facts(a_pod(conditions=[SCHEDULED])).unschedulable == ""


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        (waiting("ContainerCreating"), True),
        (waiting("PodInitializing", "ContainerCreating"), True),
        (waiting("ImagePullBackOff"), False),
        (a_pod(conditions=[SCHEDULED]), False),
        (a_pod(conditions=[]), False),
    ],
)
def test_events_are_looked_for_only_where_nothing_else_says_why_a_pod_waits(
    pod: dict[str, Any], expected: bool
) -> None:
    assert waits_for_containers(pod) is expected


def an_event(reason: str, second: int, count: int = 1) -> dict[str, Any]:
    """An Event of that reason, last seen at that second."""
    stamp = f"2026-11-22T10:00:{second:02d}Z"
    return {"reason": reason, "message": f"{reason} it is", "lastTimestamp": stamp, "count": count}


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([], ""),
        ([an_event("FailedMount", 1)], ""),
        ([an_event("FailedMount", 8, count=5), an_event("Scheduled", 0)], "FailedMount it is"),
        ([an_event("FailedMount", 8, count=5), an_event("Pulling", 9)], ""),
    ],
    ids=["no Event", "a hiccup", "a mount that goes on failing", "a mount that has succeeded since"],
)
def test_a_mount_that_fails_is_told_while_it_goes_on_failing(events: list[dict[str, Any]], told: str) -> None:
    assert complaint(events, "FailedMount") == told


def test_a_pod_that_a_quota_refuses_is_told_at_once() -> None:
    assert complaint([an_event("FailedCreate", 1)], "FailedCreate") == "FailedCreate it is"


def test_a_job_without_any_pod_waits_for_one() -> None:
    job: dict[str, Any] = {"metadata": {"name": "j", "uid": "u"}}
    assert waits_for_pod(job)
    assert not waits_for_pod({**job, "status": {"active": 1}})
    assert not job_facts(job).finished


@pytest.mark.parametrize(
    "message", ["", "not json", "[]", '{"reason":"Resolved"}', '{"digest":1,"sizeBytes":"x"}']
)
def test_an_answer_that_cannot_be_read_is_no_answer(message: str) -> None:
    assert resolution_of([a_job("j", "key")], [answered("j", {"resolve": message})]) is None


def a_job(name: str, key: str) -> JobFacts:
    """A resolve Job that reads for this key."""
    annotations = {names.ANNOTATION_RESOLVE_KEY: key}
    return job_facts({"metadata": {"name": name, "uid": "u", "annotations": annotations}})


def answered(
    job: str, messages: dict[str, str | None], created: str = "2026-11-22T12:00:00Z"
) -> dict[str, Any]:
    """A pod of a Job whose containers ended well with these messages; None: that one has not ended."""
    statuses = [
        {"name": name, "state": {"terminated": {"exitCode": 0, "message": text}} if text is not None else {}}
        for name, text in messages.items()
    ]
    pod = a_pod(containerStatuses=statuses)
    labels = {"batch.kubernetes.io/job-name": job}
    return {**pod, "metadata": {**pod["metadata"], "labels": labels, "creationTimestamp": created}}


def test_the_newest_answer_counts_and_that_of_an_unknown_job_does_not() -> None:
    said = {"resolve": json.dumps(answer())}
    pods = [
        answered("gone", said, "2026-11-22T14:00:00Z"),
        answered("old", said, "2026-11-22T12:00:00Z"),
        answered("new", said, "2026-11-22T13:00:00Z"),
    ]
    found = resolution_of([a_job("old", "before"), a_job("new", "after")], pods)
    assert found is not None
    assert found.key == "after"


def test_the_answer_is_whole_when_every_container_that_reads_a_manifest_has_ended() -> None:
    model = json.dumps(answer(sizeBytes=7))
    module = json.dumps(answer("sha256:2", format="Onnx", modules=["recognise"], sizeBytes=5))
    beside = {"mesh-proxy": None}
    pods = [answered("j", {**beside, "resolve": model, "resolve-recognition": None})]
    assert resolution_of([a_job("j", "key")], pods) is None
    pods = [answered("j", {**beside, "resolve": model, "resolve-recognition": module})]
    found = resolution_of([a_job("j", "key")], pods)
    assert found is not None
    assert (found.model.digest, found.size_bytes) == (DIGEST, 12)
    assert found.modules == {
        ModuleName.RECOGNITION: FoundBundle("sha256:2", "OCR", "Onnx", frozenset({"recognise"}))
    }


def test_a_deployment_says_why_its_pods_are_refused() -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}
    facts = deployment_facts({"metadata": {"name": "d"}, "spec": {}, "status": {"conditions": [failure]}})
    assert facts.pods_refused == "exceeded quota"


def test_what_a_gateway_said_of_an_older_route_does_not_count() -> None:
    accepted = {"type": "Accepted", "status": "True", "observedGeneration": 1}
    parents = [{"parentRef": {"name": "gw", "namespace": "infra"}, "conditions": [accepted]}]
    (old,) = route_facts({"metadata": {"generation": 2}, "status": {"parents": parents}})
    (new,) = route_facts({"metadata": {"generation": 1}, "status": {"parents": parents}})
    assert (old.accepted, new.accepted, new.parent) == (None, True, "infra/gw")
    assert (old.behind, new.behind) == (True, False)


def a_scaler(kind: str, name: str, owner: dict[str, Any]) -> dict[str, Any]:
    """A scaler of revision calm-1."""
    version = "keda.sh/v1alpha1" if kind == "ScaledObject" else "autoscaling/v2"
    owners = [{**owner, "controller": True}]
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "uid": f"uid-{name}", "ownerReferences": owners},
        "spec": {"scaleTargetRef": {"name": "calm-1"}},
        "status": {"conditions": [{"type": "Ready", "status": "True"}], "desiredReplicas": 4},
    }


def a_deployment() -> dict[str, Any]:
    labels = {names.LABEL_REVISION: "calm-1", names.LABEL_SERVICE: "calm"}
    owners = [{"uid": "uid-cr", "controller": True}]
    metadata = {"name": "calm-1", "uid": "uid-d", "labels": labels, "ownerReferences": owners}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"replicas": 4}}


OURS = {"kind": "PaddleModelService", "uid": "uid-cr"}
KEDAS = {"kind": "ScaledObject", "uid": "uid-calm-1"}


@pytest.mark.parametrize(
    ("scalers", "at_work", "names_"),
    [
        ([], set(), []),
        ([a_scaler("HorizontalPodAutoscaler", "calm-1", OURS)], {Scaler.HPA}, ["calm-1"]),
        (
            [
                a_scaler("ScaledObject", "calm-1", OURS),
                a_scaler("HorizontalPodAutoscaler", "keda-hpa-calm-1", KEDAS),
            ],
            {Scaler.KEDA},
            ["calm-1", "keda-hpa-calm-1"],
        ),
        ([a_scaler("HorizontalPodAutoscaler", "keda-hpa-calm-1", KEDAS)], {Scaler.KEDA}, ["keda-hpa-calm-1"]),
        ([a_scaler("HorizontalPodAutoscaler", "theirs", {"kind": "X", "uid": "x"})], set(), []),
    ],
    ids=["none", "an HPA", "KEDA and what it makes", "what KEDA leaves for a moment", "somebody else's"],
)
def test_scalers_at_work_are_ours_and_those_that_keda_makes_of_them(
    scalers: list[dict[str, Any]], at_work: set[Scaler], names_: list[str]
) -> None:
    seen = observation_of(resource(), [a_deployment(), *scalers], (), {}, Platform({}))
    (revision,) = seen.revisions
    assert revision.scalers.kinds == at_work
    assert [one.name for one in seen.facts.scalers_of("calm-1")] == names_
    assert not any(item["metadata"]["name"].startswith("keda") for item in seen.objects)


def test_a_scaler_on_its_way_out_is_known_with_its_time_and_what_holds_it() -> None:
    scaler = a_scaler("ScaledObject", "calm-1", OURS)
    leaving = {"deletionTimestamp": "2026-11-26T09:28:21Z", "finalizers": ["finalizer.keda.sh"]}
    scaler["metadata"] |= leaving
    seen = observation_of(resource(), [a_deployment(), scaler], (), {}, Platform({}))
    (revision,), (facts,) = seen.revisions, seen.facts.scalers
    assert (
        revision.scalers.leaving_since == facts.leaving_since == datetime(2026, 11, 26, 9, 28, 21, tzinfo=UTC)
    )
    assert facts.finalizers == ("finalizer.keda.sh",)


def test_a_scaler_without_a_status_has_said_nothing() -> None:
    scaler = a_scaler("HorizontalPodAutoscaler", "calm-1", OURS)
    del scaler["status"]
    assert scaler_facts(scaler, by_keda=False).says("ScalingActive").status == ""


@pytest.mark.parametrize(
    ("entries", "ours"),
    [
        ([], False),
        ([("paddle-operator", "Apply", "", True)], True),
        (
            [("paddle-operator", "Apply", "", False), ("kube-controller-manager", "Update", "scale", True)],
            False,
        ),
        ([("paddle-operator", "Update", "", True)], False),
        ([("paddle-operator-replicas", "Apply", "", True)], False),
    ],
    ids=["unknown", "ours", "an HPA's", "not by apply", "only held"],
)
def test_whose_the_number_is_says_the_record_of_the_api_server(
    entries: list[tuple[str, str, str, bool]], ours: bool
) -> None:
    record = [
        {
            "manager": manager,
            "operation": operation,
            **({"subresource": subresource} if subresource else {}),
            "fieldsV1": {"f:spec": {"f:replicas": {}} if replicas else {"f:template": {}}},
        }
        for manager, operation, subresource, replicas in entries
    ]
    assert owns_replicas({"metadata": {"managedFields": record}}) is ours


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        (403, 'deployments is forbidden: User "x" cannot patch resource', Reason.FORBIDDEN),
        (403, 'pods "p" is forbidden: exceeded quota: small', Reason.QUOTA_EXCEEDED),
        (403, 'pods "p" is forbidden: violates PodSecurity "restricted"', Reason.ADMISSION_DENIED),
        (400, 'admission webhook "w" denied the request: no', Reason.ADMISSION_DENIED),
        (422, "Deployment is invalid: spec.selector: field is immutable", Reason.OBJECT_REFUSED),
        (
            500,
            "failed to create typed patch object: .spec.nodeSelektor: field not declared in schema",
            Reason.OBJECT_REFUSED,
        ),
        (429, "slow down", Reason.API_UNAVAILABLE),
        (500, "etcdserver: no leader", Reason.API_UNAVAILABLE),
        (401, "Unauthorized", Reason.API_UNAVAILABLE),
    ],
)
def test_the_api_servers_no_is_understood_and_quoted(code: int, message: str, reason: Reason) -> None:
    said = refusal("Deployment", "d", code, json.dumps({"message": message}), "/x")
    assert said.reason is reason
    assert message in said.message


def test_not_found_and_conflict_are_told_apart_from_all_else() -> None:
    assert isinstance(refusal("Job", "j", 404, b"404 page not found", "/x"), NotFound)
    assert isinstance(refusal("Job", "j", 409, None, "/x"), Conflict)


def test_the_controller_is_the_owner_that_says_so() -> None:
    owners = [{"uid": "a"}, {"uid": "b", "controller": True}]
    assert controller_of({"metadata": {"ownerReferences": owners}}) == "b"
    assert controller_of({"metadata": {}}) is None


def test_every_kind_has_one_address() -> None:
    assert len({(one.api_version, one.plural) for one in kinds.OWNED}) == len(kinds.OWNED)
    assert kinds.DEPLOYMENT.group == "apps"
    assert (kinds.POD.group, kinds.POD.version) == ("", "v1")


def test_a_pod_says_on_which_node_it_runs() -> None:
    assert pod_facts({**a_pod(), "spec": {"nodeName": "n1"}}).node == "n1"
    assert pod_facts({**a_pod(), "spec": {}}).node == ""
