"""What a resource would become, as text, without a cluster: for `paddle-operator plan` and the examples."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from paddle_operator import names
from paddle_operator.documents import DocumentsInvalid, load, render
from paddle_operator.errors import SpecRejected
from paddle_operator.plan import FoundBundle, Plan, Platform, Resolution, plan
from paddle_operator.plan.means import means_of
from paddle_operator.plan.target import target_of
from paddle_operator.sla.feasibility import feasibility, sum_lines
from paddle_operator.sla.objectives import promise
from paddle_operator.spec import Service, parse
from paddle_operator.spec.rollout import Rollout, Strategy
from paddle_operator.spec.source import IN_BUNDLES, Source

UNKNOWN_DIGEST = "sha256:" + "0" * 64
"""Stands for a digest that only the store knows."""
WIDTH = 110
"""Characters of a comment."""
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""A first plan depends on no time; an old one makes a mistake about that visible."""
_UNUSED: Mapping[Strategy, tuple[str, ...]] = {
    Strategy.CANARY: (),
    Strategy.BLUE_GREEN: ("steps",),
    Strategy.RECREATE: ("steps", "surge", "analysis", "bake"),
}
"""Fields of a rollout that a strategy has no use for. The API server cannot refuse them: it fills them in."""


@dataclass(frozen=True, slots=True)
class Preview:
    """One document of a file: the objects as text, or why there are none."""

    title: str
    text: str = ""
    violations: tuple[str, ...] = ()
    refusal: str = ""
    skipped: bool = False


def previews(text: str, platform: Platform, namespace: str = "") -> Iterator[Preview]:
    """Yield a preview for each document; raise DocumentsInvalid when the text is no YAML."""
    for body in load(text):
        if not isinstance(body, Mapping):
            raise DocumentsInvalid(f"a document must be an object with apiVersion and kind, is {body!r:.60}")
        yield _preview(body, platform, namespace)


def _preview(body: Mapping[Any, Any], platform: Platform, namespace: str) -> Preview:
    metadata = body.get("metadata")
    name = metadata.get("name", "?") if isinstance(metadata, Mapping) else "?"
    title = f"{body.get('kind', '?')} {name}"
    if body.get("kind") != names.KIND:
        return Preview(title, skipped=True)
    try:
        service = parse(_in_namespace(body, namespace))
    except SpecRejected as rejected:
        return Preview(title, violations=tuple(str(violation) for violation in rejected.violations))
    first = plan(service, platform, _assumed(service, platform), (), _NO_TIME)
    if first.refusal is not None:
        return Preview(title, refusal=first.refusal.message)
    return Preview(title, text=_written(service, first, platform))


def _in_namespace(body: Mapping[Any, Any], namespace: str) -> Mapping[Any, Any]:
    metadata = body.get("metadata")
    if not namespace or not isinstance(metadata, Mapping) or "namespace" in metadata:
        return body
    return {**body, "metadata": {**metadata, "namespace": namespace}}


def _assumed(service: Service, platform: Platform) -> Resolution:
    """Stand in for the resolve Job: pinned digests where there are some, all else as declared."""
    model = service.spec.model

    def assumed(source: Source) -> FoundBundle:
        held = frozenset(IN_BUNDLES.values())
        return FoundBundle(source.digest or UNKNOWN_DIGEST, model.task, source.format, held)

    key = target_of(service.spec, platform, None, ()).resolve_key
    return Resolution(key, assumed(model), {one.name: assumed(one) for one in model.modules}, size_bytes=0)


def _written(service: Service, planned: Plan, platform: Platform) -> str:
    identity = service.identity
    lines = [
        f"# {names.KIND} {identity.namespace}/{identity.name}: {len(planned.objects)} objects",
        f"# Promise: {promise(service.spec.sla)} (slaHash {planned.sla_hash})",
    ]
    unknown = [source.uri for source in service.spec.model.sources if not source.digest]
    if unknown:
        lines += [
            f"# The digest of {' and of '.join(unknown)} is known only once the resolve Job has read it:",
            f"# {UNKNOWN_DIGEST} stands for it, and the revision",
            f"# {planned.target} will have another name.",
        ]
    if planned.scale.refusal is not None:
        lines += _wrapped(f"No scaler yet: {planned.scale.refusal.message}.")
    lines += _unused(service.spec.rollout)
    lines += _feasibility(service, platform)
    lines.append("# In a cluster each object also has an owner reference to the resource.")
    head = "".join(f"{line}\n" for line in lines)
    return head + "".join(f"---\n{render(item)}" for item in planned.objects)


def _feasibility(service: Service, platform: Platform) -> Iterator[str]:
    """The sum behind SLAFeasible, as far as it can be made before anything was measured."""
    means = means_of(service, envoy_gateway=platform.envoy_gateway)
    for line in sum_lines(feasibility(service.spec.sla, means)):
        yield from _wrapped(line)


def _unused(rollout: Rollout | None) -> Iterator[str]:
    """What was written and changes nothing."""
    if rollout is None:
        return
    for field in _UNUSED[rollout.strategy]:
        if field in rollout.model_fields_set:
            why = f"strategy {rollout.strategy} does not use it"
            yield from _wrapped(f"Ignored: spec.rollout.{field}, {why}.")


def _wrapped(line: str) -> list[str]:
    """As comments; what does not fit goes below, further in."""
    text = line.lstrip()
    indent = " " * (len(line) - len(text))
    return textwrap.wrap(text, WIDTH, initial_indent=f"# {indent}", subsequent_indent=f"# {indent}    ")
