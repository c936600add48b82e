"""Tell Prometheus about pods and rules: the part that Debian's build of Prometheus leaves out.

Runs beside Prometheus and keeps a target file (file_sd) of the running pods annotated with
prometheus.io/scrape, with the label names that Prometheus' own Kubernetes discovery uses, so that its
relabelling rules read the same; and a folder of the rule files in all ConfigMaps that are labelled as such.
Only the standard library: it runs in the base image.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, cast

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_WATCH_SECONDS = 240
_PAUSE_SECONDS = 2.0
_META = "__meta_kubernetes_"
_RULES = "serving.paddle-sla.io/rules%3Dprometheus"
_RELOAD = "http://localhost:9090/-/reload"

Pod = Mapping[str, Any]
ConfigMap = Mapping[str, Any]


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


def rules_of(maps: Mapping[str, ConfigMap]) -> dict[str, str]:
    """All rule files by their names, which the operator makes one of a kind in a cluster."""
    return {name: text for uid in sorted(maps) for name, text in (maps[uid].get("data") or {}).items()}


def apply_event(known: dict[str, Mapping[str, Any]], event: Mapping[str, Any]) -> None:
    """Take one event of a watch into what is known; an error means that the list must be read again."""
    kind, item = event["type"], event["object"]
    if kind == "ERROR":
        raise ConnectionError(f"the watch ended: {item.get('message', item)}")
    if kind == "DELETED":
        known.pop(item["metadata"]["uid"], None)
    elif kind in ("ADDED", "MODIFIED"):
        known[item["metadata"]["uid"]] = item


def write(path: Path, text: str) -> None:
    """Put the file in place whole: Prometheus reads it the moment it changes."""
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)


def write_rules(folder: Path, rules: Mapping[str, str]) -> None:
    """Let the folder hold these files and no others."""
    for name, text in rules.items():
        write(folder / name, text)
    for path in folder.iterdir():
        if path.name not in rules:
            path.unlink()


def _open(resource: str, query: str) -> HTTPResponse:
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    request = urllib.request.Request(
        f"https://{host}:{port}/api/v1/{resource}?{query}",
        headers={"Authorization": f"Bearer {(_ACCOUNT / 'token').read_text()}"},
    )
    trusted = ssl.create_default_context(cafile=str(_ACCOUNT / "ca.crt"))
    opened = urllib.request.urlopen(request, context=trusted, timeout=_WATCH_SECONDS + 30)
    return cast("HTTPResponse", opened)


def _watch(resource: str, selector: str) -> Iterator[dict[str, Mapping[str, Any]]]:
    """All that is known, again after every change, until the watch ends."""
    with _open(resource, f"labelSelector={selector}") as response:
        listed = json.load(response)
    known: dict[str, Mapping[str, Any]] = {item["metadata"]["uid"]: item for item in listed["items"]}
    yield known
    version = f"resourceVersion={listed['metadata']['resourceVersion']}"
    query = f"watch=1&{version}&timeoutSeconds={_WATCH_SECONDS}&labelSelector={selector}"
    with _open(resource, query) as response:
        for line in response:
            apply_event(known, json.loads(line))
            yield known


def _follow(
    resource: str, selector: str, read: Callable[[Mapping[str, Any]], Any], put: Callable[[Any], None]
) -> None:
    """Put in place what is read of the objects, for ever; a lost connection leaves the last standing."""
    last = None
    while True:
        try:
            for known in _watch(resource, selector):
                found = read(known)
                if found != last:
                    put(found)
                    last = found
        except (OSError, HTTPException, ValueError) as problem:
            print(f"following {resource}: {problem}; trying again", file=sys.stderr, flush=True)
        time.sleep(_PAUSE_SECONDS)


def main() -> None:
    """Follow pods and rules for ever."""
    targets, folder = Path(sys.argv[1]), Path(sys.argv[2])

    def put_rules(rules: Mapping[str, str]) -> None:
        write_rules(folder, rules)
        urllib.request.urlopen(urllib.request.Request(_RELOAD, method="POST"), timeout=30).close()

    rules = threading.Thread(target=_follow, args=("configmaps", _RULES, rules_of, put_rules), daemon=True)
    rules.start()
    _follow("pods", "", targets_of, lambda found: write(targets, json.dumps(found)))


if __name__ == "__main__":
    main()
