"""What is said of an operator: how it is started, what it lives through, what must come out the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sweep.writes import Rules


@dataclass(frozen=True)
class Launch:
    """One replica's command, and what it gets besides our own environment and its KUBECONFIG."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """A part of the story. `act` gets the run's namespace, does something as a user or a kubelet would, waits
    for what must follow before it can go on, and raises when that does not come.

    It blocks, in a thread of its own that nobody can end: it must give up by itself.
    """

    name: str
    act: Callable[[str], None]
    swept: bool = True
    """Its writes are struck. False of the way to where a story begins, which another one is about."""


@dataclass(frozen=True)
class Followed:
    """A field that never may take an older value again: a selector, a weight. `resource` as in `compared`."""

    resource: str
    pointer: str


@dataclass(frozen=True)
class Subject:
    """An operator and its story. Times are in seconds."""

    launch: Callable[[Path, str, int], Launch]
    """From the kubeconfig, the namespace and the replica's number, from 0, to its command."""
    steps: Sequence[Step]
    compared: Sequence[str]
    """What must be the same after each step: `v1/services`, `apps/v1/deployments`."""
    followed: Sequence[Followed] = ()
    forget: Sequence[str] = ()
    """JSON pointers to what may differ."""
    rules: Rules = field(default_factory=Rules)
    quiet_seconds: float = 2.0
    """A step is over when nothing was written for this long."""
    patience_seconds: float = 60.0
    """What is not as it should be this long after a step stays so."""


def path_of(resource: str, namespace: str) -> str:
    """Where the API server has a resource's objects."""
    *group, version, plural = resource.split("/")
    root = f"/apis/{group[0]}" if group else "/api"
    return f"{root}/{version}/namespaces/{namespace}/{plural}"
