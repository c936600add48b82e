"""What the verdicts look at: resource, plan and facts, with the few answers that all of them need."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from paddle_operator.plan import Plan, Scaler, only_watches
from paddle_operator.reasons import Reason
from paddle_operator.spec import Service
from paddle_operator.status.conditions import Before
from paddle_operator.status.diagnosis import Failure, ModelState, failure_among, state_of
from paddle_operator.status.facts import DeploymentFacts, Facts, PodFacts, RefusedWrite
from paddle_operator.status.rollout import RolloutFacts

ENDS_LATE = timedelta(minutes=1)
"""A kubelet needs a moment after it has killed a pod; one that needs longer is not there."""


@dataclass(frozen=True)
class Situation:
    """One look at one service."""

    service: Service
    plan: Plan
    facts: Facts
    before: Before
    rollout: RolloutFacts | None = None
    """None of a service that has no rollout: a wanted revision takes over when it is ready."""
    now: datetime | None = None
    failure: Failure | None = field(init=False)
    state: ModelState = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "failure", self._failure())
        object.__setattr__(self, "state", self._state())

    @property
    def generation(self) -> int:
        """The generation of the resource that is looked at."""
        return self.service.identity.generation

    @property
    def wanted(self) -> int:
        """Replicas that there must be: a fixed number, or what a scaler may not go below."""
        return max(self.plan.scale.least, self.service.spec.scaling.least)

    @property
    def asked(self) -> int:
        """Replicas asked for in this moment: a scaler may ask for more than there must be."""
        if self.plan.scale.scaler is None or self.target is None:
            return self.wanted
        return max(self.wanted, self.target.wanted_replicas)

    @property
    def target(self) -> DeploymentFacts | None:
        """The Deployment of the wanted revision, once there is one."""
        return self.facts.deployment(self.plan.target)

    @property
    def ready(self) -> int:
        """Ready replicas of the wanted revision."""
        return self.target.ready_replicas if self.target else 0

    @property
    def unserved(self) -> tuple[RefusedWrite, ...]:
        """Refused objects that take part in serving: pods answer without a scaler and unwatched."""
        scalers = set(Scaler)
        return tuple(
            one for one in self.facts.refusals if one.kind not in scalers and one not in self.unwatched
        )

    @property
    def unwatched(self) -> tuple[RefusedWrite, ...]:
        """Refused objects that only watch the service: rules, scrapes, its dashboard, its reports."""
        mine = self.service.identity.name
        return tuple(one for one in self.facts.refusals if only_watches(mine, one.kind, one.name))

    @property
    def nodes(self) -> tuple[str, ...]:
        """The node of each ready pod that serves."""
        serving = self.facts.pods_of(self.plan.stable)
        return tuple(sorted(pod.node for pod in serving if pod.ready and pod.node))

    @property
    def settled(self) -> bool:
        """Whether the wanted revision is the one that serves."""
        return self.plan.target is not None and self.plan.target == self.plan.stable

    @property
    def without_pods(self) -> bool:
        """Whether the wanted revision has no pod and is to have none: its rollout waits, or rejected it."""
        course = self.plan.course
        known = self.rollout is not None and self.plan.target is not None
        wanted = self.plan.target in {course.stable, course.canary}
        return known and not wanted and not self.facts.pods_of(self.plan.target)

    @property
    def keeps_serving(self) -> str:
        """A sentence about who serves, where another revision is wanted than the one that did so far."""
        stable, canary = self.facts.deployment(self.plan.stable), self.facts.deployment(self.plan.canary)
        if stable is None or self.settled:
            return ""
        if not stable.ready_replicas:
            if canary is not None and canary.ready_replicas and self.plan.course.canary_weight:
                return f" Revision {canary.revision} serves with {canary.ready_replicas} ready replicas."
            return f" Nobody serves: revision {stable.revision}, which did, has no ready pod."
        return f" Revision {stable.revision} keeps serving with {stable.ready_replicas} ready replicas."

    @property
    def _resolving(self) -> str | None:
        """The Job that is waited for; it also stays a while after its answer is known."""
        return self.plan.resolve_job if self.plan.target is None else None

    def _failure(self) -> Failure | None:
        if self.plan.refusal is not None:
            return Failure(self.plan.refusal.reason, self.plan.refusal.message)
        if self._resolving is not None:
            return self._failure_of_resolve(self._resolving)
        target = self.target
        if target is not None and target.pods_refused:
            return Failure(
                Reason.PODS_REFUSED,
                f"pods of revision {target.revision} are refused: {target.pods_refused}",
            )
        return failure_among(self._settling)

    @property
    def _settling(self) -> tuple[PodFacts, ...]:
        """The pods of the wanted revision. While a pod of the service is on its way out, one that no node
        takes waits for that room, and nobody is sent to look at what it asks for."""
        pods = self.facts.pods_of(self.plan.target)
        leaving = any(one.revision and self._leaves(one) for one in self.facts.pods)
        return tuple(one for one in pods if not (leaving and one.unschedulable))

    def _leaves(self, pod: PodFacts) -> bool:
        """Whether it gives its room back soon: that of a node that went away never does."""
        late = self.now is not None and pod.ends_by is not None and self.now - pod.ends_by > ENDS_LATE
        return pod.terminating and not late

    def _failure_of_resolve(self, name: str) -> Failure | None:
        job = self.facts.job(name)
        if job is not None and job.stuck:
            return Failure(Reason.PODS_REFUSED, f"the pod of Job {job.name} is refused: {job.stuck}")
        if job is not None and job.finished:
            return Failure(
                Reason.RESOLVE_LOST,
                f"Job {job.name} ended and its answer is gone; it is run again. Where this goes on, the "
                "image is of another version than the operator: change spec.runtime.image, or leave it out",
            )
        failure = failure_among(self.facts.pods_of_job(name))
        if failure is None:
            return None
        again = f"It is tried again within five minutes; at once after: kubectl delete job {name}"
        return replace(failure, message=f"{failure.message.rstrip('.')}. {again}")

    def _state(self) -> ModelState:
        if self.failure is not None and (self.failure.of_bundle or not self.ready):
            return ModelState.FAILED
        if self._resolving is not None:
            return ModelState.RESOLVING
        if self.without_pods:
            return ModelState.NO_PODS
        return ModelState.LOADED if self.ready else state_of(self.facts.pods_of(self.plan.target))
