"""Tell Prometheus about pods: the part that Debian's build of Prometheus leaves out.

Runs beside Prometheus and keeps a target file (file_sd) of the running pods annotated with
prometheus.io/scrape, with the label names that Prometheus' own Kubernetes discovery uses, so that its
relabelling rules read the same. Only the standard library: it runs in the base image.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, cast

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_WATCH_SECONDS = 240
_PAUSE_SECONDS = 2.0
_META = "__meta_kubernetes_"

Pod = Mapping[str, Any]


def label_name(key: str) -> str:
    """A Kubernetes key as Prometheus spells it in a label's name."""
    return "".join(character if character.isalnum() else "_" for character in key)


def target_of(pod: Pod) -> dict[str, Any] | None:
    """The target that a pod is; None when it is not to be scraped or has no address yet."""
    metadata, status = pod["metadata"], pod.get("status", {})
    annotations = metadata.get("annotations", {})
    address, port = status.get("podIP", ""), annotations.get("prometheus.io/port", "")
    wanted = annotations.get("prometheus.io/scrape") == "true" and status.get("phase") == "Running"
    if not (wanted and address and port.isdigit()):
        return None
    labels = {f"{_META}namespace": metadata["namespace"], f"{_META}pod_name": metadata["name"]}
    for kind in ("label", "annotation"):
        values = metadata.get(f"{kind}s", {})
        labels |= {f"{_META}pod_{kind}_{label_name(key)}": value for key, value in values.items()}
    return {"targets": [f"{address}:{port}"], "labels": labels}


def targets_of(pods: Mapping[str, Pod]) -> list[dict[str, Any]]:
    """All targets, in an order of their own."""
    found = (target_of(pods[uid]) for uid in sorted(pods))
    return [target for target in found if target is not None]


def apply_event(pods: dict[str, Pod], event: Mapping[str, Any]) -> None:
    """Take one event of a watch into the known pods; an error means that the list must be read again."""
    kind, pod = event["type"], event["object"]
    if kind == "ERROR":
        raise ConnectionError(f"the watch ended: {pod.get('message', pod)}")
    if kind == "DELETED":
        pods.pop(pod["metadata"]["uid"], None)
    elif kind in ("ADDED", "MODIFIED"):
        pods[pod["metadata"]["uid"]] = pod


def write(path: Path, targets: list[dict[str, Any]]) -> None:
    """Put the file in place whole: Prometheus reads it the moment it changes."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(targets))
    part.replace(path)


def _open(query: str) -> HTTPResponse:
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    request = urllib.request.Request(
        f"https://{host}:{port}/api/v1/pods?{query}",
        headers={"Authorization": f"Bearer {(_ACCOUNT / 'token').read_text()}"},
    )
    trusted = ssl.create_default_context(cafile=str(_ACCOUNT / "ca.crt"))
    opened = urllib.request.urlopen(request, context=trusted, timeout=_WATCH_SECONDS + 30)
    return cast("HTTPResponse", opened)


def _follow() -> Iterator[dict[str, Pod]]:
    """The known pods, again after every change, until the watch ends."""
    with _open("") as response:
        listed = json.load(response)
    pods: dict[str, Pod] = {pod["metadata"]["uid"]: pod for pod in listed["items"]}
    yield pods
    version = listed["metadata"]["resourceVersion"]
    with _open(f"watch=1&resourceVersion={version}&timeoutSeconds={_WATCH_SECONDS}") as response:
        for line in response:
            apply_event(pods, json.loads(line))
            yield pods


def main() -> None:
    """Follow the pods for ever; a lost connection leaves the last targets standing."""
    path, last = Path(sys.argv[1]), None
    while True:
        try:
            for pods in _follow():
                targets = targets_of(pods)
                if targets != last:
                    write(path, targets)
                    last = targets
        except (OSError, HTTPException, ValueError) as problem:
            print(f"listing pods: {problem}; trying again", file=sys.stderr, flush=True)
        time.sleep(_PAUSE_SECONDS)


if __name__ == "__main__":
    main()
