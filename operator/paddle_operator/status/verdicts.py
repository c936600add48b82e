"""One function a condition: from the situation to what is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from paddle_operator.plan.means import means_of
from paddle_operator.reasons import Reason
from paddle_operator.sla.feasibility import feasibility
from paddle_operator.sla.means import Known
from paddle_operator.spec.traffic import RoutingType
from paddle_operator.status.conditions import Condition, Truth
from paddle_operator.status.diagnosis import ModelState
from paddle_operator.status.facts import RefusedWrite, RouteFacts
from paddle_operator.status.rollout import RolloutFacts
from paddle_operator.status.situation import Situation

UNDER_WAY = {
    ModelState.RESOLVING: (Reason.RESOLVING, "a Job reads model.yaml behind {uri} to learn its digest"),
    ModelState.NO_PODS: (Reason.NO_PODS, "no pod of the wanted revision is to run: see RolloutComplete"),
    ModelState.PENDING: (Reason.SCHEDULING, "pods wait for a node, their image or their volumes"),
    ModelState.DOWNLOADING: (Reason.DOWNLOADING, "the bundle behind {uri} is fetched and verified"),
    ModelState.LOADING: (Reason.LOADING, "the runtime loads and warms the model"),
    ModelState.LOADED: (
        Reason.LOADED,
        "the model is loaded and warm; {ready} of {wanted} replicas have been ready long enough",
    ),
    ModelState.FAILED: (Reason.PROGRESSING, "the model is tried again"),
}


def model_loaded(at: Situation) -> Condition:
    """Whether the wanted model is in memory somewhere, and else which step failed and why."""
    if at.state is ModelState.FAILED and at.failure is not None:
        return Condition(
            "ModelLoaded", "False", at.failure.reason, _sentence(at.failure.message) + at.keeps_serving
        )
    reason, message = _under_way(at)
    if at.state is ModelState.NO_PODS:
        message = _sentence(message) + at.keeps_serving
    return Condition("ModelLoaded", "True" if at.state is ModelState.LOADED else "Unknown", reason, message)


def route_accepted(at: Situation) -> Condition:
    """Whether every gateway takes the route."""
    routing = at.service.spec.routing
    if routing.type is not RoutingType.GATEWAY_API:
        message = "routing.type is ReplicaRatio: the Service is the address, no gateway is involved"
        return Condition("RouteAccepted", "True", Reason.PLAIN_SERVICE, message)
    if not at.facts.gateway_api:
        message = (
            "routing.type is GatewayAPI and this cluster does not serve gateway.networking.k8s.io/v1:"
            " install the Gateway API's CRDs and a gateway, or set routing.type to ReplicaRatio"
        )
        return Condition("RouteAccepted", "False", Reason.GATEWAY_API_MISSING, message)
    refused = [one for one in at.facts.routes if one.accepted is False or one.resolved is False]
    if refused:
        said = "; ".join(_refusal(one) for one in refused)
        message = f"{said}. Check routing.parentRefs, routing.hostnames and the Gateway's listeners."
        return Condition("RouteAccepted", "False", Reason.ROUTE_NOT_ACCEPTED, message)
    answered = [one for one in at.facts.routes if one.accepted and one.resolved]
    if len(answered) < len(routing.parent_refs):
        return Condition("RouteAccepted", "Unknown", Reason.ROUTE_PENDING, _pending(at, len(answered)))
    accepted = f"accepted by {len(answered)} gateway(s)"
    overlaps = "; ".join(dict.fromkeys(one.overlap for one in answered if one.overlap))
    if overlaps:
        message = f"{accepted}, and {overlaps}: the older route gets the requests. Use another host name."
        return Condition("RouteAccepted", "True", Reason.ROUTE_OVERLAPS, message)
    return Condition("RouteAccepted", "True", Reason.ACCEPTED, accepted)


def ready(at: Situation, route: Condition) -> Condition:
    """Whether the service answers as the resource asks for."""
    status, reason, message = _replicas(at)
    if status == "True" and route.status != "True":
        held = route.status == "Unknown" and at.before.held("Ready", at.generation)
        if not held:
            status, reason, message = route.status, route.reason, route.message
    if at.unserved:
        first, *others = at.unserved
        more = f" ({len(others)} more)" if others else ""
        status, reason = "False", first.reason
        message = f"{first.kind} {first.name} could not be written: {first.message}{more}"
    return Condition("Ready", status, reason, _sentence(message) + at.keeps_serving)


def rollout_complete(at: Situation, ready_now: Condition) -> Condition:
    """Whether the wanted revision serves alone with every replica; a pod lost later does not undo that."""
    if at.rollout is not None and at.rollout.reason is not Reason.COMPLETE:
        return _on_its_way(at, at.rollout)
    if at.rollout is not None and at.failure is not None and not at.settled:
        message = _sentence(at.failure.message) + at.keeps_serving
        return Condition("RolloutComplete", "False", at.failure.reason, message)
    done = at.ready >= at.wanted or at.before.held("RolloutComplete", at.generation)
    if at.settled and done and at.plan.refusal is None:
        return _complete(at)
    if ready_now.status == "False":
        return Condition("RolloutComplete", "False", ready_now.reason, ready_now.message)
    if at.settled:
        message = f"{at.ready} of {at.asked} replicas of revision {at.plan.target} are ready"
        return Condition("RolloutComplete", "False", Reason.REPLICAS_NOT_READY, message)
    message = "the wanted revision does not serve yet." + at.keeps_serving
    return Condition("RolloutComplete", "False", Reason.ROLLOUT_IN_PROGRESS, message)


def _complete(at: Situation) -> Condition:
    """That it serves; and where the one that did was deleted, that nothing is proven of it."""
    message = f"revision {at.plan.target} serves"
    if at.rollout is None or not at.rollout.unproven:
        return Condition("RolloutComplete", "True", Reason.COMPLETE, message)
    message = f"{message}. {_sentence(at.rollout.message)}"
    return Condition("RolloutComplete", "True", Reason.SERVES_UNPROVEN, message)


def _on_its_way(at: Situation, rollout: RolloutFacts) -> Condition:
    """What a rollout says; of one whose pods do not come up, why. One that waits for room that is being made
    is not told as one that no node takes. Where nobody knows what is wanted, that goes before all else."""
    if at.failure is not None and at.plan.target is None:
        message = f"{_sentence(at.failure.message)} Until that is mended no rollout goes further."
        return Condition("RolloutComplete", "False", at.failure.reason, f"{message} {rollout.message}")
    pods_are_awaited = rollout.reason in {Reason.ROLLOUT_IN_PROGRESS, Reason.ENDPOINTS_LOST}
    failed = at.failure if pods_are_awaited else None
    makes_room = at.plan.course.stable_replicas is not None
    if failed is not None and failed.reason is Reason.UNSCHEDULABLE and makes_room:
        failed = None
    reason = failed.reason if failed else rollout.reason
    message = failed.message if failed else rollout.message
    return Condition("RolloutComplete", "False", reason, _sentence(message) + at.keeps_serving)


def progress(
    ready_now: Condition, complete: Condition, unwatched: Sequence[RefusedWrite] = ()
) -> tuple[Condition, Condition]:
    """Reconciling and Stalled, as kstatus reads them: at most one of them is True.

    What only watches a ready service and was refused is told here: people who count on alerts, a dashboard or
    reports learn that they have none, and nobody is sent to look at what serves.
    """
    why = complete if ready_now.status == "True" and complete.status != "True" else ready_now
    stalled = why.status != "True" and why.reason.stalls
    done = ready_now.status == "True" and complete.status == "True"
    if done and unwatched:
        return _without(unwatched)
    reconciling = not stalled and not done
    calm = "nothing is left to do"
    return (
        Condition(
            "Reconciling",
            "True" if reconciling else "False",
            Reason.PROGRESSING if reconciling else why.reason if stalled else Reason.SETTLED,
            why.message if reconciling else "it waits for a person: see Stalled" if stalled else calm,
        ),
        Condition(
            "Stalled",
            "True" if stalled else "False",
            why.reason if stalled else Reason.PROGRESSING if reconciling else Reason.SETTLED,
            why.message if stalled else "work goes on" if reconciling else calm,
        ),
    )


def _without(refused: Sequence[RefusedWrite]) -> tuple[Condition, Condition]:
    """Reconciling and Stalled of a service that serves without these. What waits for a person goes first."""
    first = min(refused, key=lambda one: not one.reason.stalls)
    named = "; ".join(f"{one.kind} {one.name} could not be written: {one.message}" for one in refused)
    message = f"{named}. The service serves without it, and it is tried again"
    if first.reason.stalls:
        waits = "it waits for a person: see Stalled"
        return (
            Condition("Reconciling", "False", first.reason, waits),
            Condition("Stalled", "True", first.reason, message),
        )
    return (
        Condition("Reconciling", "True", first.reason, message),
        Condition("Stalled", "False", Reason.PROGRESSING, "work goes on"),
    )


def feasible(at: Situation, known: Known | None) -> Condition:
    """Whether the promise can be kept with what there is for it, by all that is known of it."""
    means = means_of(at.service, envoy_gateway=at.facts.envoy_gateway)
    found = feasibility(at.service.spec.sla, means, replace(known or Known(), nodes=at.nodes))
    return Condition("SLAFeasible", found.status, found.reason, found.message)


def _replicas(at: Situation) -> tuple[Truth, Reason, str]:
    return _of_nobody(at) or _of_stable(at) or _of_wanted(at)


def _of_nobody(at: Situation) -> tuple[Truth, Reason, str] | None:
    """What callers get where who served is gone and the wanted one may not serve; None: that is not so."""
    if at.rollout is None or at.plan.stable is not None or at.plan.target not in at.plan.course.rejected:
        return None
    return "False", at.rollout.reason, at.rollout.message


def _of_wanted(at: Situation) -> tuple[Truth, Reason, str]:
    if at.settled and at.plan.refusal is None and at.ready >= at.wanted:
        return "True", Reason.SERVING, f"{at.ready} of {at.asked} replicas are ready"
    if at.settled and at.ready and at.before.held("Ready", at.generation):
        because = f": {at.failure.message}" if at.failure else ""
        return "True", Reason.SERVING_DEGRADED, f"{at.ready} of {at.asked} replicas are ready{because}"
    if at.failure is not None:
        return "False", at.failure.reason, at.failure.message
    reason, message = _under_way(at)
    if at.settled and at.before.status("Ready", at.generation) in {"True", "False"}:
        counted = f"{at.ready} of {at.asked} replicas are ready; {message}"
        return "False", Reason.REPLICAS_NOT_READY, counted
    if at.ready:
        return "Unknown", Reason.REPLICAS_NOT_READY, f"{at.ready} of {at.asked} replicas are ready"
    return "Unknown", reason, message


def _of_stable(at: Situation) -> tuple[Truth, Reason, str] | None:
    """What callers get while another revision is rolled out, or was rejected; None where that is not so."""
    stable, canary = at.facts.deployment(at.plan.stable), at.facts.deployment(at.plan.canary)
    if at.rollout is None or at.settled or stable is None:
        return None
    if at.plan.course.canary_weight == 100 and canary is not None and canary.ready_replicas:
        whole = canary.ready_replicas >= at.wanted
        message = (
            f"revision {canary.revision} takes all requests, and is not promoted yet: see RolloutComplete"
        )
        return "True", Reason.SERVING if whole else Reason.SERVING_DEGRADED, message
    if not stable.ready_replicas:
        if at.failure is not None:
            return None
        return "False", Reason.REPLICAS_NOT_READY, "requests find no ready pod"
    whole = stable.ready_replicas >= stable.wanted_replicas
    message = "the wanted revision does not serve all requests: see RolloutComplete"
    return "True", Reason.SERVING if whole else Reason.SERVING_DEGRADED, message


def _under_way(at: Situation) -> tuple[Reason, str]:
    reason, message = UNDER_WAY[at.state]
    return reason, message.format(uri=at.service.spec.model.uri, ready=at.ready, wanted=at.asked)


def _pending(at: Situation, answered: int) -> str:
    """Say which gateways are waited for. Those that took the route before its last change are there."""
    asked, here = at.service.spec.routing.parent_refs, at.service.identity.namespace
    behind = sum(one.behind for one in at.facts.routes)
    if answered + behind >= len(asked):
        return f"{behind} gateway(s) accepted the route before, and have yet to take its last change"
    waiting = ", ".join(sorted({f"{one.namespace or here}/{one.name}" for one in asked}))
    return (
        f"{answered} of {len(asked)} gateways have accepted the route;"
        f" asked: {waiting}. Check that they exist and admit routes of this namespace."
    )


def _refusal(route: RouteFacts) -> str:
    return f"gateway {route.parent} says {route.reason}: {route.message}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."
