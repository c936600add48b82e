"""kubectl as a person would use it, with answers as values."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from hack.cluster.commands import run
from hack.cluster.errors import ClusterError, CommandFailed

T = TypeVar("T")
API = "serving.paddle-sla.io/v1alpha1"


class KubectlRefused(ClusterError):
    """kubectl ended with an error, or not in time; the message is what it printed."""


@dataclass(frozen=True)
class Kube:
    """One cluster, one namespace. Times are in seconds."""

    kubectl: Path
    kubeconfig: Path
    namespace: str

    def run(self, *arguments: str, stdin: str | None = None, timeout: float = 60) -> str:
        """Standard output of `kubectl ARGUMENTS`; raises KubectlRefused with its standard error."""
        command: list[str | Path] = [self.kubectl, "-n", self.namespace, *arguments]
        environment = {"KUBECONFIG": str(self.kubeconfig)}
        try:
            return run(command, stdin=stdin, timeout=timeout, env=environment).stdout
        except CommandFailed as failed:
            raise KubectlRefused(str(failed)) from failed

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """One object; raises KubectlRefused when it is not there."""
        found: dict[str, Any] = json.loads(self.run("get", kind, name, "-o", "json"))
        return found

    def list(self, kind: str, selector: str = "") -> list[dict[str, Any]]:
        """The namespace's objects of a kind, by label selector."""
        chosen = ["-l", selector] if selector else []
        items: list[dict[str, Any]] = json.loads(self.run("get", kind, *chosen, "-o", "json"))["items"]
        return items

    def apply(self, document: dict[str, Any]) -> None:
        """`kubectl apply -f -` of one object."""
        self.run("apply", "-f", "-", stdin=yaml.safe_dump(document, allow_unicode=True))

    def apply_file(self, file: Path) -> str:
        """`kubectl apply -f FILE`; answers the name of the (last) object in it."""
        self.run("apply", "-f", str(file))
        *_, last = yaml.safe_load_all(file.read_text(encoding="utf-8"))
        return str(last["metadata"]["name"])

    def delete(self, kind: str, name: str, *arguments: str) -> None:
        """Delete and wait until it is gone."""
        self.run("delete", kind, name, "--ignore-not-found", *arguments, timeout=120)

    def conditions(self, name: str) -> dict[str, dict[str, Any]]:
        """The service's conditions by type, of the generation in force; empty before the first status."""
        return self.current_conditions(self.get("pms", name))

    @staticmethod
    def current_conditions(service: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """The conditions in a service's status that speak of its present generation."""
        generation = service["metadata"]["generation"]
        found = service.get("status", {}).get("conditions", [])
        return {c["type"]: c for c in found if c.get("observedGeneration") == generation}

    def wait_condition(
        self, name: str, kind: str, status: str, *, reason: str | None = None, timeout: float = 120
    ) -> dict[str, Any]:
        """The condition once it has this status (and reason); the error shows what it was instead."""

        def there() -> dict[str, Any] | None:
            found = self.conditions(name).get(kind)
            if found and found["status"] == status and (reason is None or found["reason"] == reason):
                return found
            return None

        return eventually(
            there, timeout, lambda: f"{kind}={status} {reason or ''}; is {self.conditions(name)}"
        )


def eventually(probe: Callable[[], T | None], timeout: float, wanted: Callable[[], str] | str) -> T:
    """What `probe` answers once it is not None; a TimeoutError that says what was wanted after `timeout`."""
    end = time.monotonic() + timeout
    while True:
        found = probe()
        if found is not None:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"not within {timeout} s: {wanted() if callable(wanted) else wanted}")
        time.sleep(0.5)
