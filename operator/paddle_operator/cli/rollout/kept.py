"""The revisions of a service that the cluster keeps, as a person sees them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from paddle_operator import names
from paddle_operator.cli.columns import columns
from paddle_operator.rollout.judging import FIGURES

REJECTED = "rejected"
DIGEST_CHARACTERS = 19
"""Of a digest, as many as are shown: sha256: and twelve more."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One revision: its Deployment, and what the status says of it."""

    revision: str
    role: str
    """As the label on its Deployment, or REJECTED."""
    created: str = ""
    ended: str = ""
    """When it stopped to serve, or was rejected."""
    digest: str = ""
    image: str = ""
    rejected: str = ""
    """Why it was."""
    left: str = ""
    """Why it gave its requests back in its bake, so that nobody goes back to it."""


def kept_of(service: Mapping[str, Any], deployments: Iterable[Mapping[str, Any]]) -> tuple[Kept, ...]:
    """Return the service's revisions, the oldest first; those without a Deployment before all others."""
    told = (service.get("status") or {}).get("rejectedRevisions") or ()
    rejected = {str(one["revision"]): one for one in told}
    found = {str(one["metadata"]["name"]): one for one in deployments if _is_revision(one)}
    left = {str(one["revision"]): one for one in (service.get("status") or {}).get("leftBake") or ()}
    made = sorted(found, key=lambda name: (_created(found[name]), name))
    gone = sorted(rejected.keys() - found.keys(), key=lambda name: (str(rejected[name].get("at", "")), name))
    kept = (_kept(name, found.get(name), rejected.get(name, {})) for name in (*gone, *made))
    return tuple(replace(one, left=why(left.get(one.revision, {}))) for one in kept)


def why(rejection: Mapping[str, Any]) -> str:
    """Return an entry of status.rejectedRevisions in words. Its e-values are in the status."""
    told = ": ".join(str(rejection[key]) for key in ("reason", "message") if rejection.get(key))
    return told.partition(FIGURES)[0]


def why_not(kept: Kept) -> str:
    """Return why nobody goes back to a revision; empty where somebody may."""
    left = f"left its bake: {kept.left}" if kept.left else ""
    return kept.rejected or left


def history_table(kept: Sequence[Kept]) -> str:
    """One line a revision."""
    if not kept:
        return "No revision is kept: the operator has made none yet.\n"
    head = ("REVISION", "ROLE", "CREATED", "ENDED", "DIGEST", "IMAGE", "WHY NOT")
    rows = [
        (
            one.revision,
            one.role,
            one.created,
            one.ended,
            one.digest[:DIGEST_CHARACTERS],
            one.image,
            why_not(one),
        )
        for one in kept
    ]
    return columns([head, *rows])


def _kept(name: str, deployment: Mapping[str, Any] | None, rejection: Mapping[str, Any]) -> Kept:
    if deployment is None:
        return Kept(name, REJECTED, ended=_moment(rejection.get("at")), rejected=why(rejection))
    metadata = deployment["metadata"]
    annotations = metadata.get("annotations") or {}
    rejected = why(rejection) or str(annotations.get(names.ANNOTATION_REJECTED, ""))
    ended = rejection.get("at") or annotations.get(names.ANNOTATION_RETIRED_AT)
    return Kept(
        revision=name,
        role=REJECTED if rejected else str(metadata["labels"].get(names.LABEL_ROLE, "")),
        created=_moment(_created(deployment)),
        ended=_moment(ended),
        digest=str(annotations.get(names.ANNOTATION_MODEL_DIGEST, "")),
        image=_image(deployment),
        rejected=rejected,
    )


def _is_revision(deployment: Mapping[str, Any]) -> bool:
    metadata = deployment["metadata"]
    return bool((metadata.get("labels") or {}).get(names.LABEL_REVISION) == metadata["name"])


def _created(deployment: Mapping[str, Any]) -> str:
    return str(deployment["metadata"].get("creationTimestamp", ""))


def _image(deployment: Mapping[str, Any]) -> str:
    containers = deployment["spec"]["template"]["spec"]["containers"]
    return next((str(one["image"]) for one in containers if one["name"] == names.CONTAINER_RUNTIME), "")


def _moment(text: object) -> str:
    """As kubectl writes times; what is no time stays as it is."""
    try:
        at = datetime.fromisoformat(str(text or ""))
    except ValueError:
        return str(text or "")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
