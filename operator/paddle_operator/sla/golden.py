"""Golden requests as the operator counts them, made into counters like those of the runtime. Pure.

The operator sends them, so it sees what no pod took. Its counters begin at 0 when it begins to ask; while it
does not, they are not there, and the time is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable

from paddle_operator import names
from paddle_operator.sla.selectors import equal, selector
from paddle_operator.sla.series import POD_LABEL, REVISION_LABEL, Labels, Series, label
from paddle_operator.spec.model import Spec
from paddle_operator.spec.promise import SyntheticRequests

SERVICE_LABELS = ("service_namespace", "service_name")
"""Not `namespace` and `service`: those are the operator's own, put there by whoever scrapes it."""
INSTANCE_LABEL = "instance"
BEHIND_IT = "golden"
"""In the place of a revision: one series goes on when another revision takes over."""


def is_asked(spec: Spec) -> bool:
    """Tell whether a service gets golden requests: where availability is promised."""
    promised = any(one.availability for one in spec.sla.objectives)
    return promised and spec.sla.synthetic.requests is SyntheticRequests.AUTO


def golden_requests(namespace: str, service: str) -> str:
    """Return the selector of a service's golden requests."""
    of = zip(SERVICE_LABELS, (namespace, service), strict=True)
    return selector(names.METRIC_OPERATOR_GOLDEN, *(equal(name, value) for name, value in of))


def counters(series: Iterable[Series]) -> tuple[Series, ...]:
    """Label them as the runtime's are: the pod is the operator's own."""
    return tuple(Series(_labels(one.labels), one.samples) for one in series)


def _labels(labels: Labels) -> Labels:
    asker = label(labels, POD_LABEL) or label(labels, INSTANCE_LABEL)
    return frozenset({**dict(labels), POD_LABEL: asker, REVISION_LABEL: BEHIND_IT}.items())
