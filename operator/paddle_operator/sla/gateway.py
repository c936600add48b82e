"""Requests as Envoy Gateway's proxies count them, made into counters like those of the runtime. Pure.

Envoy counts what the caller got by cluster and class of the code: a request that is answered at the second
try is one of class 2, and one that no pod took is one of class 5. A cluster is a backend of a route's rule.

- A class has no series before its first request, nor has `completed`. `membership_total` is there from the
  cluster's beginning. So a class whose first sample is of the same scrape as a sample of these two, and not
  of the first of them, began at 0. Samples of other moments say nothing: what merges two Prometheus' into one
  may give one series from here and the other from there.
- `completed` is all classes together. It counts nowhere, and its fall tells that the proxy began anew where
  the one class that is there since has already risen above what it was.
- An attempt that is followed by another one failed. These are in `upstream_rq_retry`, whatever they failed
  by; the last attempt of each request is in its class. So both together are all attempts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from paddle_operator.sla.selectors import one_of, selector
from paddle_operator.sla.series import (
    ALL_CODES,
    CODE_LABEL,
    NAME_LABEL,
    OUTCOME_LABEL,
    POD_LABEL,
    REVISION_LABEL,
    Labels,
    Sample,
    Series,
    label,
)

REQUESTS = "envoy_cluster_upstream_rq_xx"
COMPLETED = "envoy_cluster_upstream_rq_completed"
MEMBERS = "envoy_cluster_membership_total"
RETRIES = "envoy_cluster_upstream_rq_retry"
CLUSTER_LABEL = "envoy_cluster_name"
CLASS_LABEL = "envoy_response_code_class"
INSTANCE_LABEL = "instance"
COUNTED_RULE = 0
"""Place in the route of the rule that the promise is about; pages for people have another one."""
BEHIND_IT = "gateway"
"""In the place of a revision: a cluster keeps its name when the revision behind it changes."""
_OUTCOMES = {"1": "good", "2": "good", "3": "good", "4": "invalid", "5": "bad"}
GOOD_CLASSES, BAD_CLASSES = "[123]", "5"
_ALWAYS = ("2", "5")
"""Classes that are 0 until they have a series, so that time without requests is known time."""
_MEANING = {NAME_LABEL, CLASS_LABEL}


def clusters(namespace: str, service: str) -> str:
    """Return the pattern of the clusters that a service's requests go to."""
    backend = "(/backend/[0-9]+)?"  # of its own where each backend has a filter, as ours have
    return f"httproute/{namespace}/{service.replace('.', '[.]')}/rule/{COUNTED_RULE}{backend}"


def gateway_requests(namespace: str, service: str) -> str:
    """Return the selector of all that tells of a service's requests at the gateway."""
    return _of_clusters(namespace, service, REQUESTS, COMPLETED, MEMBERS)


def gateway_attempts(namespace: str, service: str) -> str:
    """Return the selector of all that tells of the attempts that its requests took."""
    return _of_clusters(namespace, service, REQUESTS, COMPLETED, MEMBERS, RETRIES)


def _of_clusters(namespace: str, service: str, *metrics: str) -> str:
    chosen = one_of(CLUSTER_LABEL, (clusters(namespace, service),))
    return selector("", one_of(NAME_LABEL, metrics), chosen)


def counters(series: Iterable[Series]) -> tuple[Series, ...]:
    """Make counters by pod, revision and outcome of the proxies' series: a pod is a cluster in a proxy."""
    targets: dict[Labels, dict[str, Series]] = {}
    for one in series:
        target = frozenset(pair for pair in one.labels if pair[0] not in _MEANING)
        kind = label(one.labels, CLASS_LABEL) or label(one.labels, NAME_LABEL)
        targets.setdefault(target, {})[kind] = one
    return tuple(made for target, its in targets.items() for made in _of_target(target, its))


def attempts(series: Iterable[Series], behind: Mapping[int, str]) -> tuple[Series, ...]:
    """Make counters of attempts by revision, given the revision behind each backend of the rule.

    Backends that are none of these are left out, and so is a cluster that several backends share.
    """
    return tuple(
        replace(one, labels=frozenset({**dict(one.labels), REVISION_LABEL: revision}.items()))
        for one in counters(series)
        if (revision := behind.get(_backend(one.labels))) is not None
    )


def _backend(labels: Labels) -> int:
    """Return the place of a backend in the rule; -1 for a cluster of all of them."""
    _, _, place = label(labels, CLUSTER_LABEL).rpartition("/backend/")
    return int(place) if place.isdecimal() else -1


def _of_target(target: Labels, its: dict[str, Series]) -> Iterable[Series]:
    completed = its.get(COMPLETED)
    witnesses = [its[name].samples for name in (MEMBERS, COMPLETED) if name in its]
    moments = sorted({sample.at for samples in witnesses for sample in samples})
    if completed is not None:
        yield Series(_labels(target, "invalid", ALL_CODES), _from_zero(completed.samples, moments))
    if RETRIES in its:
        yield Series(_labels(target, "bad", "retried"), _from_zero(its[RETRIES].samples, moments))
    for digit, outcome in _OUTCOMES.items():
        found = its.get(digit)
        samples = found.samples if found is not None else ()
        if samples or digit in _ALWAYS:
            yield Series(_labels(target, outcome, f"{digit}xx"), _from_zero(samples, moments))


def _from_zero(samples: Sequence[Sample], moments: Sequence[datetime]) -> tuple[Sample, ...]:
    """Put zeros in front, of the scrapes at which the target was there and the counter was not."""
    first = min((sample.at for sample in samples), default=None)
    if first is not None and first not in moments:
        return tuple(samples)
    before = (Sample(at, 0.0) for at in moments if first is None or at < first)
    return (*before, *samples)


def _labels(target: Labels, outcome: str, code: str) -> Labels:
    """Label a counter as the runtime's are: the place of the pod is taken by a cluster in a proxy."""
    proxy = label(target, POD_LABEL) or label(target, INSTANCE_LABEL)
    place = label(target, CLUSTER_LABEL).rpartition("/rule/")[2]
    ours = {
        NAME_LABEL: REQUESTS,
        POD_LABEL: f"{proxy} rule/{place}" if proxy else "",
        REVISION_LABEL: BEHIND_IT,
        OUTCOME_LABEL: outcome,
        CODE_LABEL: code,
    }
    return frozenset({**dict(target), **ours}.items())
