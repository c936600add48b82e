"""Names that two files must agree on: labels, annotations, ports, paths, environment, object names.

The runtime keeps its own copy of the names that pods and processes share (paddle_runtime/settings.py);
the two packages never import each other, and tests/contract holds both copies equal.
"""

from __future__ import annotations

GROUP = "serving.paddle-sla.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "PaddleModelService"
LIST_KIND = "PaddleModelServiceList"
PLURAL = "paddlemodelservices"
SINGULAR = "paddlemodelservice"
SHORT_NAME = "pms"
CATEGORIES = ("paddle", "ai")
REPORT_KIND = "ModelSLAReport"
REPORT_LIST_KIND = "ModelSLAReportList"
REPORT_PLURAL = "modelslareports"
REPORT_SINGULAR = "modelslareport"
REPORT_SHORT_NAME = "msr"

MAX_SERVICE_NAME = 40
"""Characters: the longest object name of it is <name>-preflight-<10 hex>, and a label value ends at 63."""

# Labels, on everything we make unless said otherwise.
LABEL_NAME = "app.kubernetes.io/name"
LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
LABEL_SERVICE = f"{GROUP}/service"
LABEL_REVISION = f"{GROUP}/revision"
"""On a revision's Deployment, Service and pods. Resolve Jobs and their pods never carry it."""
LABEL_RULES = f"{GROUP}/rules"
"""On the ConfigMap of a service's rules, so that a Prometheus finds it: the value is RULES_OF_PROMETHEUS."""
RULES_OF_PROMETHEUS = "prometheus"
LABEL_DASHBOARD = "grafana_dashboard"
DASHBOARD_OF_GRAFANA = "1"
"""What the sidecar of Grafana's charts looks for, unless it is told otherwise."""
LABEL_COMPARES = f"{GROUP}/compares"
"""On the Jobs that compare answers and on their pods: the revision that is tried."""
LABEL_ROLE = f"{GROUP}/role"
"""On a revision's Deployment only, never on its pods: stable, canary, previous, retired or history."""
LABEL_ROLLOUT = f"{GROUP}/rollout"
ROLLOUT_IN_PROGRESS = "in-progress"
"""On the HTTPRoute while its weights may move: for Argo CD, which is to leave them alone meanwhile."""
LABEL_MEMORY = f"{GROUP}/memory"
"""On what the operator remembers: no plan wants it, and it goes with the resource only."""
LABEL_JOB = "batch.kubernetes.io/job-name"
"""Set by the cluster on a Job's pods."""
APP_NAME = "paddle-model-service"
MANAGER = "paddle-sla"

# Annotations, on object metadata, never on a pod template: what changes here must not roll a pod.
ANNOTATION_SLA_HASH = f"{GROUP}/sla-hash"
ANNOTATION_MODEL_DIGEST = f"{GROUP}/model-digest"
ANNOTATION_RESOLVE_KEY = f"{GROUP}/resolve-key"
ANNOTATION_REVISION_INPUTS = f"{GROUP}/revision-inputs"
"""Canonical JSON of the revision, from which an old revision's objects are rebuilt."""
ANNOTATION_POD_TEMPLATE = f"{GROUP}/pod-template"
"""The pod template as first rendered, as JSON: a later release that renders otherwise replaces no pods."""
ANNOTATION_DEFAULT_IMAGE = f"{GROUP}/default-image"
"""Present, with the image as its value, when the image came from the operator's settings."""
ANNOTATION_REPLICAS = f"{GROUP}/replicas"
"""Who decides a Deployment's replicas where no field of the resource does: REPLICAS_BY_SCALER, or the number
that a scaler left when it went."""
REPLICAS_BY_SCALER = "Scaler"
ANNOTATION_LEARNED_TARGET = f"{GROUP}/learned-target"
"""On a scaler: the number of its metric of target Auto, kept until something speaks against it."""
ANNOTATION_REQUEST = f"{GROUP}/request"
"""On the resource: what a person asks of its rollout, as VERB/REVISION/NONCE."""
ANNOTATION_RETIRED_AT = f"{GROUP}/retired-at"
"""RFC 3339 time in UTC at which the revision stopped taking traffic."""
ANNOTATION_REJECTED = f"{GROUP}/rejected"
"""Why the revision may never take traffic again; absent where it may."""

