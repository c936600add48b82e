"""The Job that asks a new revision's pods the golden set before any caller asks them anything.

Where the same model moves to another device, its answers have to stay what they were. So there the requests
that its own bundle knows are asked, also where nobody wrote a golden set.
"""

from __future__ import annotations

from paddle_operator import names
from paddle_operator.plan.compare_job import BACKOFF_LIMIT, address_of, compare_job, limits_of
from paddle_operator.plan.model import KubeObject, LiveRevision
from paddle_operator.plan.revision import Revision
from paddle_operator.spec.model import Identity
from paddle_operator.spec.rollout import Preflight

COMPARE_SECONDS = 300
"""For all requests of one try: a ConfigMap holds few, and a canary's pods are idle."""
DEADLINE_SECONDS = COMPARE_SECONDS * (BACKOFF_LIMIT + 1)
"""For all tries, and for pods that never start."""


def preflight_job(
    identity: Identity,
    preflight: Preflight,
    tried: LiveRevision,
    stable: LiveRevision | None,
) -> KubeObject | None:
    """Return the Job; None where nothing is to be asked, or where the revision's record was damaged."""
    golden, served = preflight.golden_set_ref, stable.revision if stable is not None else None
    moves = needs_parity(tried.revision, served)
    if golden is not None:
        requests = [f"{names.GOLDEN_DIR}/{names.GOLDEN_KEY}", *(["--parity"] if moves else [])]
    elif moves and same_model(tried.revision, served):
        requests = ["--self-test"]
    else:
        return None
    beside = ["--stable", address_of(identity, stable)] if stable is not None else []
    return compare_job(
        identity,
        tried,
        names.preflight_job_name,
        arguments=[
            *requests,
            *("--new", address_of(identity, tried)),
            *beside,
            *limits_of(preflight),
            *("--timeout-seconds", str(COMPARE_SECONDS)),
        ],
        deadline_seconds=DEADLINE_SECONDS,
        golden_set=golden.config_map if golden is not None else "",
    )


def needs_parity(tried: Revision | None, stable: Revision | None) -> bool:
    """Tell whether answers have to stay as they were: another device may compute another result."""
    if tried is None or stable is None:
        return False
    return (tried.device, tried.device_resource) != (stable.device, stable.device_resource)


def same_model(tried: Revision | None, stable: Revision | None) -> bool:
    """Tell whether both serve the same bytes: another model may answer otherwise on purpose."""
    if tried is None or stable is None:
        return False
    return [source.digest for source in tried.sources] == [source.digest for source in stable.sources]
