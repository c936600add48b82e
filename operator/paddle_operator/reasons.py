"""Every reason that a condition or an Event can carry. They are part of the API, so none is ever renamed."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """A reason, what it means, and whether it waits for a person (`stalls`) or for time."""

    meaning: str
    stalls: bool

    def __new__(cls, value: str, meaning: str, stalls: bool = False) -> Self:
        """Keep the documentation beside the word."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        member.stalls = stalls
        return member

    # All is well.
    SERVING = "Serving", "Every wanted replica of the wanted revision is ready."
    SERVING_DEGRADED = "ServingDegraded", "The service answers, but not every wanted replica is ready."
    LOADED = "Loaded", "The model is verified, loaded and warmed in at least one pod."
    COMPLETE = "Complete", "The wanted revision serves and no other takes traffic."
    SERVES_UNPROVEN = (
        "ServesUnproven",
        "The wanted revision serves alone since the one that did was deleted: nothing is proven of it.",
    )
    ACCEPTED = "Accepted", "Every gateway has accepted the route."
    ROUTE_OVERLAPS = "RouteOverlaps", "The route is accepted, and another one takes the same requests."
    PLAIN_SERVICE = "PlainService", "No gateway is asked for; the Service is the address."
    SETTLED = "Settled", "Nothing is left to do for this generation."
    FEASIBLE = "Feasible", "The promise can be kept with what there is for it; the message has the sum."
    SCALING = "Scaling", "A scaler decides the number of pods."
    SCALING_LIMITED = "ScalingLimited", "The scaler asks for more pods than maxReplicas allows."

    # Under way.
    SCALER_PENDING = "ScalerPending", "The scaler is being made, or has no pod to measure yet."
    CAPACITY_UNKNOWN = (
        "CapacityUnknown",
        "A target is Auto, and what a replica serves while the objectives hold is not known yet.",
    )
    PROGRESSING = "Progressing", "The wanted state is being made."
    RESOLVING = "Resolving", "A Job reads the model's manifest to learn its digest."
    SCHEDULING = "Scheduling", "Pods wait for a node or for their containers."
    NO_PODS = "NoPods", "No pod of the wanted revision is to run: its rollout waits, or has rejected it."
    DOWNLOADING = "Downloading", "The init container fetches and verifies the bundle."
    LOADING = "Loading", "The runtime loads and warms the model."
    REPLICAS_NOT_READY = "ReplicasNotReady", "Not every wanted replica has become ready yet."
    ROLLOUT_IN_PROGRESS = (
        "RolloutInProgress",
        "A new revision is being made ready; the stable one serves meanwhile.",
    )
    ENDPOINTS_LOST = (
        "EndpointsLost",
        "The new revision has no ready pod any more: it takes no requests until it has one again.",
    )
    PREFLIGHT = "Preflight", "The new revision is asked what it should know, before callers ask it."
    PREFLIGHT_BROKEN = (
        "PreflightBroken",
        "The preflight found nothing out about the new revision: mend what the message names, or approve it.",
        True,
    )
    CANARY_STEP = "CanaryStep", "The new revision takes a share of the requests and is judged."
    PROMOTING = "Promoting", "The new revision is proven, and takes over as its pods become ready."
    BAKING = (
        "Baking",
        "The new revision takes all requests; the one before it stays warm, to take over again.",
    )
    RETURNING = "Returning", "An earlier revision takes over again."
    AWAITING_APPROVAL = "AwaitingApproval", "The rollout goes on when a person approves it.", True
    ROLLOUT_PAUSED = "RolloutPaused", "The rollout is paused: rollout.state.", True
    BLOCKED_BY_BUDGET = "BlockedByBudget", "Too little of the error budget is left to risk a rollout.", True
    PROOF_NOT_REACHABLE = (
        "ProofNotReachable",
        "With so few requests the new revision cannot be proven in the time of its steps.",
        True,
    )
    NO_CAPACITY = "NoCapacity", "The cluster has no room for the pods of the next step."
    SHARED_INCIDENT = (
        "SharedIncident",
        "Both revisions break the promise: the rollout waits for the end of it.",
    )
    REGRESSION = "Regression", "The new revision is worse than the stable one, and keeps the promise.", True
    METRICS_UNAVAILABLE = (
        "MetricsUnavailable",
        "The requests of the new revision cannot be counted: the rollout waits until they can.",
    )
    HELD_UNPROVEN = "HeldUnproven", "The time of the step is over, and the revision is not proven.", True
    ROLLED_BACK = "RolledBack", "The wanted revision was found bad, and takes no requests.", True
    UNPROVEN = (
        "Unproven",
        "Nothing was found against the wanted revision, and too little for it: it takes no requests.",
        True,
    )
    ABORTED = "Aborted", "A person ended the rollout.", True
    ROUTE_PENDING = "RoutePending", "A gateway has not said yet whether it accepts the route."

    # The promise, as it is measured.
    PROMISE_KEPT = "PromiseKept", "Every objective is met over the window."
    BUDGET_SPENT = "BudgetSpent", "More requests failed an objective than the window allows."
    TOO_LITTLE_TRAFFIC = "TooLittleTraffic", "Too few requests were counted to judge an objective."
    UNKNOWN_TIME = (
        "UnknownTime",
        "Nothing counted breaks an objective, and more time is unknown than it lets fail.",
    )
    COUNTING = "Counting", "What happened since the window began is still being counted."
    METRICS_READ = "MetricsRead", "Prometheus answers, with fresh samples of the service."
    SCRAPE_INTERVAL_DIFFERS = (
        "ScrapeIntervalDiffers",
        "Samples are fresh, and come at another interval than the operator was told.",
    )
    METRICS_NOT_CONFIGURED = "MetricsNotConfigured", "The operator was given no Prometheus to ask."
    METRICS_MISSING = "MetricsMissing", "Prometheus answers and has no sample of the service."
    METRICS_FAILED = "MetricsFailed", "Prometheus does not answer, or something that cannot be right."
    METRICS_STALE = "MetricsStale", "The newest sample is too old to say anything about now."

    # Not known, and why.
    MORE_TO_MEASURE = (
        "MoreToMeasure",
        "Nothing known speaks against the promise; the message says what is not measured yet.",
    )
    SCALING_OFF = "ScalingOff", "No scaler is asked for: the number of pods is fixed, but for schedules."

    # Reports.
    REPORT_MADE = "ReportMade", "The report is made, and never changed again."
    PERIOD_NOT_OVER = "PeriodNotOver", "The period of the report has not ended."
    SERVICE_MISSING = "ServiceMissing", "There is no service of the name that the report is about."
    SERVICE_TOO_YOUNG = "ServiceTooYoung", "The service was created after the period of the report."

    # The resource itself.
    INVALID_SPEC = "InvalidSpec", "The resource breaks rules; the message lists all of them.", True
    TASK_MISMATCH = "TaskMismatch", "The bundle is made for another task than model.task.", True
    FORMAT_MISMATCH = (
        "FormatMismatch",
        "The bundle's programs have another form than the resource says.",
        True,
    )
    MODULE_MISSING = "ModuleMissing", "The bundle that is to give a module does not hold it.", True
    IMAGE_NOT_CONFIGURED = (
        "ImageNotConfigured",
        "Neither the resource nor the operator names an image for the device.",
        True,
    )

    # The promise beside what there is to keep it with; the message says what would make it feasible.
    TOO_FEW_REPLICAS = "TooFewReplicas", "The loss of one pod costs more than availability lets fail.", True
    STARTUP_BUDGET_TOO_SHORT = (
        "StartupBudgetTooShort",
        "The model takes longer to load than model.preload.timeoutSeconds.",
        True,
    )
    THRESHOLD_BELOW_SERVICE_TIME = (
        "ThresholdBelowServiceTime",
        "Too many answers take longer than the latency threshold without any waiting.",
        True,
    )
    LOAD_EXCEEDS_CAPACITY = (
        "LoadExceedsCapacity",
        "All pods that there can be do not serve the highest load seen in time.",
        True,
    )
    BUDGET_BELOW_ONE_REQUEST = (
        "BudgetBelowOneRequest",
        "The window has so few requests that a single failed one is more than the promise lets fail.",
        True,
    )
    NOTHING_PROMISED = (
        "NothingPromised",
        "The exclusions leave out all of the time, or nearly all of it.",
        True,
    )

    # The bundle: these are the runtime's words too, with the exit codes of EXIT_CODES.
    MODEL_NOT_FOUND = "ModelNotFound", "No bundle is at model.uri.", True
    MODEL_FORBIDDEN = "ModelForbidden", "The store refuses the credentials.", True
    DIGEST_MISMATCH = "DigestMismatch", "The bundle's manifest is not the expected one.", True
    BUNDLE_INVALID = "BundleInvalid", "The bundle is malformed, truncated or unsafe.", True
    STORE_UNREACHABLE = "StoreUnreachable", "The model store does not answer."
    NO_SPACE = "NoSpace", "The bundle does not fit into its volume.", True
    FETCH_TIMEOUT = "FetchTimeout", "The download took longer than model.preload.timeoutSeconds."
    ADDRESS_REFUSED = "AddressRefused", "The address is one that is never read from.", True
    MODEL_TOO_LARGE = "ModelTooLarge", "The bundle is larger than allowed.", True
    LOAD_FAILED = "LoadFailed", "The runtime could not load the model.", True
    WARMUP_FAILED = "WarmupFailed", "The model failed on the warm-up inputs.", True
    SELF_TEST_FAILED = "SelfTestFailed", "The model answers its own test inputs wrongly on this device.", True
    DEVICE_UNAVAILABLE = "DeviceUnavailable", "The accelerator is not there or not usable.", True

    # The pods.
    OUT_OF_MEMORY = "OutOfMemory", "A container was ended for using more memory than its limit.", True
    IMAGE_PULL_FAILED = "ImagePullFailed", "The image cannot be pulled."
    UNSCHEDULABLE = "Unschedulable", "No node can take a pod."
    POD_CONFIG_INVALID = "PodConfigInvalid", "A pod names a Secret, key or setting that is not there.", True
    CONTAINER_FAILED = "ContainerFailed", "A container ended with an error that carries no reason of its own."
    POD_EVICTED = "PodEvicted", "The kubelet threw a pod out."
    PODS_REFUSED = "PodsRefused", "The API server refuses the pods: quota, Pod Security or admission.", True
    RESOLVE_LOST = "ResolveLost", "The resolve Job ended without leaving its answer; it is run again."

    # The scaler.
    KEDA_MISSING = "KEDAMissing", "KEDA is asked for and not installed.", True
    PROMETHEUS_NOT_CONFIGURED = (
        "PrometheusNotConfigured",
        "Metrics are to come from Prometheus, and the operator does not know where it is.",
        True,
    )
    METRICS_LOST = "MetricsLost", "The scaler cannot read a metric; it removes no pod meanwhile."
    SCALING_PAUSED = "ScalingPaused", "Somebody has paused the ScaledObject.", True
    SCALER_STUCK = (
        "ScalerStuck",
        "A scaler was deleted and does not go; the message names what holds it.",
        True,
    )
    SCALER_FAILED = "ScalerFailed", "The scaler says that it cannot work; the message quotes it.", True

    # The API server and the gateway.
    FORBIDDEN = "Forbidden", "The operator lacks a permission; the message names it.", True
    QUOTA_EXCEEDED = "QuotaExceeded", "A ResourceQuota refuses an object.", True
    ADMISSION_DENIED = "AdmissionDenied", "An admission policy or webhook refuses an object.", True
    OBJECT_REFUSED = "ObjectRefused", "The API server refuses an object.", True
    NAME_TAKEN = "NameTaken", "An object of that name exists and belongs to somebody else.", True
    API_UNAVAILABLE = "APIUnavailable", "The API server did not answer."
    ROUTE_NOT_ACCEPTED = "RouteNotAccepted", "A gateway refuses the route.", True
    GATEWAY_API_MISSING = "GatewayAPIMissing", "The Gateway API is not installed in this cluster.", True


