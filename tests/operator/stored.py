"""Objects as the API server keeps them, with its record of who applied what."""

from __future__ import annotations

import copy
import json
from typing import Any

from paddle_operator.plan import KubeObject
from paddle_operator.plan.ownership import FIELD_MANAGER, owns_replicas

LIST_KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "imagePullSecrets": ("name",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "ownerReferences": ("uid",),
}
"""Lists of type map in the objects that we make, as the API server's schema has them."""


def stored(item: KubeObject) -> KubeObject:
    """An object as the API server keeps it: with its own fields and a record of who applied what."""
    live = copy.deepcopy(item)
    recorded = live["metadata"].pop("managedFields", None) is not None
    fields = fields_of(live)
    if recorded and not owns_replicas(item):
        del fields["f:spec"]["f:replicas"]
    live["metadata"] |= {"uid": f"uid-of-{item['metadata']['name']}", "resourceVersion": "7"}
    live["metadata"]["managedFields"] = [{"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": fields}]
    live["status"] = {"observedGeneration": 1}
    return live


def fields_of(value: Any, key: tuple[str, ...] = ()) -> dict[str, Any]:
    """The record of who applied what (fieldsV1): an item of a list of type map is named by its keys."""
    if isinstance(value, list) and key:
        named = {json.dumps({name: item[name] for name in key}): item for item in value}
        return {f"k:{name}": {".": {}, **fields_of(item)} for name, item in named.items()}
    if not isinstance(value, dict):
        return {}
    identity = {"apiVersion", "kind", "name", "namespace"}
    return {
        f"f:{name}": fields_of(inner, LIST_KEYS.get(name, ()))
        for name, inner in value.items()
        if name not in identity or "apiVersion" not in value
    }
