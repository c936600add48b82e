"""The block `status`, as the schema describes it. status.py writes it; this says what it may write."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from paddle_operator.spec.base import Block, list_map
from paddle_operator.spec.source import ModuleName

Text = Annotated[str, Field(max_length=1024)]
Name = Annotated[str, Field(max_length=253)]
Count = Annotated[int, Field(ge=0)]
Figure = Annotated[str, Field(max_length=32)]
"""A decimal number as text: the API has no floats."""


class CountedAt(StrEnum):
    """Where requests were counted."""

    RUNTIME = "Runtime"
    GATEWAY = "Gateway"
    SYNTHETIC = "Synthetic"


class ModuleDigest(Block):
    """The bundle that gives a module."""

    name: Name
    """Name of the module, as in spec.model.modules."""
    digest: Annotated[str, Field(max_length=71)] = ""
    """Digest of the bundle that pods enforce."""


class RevisionStatus(Block):
    """One revision as it is."""

    revision: Name
    """Name of its Deployment and Service."""
    replicas: Count = 0
    """Pods that it should have."""
    ready_replicas: Count = 0
    """Pods that are ready."""
    weight: Annotated[int, Field(ge=0, le=100)] = 0
    """Percentage of the requests that it is to take."""
    effective_weight: Annotated[int, Field(ge=0, le=100)] = 0
    """Percentage that it can be given now: none without a ready pod; with routing type ReplicaRatio its part
    of the ready pods."""
    model_digest: Annotated[str, Field(max_length=71)] = ""
    """Digest of the model's bundle that its pods enforce."""
    modules: Annotated[tuple[ModuleDigest, ...], Field(max_length=len(ModuleName)), list_map("name")] = ()
    """Digests of the bundles whose modules are in the place of the model's own."""


class LastFailure(Block):
    """The last failure of a pod to get or load the model."""

    pod: Name = ""
    """Name of the pod."""
    reason: Name = ""
    """What went wrong, as in the condition ModelLoaded."""
    message: Annotated[str, Field(max_length=16384)] = ""
    """What is wrong, with which value, and what to do."""
    exit_code: int | None = None
    """Exit code of the container, absent if it did not end."""


class ModelStatus(Block):
    """How far the model of the newest revision has come."""

    state: Annotated[str, Field(max_length=32)] = ""
    """Resolving, NoPods, Pending, Downloading, Loading, Loaded or Failed."""
    last_failure: LastFailure | None = None
    """The last failure that the pods remember, also of a container that is well again."""


class ObjectiveStatus(Block):
    """One objective as promised and as measured over the window."""

    name: Annotated[str, Field(max_length=40)]
    """Name of the objective."""
    promise: Text = ""
    """The objective in words."""
    source: CountedAt | None = None
    """Where requests were counted. Gateway: by its proxies, which see what no pod took, too. Runtime: in the
    pods. Synthetic: the operator's own golden requests, while there is less traffic than minTraffic."""
    attained_percent: Figure = ""
    """Percentage of requests that were good, rounded down; absent without requests."""
    budget_remaining_percent: Figure = ""
    """What is left of the requests that may fail, in percent of them, rounded down; negative when more have
    failed."""
    burn_rate1h: Annotated[Figure, Field(alias="burnRate1h")] = ""
    """How many times faster than allowed the budget was spent over the last hour, rounded up: 1 spends
    exactly all of it in a whole window. Absent without requests."""
    unknown_minutes: Count | None = None
    """Minutes of the window, rounded up, of which nobody knows what happened at some pod. They count
    neither as good nor as bad."""


class SlaStatus(Block):
    """The promise and what came of it."""

    promise: Text = ""
    """The whole promise in one line."""
    budget_remaining_percent: Figure = ""
    """The least of what is left to any objective, in percent of what it may spend."""
    objectives: Annotated[tuple[ObjectiveStatus, ...], Field(max_length=8), list_map("name")] = ()
    """The objectives."""