# Ports, containers, volumes, paths.
RUNTIME_PORT = 8080
PORT_NAME = "http"
SERVICE_PORT = 80
RUNTIME_GRPC_PORT = 8081
GRPC_PORT_NAME = "grpc"
"""One number on container and Service; pods of older revisions have no such port and get no calls."""
CONTAINER_RUNTIME = "runtime"
CONTAINER_FETCH = "fetch"
CONTAINER_COMPARE = "compare"
CONTAINER_RESOLVE = "resolve"
"""This one and fetch read the model's bundle; what reads a module's is called as container_of says."""
VOLUME_BUNDLE = "bundle"
VOLUME_SLA = "sla"
VOLUME_CREDENTIALS = "credentials"
VOLUME_GOLDEN = "golden"
VOLUME_TMP = "tmp"
VOLUME_SOURCE = "source"
BUNDLE_DIR = "/models/bundle"
"""The model's files. A module's lie below, in a folder whose name no file of a bundle can have."""
SOURCE_DIR = "/models/source"
SLA_DIR = "/etc/paddle-sla/sla"
SLA_FILE_NAME = "sla.json"
SLA_FILE = f"{SLA_DIR}/{SLA_FILE_NAME}"
GOLDEN_DIR = "/etc/paddle-sla/golden"
GOLDEN_KEY = "golden.json"
"""The key of a golden set's ConfigMap that holds its requests; other keys are the files that these name."""
CREDENTIALS_DIR = "/etc/paddle-sla/credentials"
CREDENTIALS_KEYS = ("accessKeyId", "secretAccessKey")
TMP_DIR = "/tmp"  # noqa: S108  a volume of the pod's own
RUN_AS_ID = 65532
"""UID and GID of every container; numeric, because runAsNonRoot cannot check a name."""

PATH_LIVE = "/v2/health/live"
PATH_READY = "/v2/health/ready"
PATH_METRICS = "/metrics"
PATH_GOLDEN = "/golden"
"""Where a model is asked its own known request: for the cluster, no gateway sends it on."""

PROGRAM_RUNTIME = "paddle-runtime"
"""Where the pages for people who are called by an alert lie: here, unless a setting says otherwise."""

# Metrics of the runtime; the labels that a scrape gives to them are in sla/series.py.
METRIC_REQUESTS = "paddle_runtime_requests_total"
METRIC_DURATION_BUCKETS = "paddle_runtime_request_duration_seconds_bucket"
METRIC_PROCESS_START = "process_start_time_seconds"
METRIC_STAGE_BUCKETS = "paddle_runtime_stage_duration_seconds_bucket"
METRIC_BUSY_SECONDS = "paddle_runtime_busy_seconds_total"
METRIC_WORKERS = "paddle_runtime_workers"
METRIC_MODEL_INFO = "paddle_runtime_model_info"
METRIC_WARM_WORKERS = "paddle_runtime_warm_workers"
METRIC_LOAD_SECONDS = "paddle_runtime_model_load_seconds"
METRICS_OF_WORK = (
    METRIC_REQUESTS, METRIC_DURATION_BUCKETS, METRIC_STAGE_BUCKETS, METRIC_BUSY_SECONDS,
    METRIC_WORKERS, METRIC_WARM_WORKERS, METRIC_LOAD_SECONDS,
)  # fmt: skip