EXIT_CODES = {
    10: Reason.MODEL_NOT_FOUND,
    11: Reason.MODEL_FORBIDDEN,
    12: Reason.DIGEST_MISMATCH,
    13: Reason.BUNDLE_INVALID,
    14: Reason.STORE_UNREACHABLE,
    15: Reason.NO_SPACE,
    16: Reason.FETCH_TIMEOUT,
    17: Reason.ADDRESS_REFUSED,
    18: Reason.MODEL_TOO_LARGE,
    20: Reason.LOAD_FAILED,
    21: Reason.WARMUP_FAILED,
    22: Reason.SELF_TEST_FAILED,
    23: Reason.DEVICE_UNAVAILABLE,
}
"""What the runtime's exit codes mean: the same table as BundleReason on its side (tests/contract)."""

PHASES = {
    Reason.DIGEST_MISMATCH: "digest check",
    Reason.LOAD_FAILED: "load",
    Reason.DEVICE_UNAVAILABLE: "load",
    Reason.WARMUP_FAILED: "warm-up",
    Reason.SELF_TEST_FAILED: "self-test",
}
"""The step that a failure belongs to, where the reason alone says it; else the container does."""


def reference() -> str:
    """The reasons as a Markdown table, for docs/reference."""
    rows = ["| Reason | Meaning | Waits for |", "| --- | --- | --- |"]
    waits = {True: "a person", False: "nothing or time"}
    rows += [f"| `{one}` | {one.meaning} | {waits[one.stalls]} |" for one in Reason]
    return "\n".join(rows) + "\n"