class Condition(Block):
    """One aspect of the resource's state, as every Kubernetes condition."""

    type: Annotated[str, Field(min_length=1, max_length=316)]
    """Name of the aspect, such as Ready."""
    status: Literal["True", "False", "Unknown"]
    """Whether it holds."""
    reason: Annotated[
        str, Field(min_length=1, max_length=1024, pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")
    ]
    """Why, as one word of a documented list."""
    message: Annotated[str, Field(max_length=32768)] = ""
    """What is wrong, with which value, and what to do."""
    observed_generation: Annotated[int, Field(ge=0)] | None = None
    """metadata.generation that this was said about."""
    last_transition_time: Annotated[str, Field(json_schema_extra={"format": "date-time"})]
    """When `status` last changed."""


class RolloutResult(Block):
    """What was counted of one objective since the rollout began, and what it comes to."""

    objective: Annotated[str, Field(max_length=40)]
    """Name of the objective."""
    canary_requests: Count = 0
    """Requests of the canary that count."""
    canary_bad: Count = 0
    """Those of them that failed the objective."""
    stable_requests: Count = 0
    """The same of the stable revision, at the same time."""
    stable_bad: Count = 0
    """Those of them that failed the objective."""
    evidence_absolute: Figure = ""
    """Evidence that the canary breaks the promise: 1 says nothing, 100 times the number of objectives divided
    by falseRollbackPercent is enough."""
    evidence_relative: Figure = ""
    """Evidence that it is worse than the stable revision, on the same scale. The more the
    stable revision seems to break the promise, too, the less of it counts."""
    evidence_proof: Figure = ""
    """Evidence that it spends less than toleranceFactor times the budget: with 20 it is proven at 95 %."""
    verdict: Annotated[str, Field(max_length=32)] = ""
    """Broken, SharedIncident, Regression, NothingAgainst or NoData."""


class RolloutStatus(Block):
    """How far a rollout is."""

    revision: Name = ""
    """Who is rolled out, or serves."""
    state: Annotated[str, Field(max_length=32)] = ""
    """Where the rollout is: docs/reference/rollout.md has all states."""
    hosting: Text = ""
    """How the pods of the revision find room, and what that costs: said before anything was done."""
    hold: Annotated[str, Field(max_length=32)] = ""
    """Why it waits, where it does."""
    message: Text = ""
    """What happened last."""
    step: Count | None = None
    """The present step, from 1."""
    steps: Count | None = None
    """How many there are."""
    time_to_proof_seconds: Count | None = None
    """How long it takes until the canary is proven, at the present traffic and with as many failures as the
    service has now, in seconds: in all before it begins, then what is left. Absent where that is not known,
    and without requests."""
    verdict: Annotated[str, Field(max_length=32)] = ""
    """The worst finding of any objective: Broken, SharedIncident, Regression, NoData or NothingAgainst."""
    evidence_needed: Figure = ""
    """From here on evidenceAbsolute and evidenceRelative speak against the canary."""
    proof_needed: Figure = ""
    """From here on evidenceProof proves it."""
    results: Annotated[tuple[RolloutResult, ...], Field(max_length=9)] = ()
    """What was counted, of each objective. Where the canary refused requests as the caller's mistake, also of
    `refused (4xx)`."""
    counted_from: Annotated[tuple[Annotated[str, Field(max_length=2048)], ...], Field(max_length=2)] = ()
    """The series that it was counted from, as Prometheus takes their selector. The operator's log has each
    look's query, with its moment and its answer, and the counts as `paddle-operator replay` reads them."""


class RejectedRevision(Block):
    """A revision that takes no requests any more, unless a person says retry."""

    revision: Name
    """Its name."""
    reason: Annotated[str, Field(max_length=64)]
    """Why, as one word."""
    message: Text = ""
    """What was found."""
    at: Annotated[str, Field(max_length=64)]
    """When, RFC 3339."""


class LeftBake(RejectedRevision):
    """A revision that gave its requests back in its bake; asked for again, it is tried again."""


class HandledRequest(Block):
    """The last request of a person that was answered."""

    request: Annotated[str, Field(max_length=160)]
    """VERB/REVISION/NONCE, as it stood in the annotation."""
    outcome: Annotated[str, Field(max_length=32)]
    """Accepted or Refused."""
    message: Text = ""
    """What was done, or why nothing was and what can be asked for."""
    at: Annotated[str, Field(max_length=64)]
    """When, RFC 3339."""


class Status(Block):
    """What the operator found."""

    observed_generation: Annotated[int, Field(ge=0)] | None = None
    """metadata.generation that this status is about."""
    url: Annotated[str, Field(max_length=512)] = ""
    """Address of the service."""
    sla_hash: Annotated[str, Field(max_length=64)] = ""
    """Hash of the promise that the pods measure by."""
    replicas: Count = 0
    """Pods of all revisions that take traffic."""
    selector: Annotated[str, Field(max_length=512)] = ""
    """Label selector of the pods that take traffic, for the scale subresource."""
    stable: RevisionStatus | None = None
    """The revision that serves."""
    canary: RevisionStatus | None = None
    """The revision that is tried, or takes over when it is ready."""
    previous: RevisionStatus | None = None
    """The revision that served before and stays as it is until that is safe to give up."""
    rollout: RolloutStatus | None = None
    """How far the rollout is; absent without spec.rollout."""
    rejected_revisions: Annotated[tuple[RejectedRevision, ...], Field(max_length=5)] = ()
    """Revisions that were rejected, newest first."""
    left_bake: Annotated[tuple[LeftBake, ...], Field(max_length=5)] = ()
    """Revisions that gave their requests back in a bake, newest first: nobody goes back to them until they
    are through one."""
    last_handled_request: HandledRequest | None = None
    """What came of the annotation serving.paddle-sla.io/request."""
    model: ModelStatus | None = None
    """How far the model of the newest revision has come."""
    sla: SlaStatus | None = None
    """The promise and what came of it."""
    conditions: Annotated[tuple[Condition, ...], Field(max_length=16), list_map("type")] = ()
    """All conditions, from the first look on: Ready, ModelLoaded, SLAMet, SLAFeasible,
    RolloutComplete, RouteAccepted, MetricsAvailable, ScalingActive, Reconciling, Stalled."""