# Environment read by the runtime.
ENV_PREFIX = "PADDLE_RUNTIME_"
ENV_MODEL = "PADDLE_RUNTIME_MODEL"
ENV_MODEL_NAME = "PADDLE_RUNTIME_MODEL_NAME"
ENV_MODEL_DIGEST = "PADDLE_RUNTIME_MODEL_DIGEST"
ENV_MODULES = "PADDLE_RUNTIME_MODULES"
ENV_TASK = "PADDLE_RUNTIME_TASK"
ENV_PORT = "PADDLE_RUNTIME_PORT"
ENV_GRPC_PORT = "PADDLE_RUNTIME_GRPC_PORT"
ENV_DEVICE = "PADDLE_RUNTIME_DEVICE"
ENV_DEVICE_COUNT = "PADDLE_RUNTIME_DEVICE_COUNT"
ENV_DEVICE_MEMORY_MIB = "PADDLE_RUNTIME_DEVICE_MEMORY_MIB"
ENV_BATCH_MAX_SIZE = "PADDLE_RUNTIME_BATCH_MAX_SIZE"
ENV_BATCH_MAX_DELAY = "PADDLE_RUNTIME_BATCH_MAX_DELAY_MILLISECONDS"
ENV_QUEUE_MAX_REQUESTS = "PADDLE_RUNTIME_QUEUE_MAX_REQUESTS"
ENV_SLA_FILE = "PADDLE_RUNTIME_SLA_FILE"
ENV_REVISION = "PADDLE_RUNTIME_REVISION"
ENV_DRAIN_SECONDS = "PADDLE_RUNTIME_DRAIN_SECONDS"
ENV_LOAD_TIMEOUT_SECONDS = "PADDLE_RUNTIME_LOAD_TIMEOUT_SECONDS"
ENV_S3_ENDPOINT = "PADDLE_RUNTIME_S3_ENDPOINT"
ENV_S3_REGION = "PADDLE_RUNTIME_S3_REGION"
ENV_S3_ADDRESSING = "PADDLE_RUNTIME_S3_ADDRESSING"
ENV_CREDENTIALS_DIR = "PADDLE_RUNTIME_CREDENTIALS_DIR"

PATHS_OF_MODELS = ("/v1", "/v2", "/ocr")  # the last one is PaddleX serving's
"""Prefixes of all that runs the model, which is asked for by POST."""
PATHS_SERVED = (*PATHS_OF_MODELS, "/page", "/docs", "/openapi.json")
"""Prefixes that a gateway sends on; the metrics are for the cluster."""
PATH_PAGE = "/"
"""The page for people, which a gateway sends on by this path alone."""
HEADER_SYNTHETIC = "X-Paddle-Synthetic"
"""Request header that keeps a request out of the service level: ours inside the cluster, no caller's."""
HEADER_REVISION = "X-Paddle-Revision"
"""Response header set by the gateway's route: which revision answered. In a request: which one is to."""

# More metrics of the runtime, which the dashboard shows.
METRIC_REFUSED = "paddle_runtime_refused_total"
METRIC_STAGE_SECONDS_SUM = "paddle_runtime_stage_duration_seconds_sum"
METRIC_QUEUE_DEPTH = "paddle_runtime_queue_depth"
METRIC_INFLIGHT = "paddle_runtime_inflight_requests"
METRIC_READY = "paddle_runtime_ready"
METRIC_WORKER_MEMORY = "paddle_runtime_worker_resident_memory_bytes"
METRIC_WORKER_RESTARTS = "paddle_runtime_worker_restarts_total"

# What the operator measures of itself: its rules and its dashboard name these too. Never renamed.
METRIC_OPERATOR_PREFIX = "paddle_operator_"
METRIC_OPERATOR_BUILD_INFO = "paddle_operator_build_info"
METRIC_OPERATOR_LEADER = "paddle_operator_leader"
METRIC_OPERATOR_WATCH_AGE = "paddle_operator_watch_age_seconds"
METRIC_OPERATOR_QUEUE_DEPTH = "paddle_operator_queue_depth"
METRIC_OPERATOR_QUEUE_OLDEST = "paddle_operator_queue_oldest_seconds"
METRIC_OPERATOR_RECONCILING = "paddle_operator_reconciling"
METRIC_OPERATOR_RECONCILE = "paddle_operator_reconcile_duration_seconds"
METRIC_OPERATOR_EVENT_TO_RECONCILE = "paddle_operator_event_to_reconcile_seconds"
METRIC_OPERATOR_API_REQUESTS = "paddle_operator_api_requests_total"
METRIC_OPERATOR_API_DURATION = "paddle_operator_api_request_duration_seconds"
METRIC_OPERATOR_QUESTIONS = "paddle_operator_prometheus_questions_total"
METRIC_OPERATOR_QUESTION_DURATION = "paddle_operator_prometheus_question_duration_seconds"
METRIC_OPERATOR_ACTIONS = "paddle_operator_actions_total"
METRIC_OPERATOR_REFUSED_WRITES = "paddle_operator_refused_writes_total"
METRIC_OPERATOR_GOLDEN = "paddle_operator_golden_requests_total"
METRIC_OPERATOR_CONDITION = "paddle_operator_service_condition"
METRIC_OPERATOR_ROLLOUT_DECISIONS = "paddle_operator_rollout_decisions_total"
METRIC_OPERATOR_ROLLOUT_LOOKS = "paddle_operator_rollout_looks_total"
METRIC_OPERATOR_ROLLOUT_INFO = "paddle_operator_rollout_info"
METRIC_OPERATOR_ROLLOUT_WEIGHT = "paddle_operator_rollout_weight_percent"
METRIC_OPERATOR_ROLLOUT_EVIDENCE = "paddle_operator_rollout_evidence"
METRIC_OPERATOR_ROLLOUT_THRESHOLD = "paddle_operator_rollout_evidence_threshold"
METRIC_OPERATOR_ROLLOUT_REQUESTS = "paddle_operator_rollout_requests"


def service_labels(service: str) -> dict[str, str]:
    """Labels of every object made for the service of this name."""
    return {LABEL_NAME: APP_NAME, LABEL_MANAGED_BY: MANAGER, LABEL_SERVICE: service}


def revision_labels(service: str, revision: str) -> dict[str, str]:
    """Labels of a revision's objects and pods."""
    return {**service_labels(service), LABEL_REVISION: revision}


def selector_of(service: str) -> str:
    """The label selector, as text, that finds everything made for a service."""
    return f"{LABEL_MANAGED_BY}={MANAGER},{LABEL_SERVICE}={service}"


def revision_name(service: str, content_hash: str) -> str:
    """Name of a revision's Deployment and Service."""
    return f"{service}-{content_hash[:10]}"


def service_of(revision: str) -> str:
    """Name of the service that a revision is of."""
    return revision.rpartition("-")[0]


def rollout_record_name(service: str) -> str:
    """Name of the ConfigMap in which a service's rollouts are remembered."""
    return f"{service}-rollout"


def resolve_job_name(service: str, content_hash: str) -> str:
    """Name of the Job that reads the model's manifest."""
    return f"{service}-resolve-{content_hash[:10]}"


def preflight_job_name(service: str, content_hash: str) -> str:
    """Name of the Job that asks a new revision before callers do."""
    return f"{service}-preflight-{content_hash[:10]}"


def shadow_job_name(service: str, content_hash: str) -> str:
    """Name of the Job that compares answers to copies of real requests."""
    return f"{service}-shadow-{content_hash[:10]}"


def shadow_service_name(service: str) -> str:
    """Name of the Service that a gateway sends the copies to."""
    return f"{service}-shadow"


def container_of(base: str, module: str) -> str:
    """Name of the container that reads a module's bundle, made from that of the model's."""
    return f"{base}-{module}"


def read_by(container: str) -> tuple[str, str]:
    """The other way round: the base, and the module or ""."""
    base, _, module = container.partition("-")
    return base, module


def sla_record_name(service: str) -> str:
    """Name of the ConfigMap in which everything that was counted is kept."""
    return f"{service}-sla-record"


def work_profile_name(service: str) -> str:
    """Name of the ConfigMap in which is kept what was learned of the replicas at work."""
    return f"{service}-work"


def compare_policy_name(service: str) -> str:
    """Name of the NetworkPolicy that lets the Jobs which compare answers reach the pods."""
    return f"{service}-compare"


def sla_config_name(service: str) -> str:
    """Name of the ConfigMap that carries the latency thresholds to the pods."""
    return f"{service}-sla"


def rules_name(service: str) -> str:
    """Name of the ConfigMap that holds the rules for a plain Prometheus."""
    return f"{service}-rules"


def rules_file_name(namespace: str, service: str) -> str:
    """Name of the rule file: one of a kind in a cluster, since sidecars put all of them into one folder."""
    return f"{namespace}.{service}.rules.yaml"


def dashboard_name(service: str) -> str:
    """Name of the ConfigMap that holds the dashboard for Grafana."""
    return f"{service}-dashboard"


def dashboard_file_name(namespace: str, service: str) -> str:
    """Name of the dashboard's file: one of a kind in a cluster, since sidecars put all into one folder."""
    return f"{namespace}.{service}.json"
