"""The containers of `paddle-runtime fetch`, which read bundles from their stores: in pods and in the Job.

Each bundle has a container of its own, the model's and those of its modules: it sees its own store and no
other's credentials, and how it ended says which bundle is at fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from paddle_operator import names
from paddle_operator.plan.resources import ResourceBlock
from paddle_operator.plan.security import container_security
from paddle_operator.spec.source import IN_BUNDLES, Module, Source, Task, UriScheme


def fetch_container(
    source: Source,
    sources: Sequence[Source],
    *,
    image: str,
    task: Task,
    timeout_seconds: int,
    resources: ResourceBlock,
    resolve: bool,
) -> dict[str, Any]:
    """Return the container of one of the sources: it reads the manifest alone (`resolve`), or the bundle."""
    base = names.CONTAINER_RESOLVE if resolve else names.CONTAINER_FETCH
    bundle = {"name": names.VOLUME_BUNDLE, "mountPath": names.BUNDLE_DIR}
    return {
        "name": names.container_of(base, source.name) if isinstance(source, Module) else base,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": [names.PROGRAM_RUNTIME],
        "args": fetch_arguments(source, timeout_seconds, resolve=resolve),
        "env": [{"name": "HOME", "value": names.TMP_DIR}, *_environment(source, task)],
        "resources": resources,
        "securityContext": container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            *([] if resolve else [bundle]),
            {"name": names.VOLUME_TMP, "mountPath": names.TMP_DIR},
            *_mounts(source, sources),
        ],
    }


def fetch_arguments(source: Source, timeout_seconds: int, *, resolve: bool) -> list[str]:
    """Return the arguments of the program."""
    return [
        "fetch",
        *(["--resolve"] if resolve else ["--into", place_of(source)]),
        "--uri",
        source.uri,
        *(["--digest", source.digest] if source.digest else []),
        "--timeout-seconds",
        str(timeout_seconds),
    ]


def place_of(source: Source) -> str:
    """Return the folder that the bundle is brought into."""
    if isinstance(source, Module):
        return f"{names.BUNDLE_DIR}/@{IN_BUNDLES[source.name]}"
    return names.BUNDLE_DIR


def store_volumes(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """Return the volumes that reading the stores needs. Of a Secret only the two keys are mounted."""
    items = [{"key": key, "path": key} for key in names.CREDENTIALS_KEYS]
    return [
        *(
            {"name": name, "secret": {"secretName": secret, "items": items, "defaultMode": 0o440}}
            for secret, name in _secret_volumes(sources).items()
        ),
        *(
            {"name": name, "persistentVolumeClaim": {"claimName": claim, "readOnly": True}}
            for claim, name in _claim_volumes(sources).items()
        ),
    ]


def _environment(source: Source, task: Task) -> list[dict[str, str]]:
    """Return the variables that say where the store is and where the credentials lie.

    A claim may hold a model as it was exported, and then nothing else may tell what the model is for.
    """
    found = []
    if source.scheme is UriScheme.PVC:
        found.append({"name": names.ENV_TASK, "value": task.value})
    if source.s3 is not None:
        found += [
            {"name": names.ENV_S3_ENDPOINT, "value": source.s3.endpoint},
            {"name": names.ENV_S3_REGION, "value": source.s3.region},
            {"name": names.ENV_S3_ADDRESSING, "value": source.s3.addressing.value},
        ]
    if source.credentials_ref is not None:
        found.append({"name": names.ENV_CREDENTIALS_DIR, "value": names.CREDENTIALS_DIR})
    return found


def _mounts(source: Source, sources: Sequence[Source]) -> list[dict[str, Any]]:
    """Return the mounts of one of the sources, all read-only."""
    secret, claim = _secret_of(source), _claim_of(source)
    found = []
    if secret is not None:
        found.append((_secret_volumes(sources)[secret], names.CREDENTIALS_DIR))
    if claim is not None:
        found.append((_claim_volumes(sources)[claim], names.SOURCE_DIR))
    return [{"name": name, "mountPath": path, "readOnly": True} for name, path in found]


def _secret_volumes(sources: Sequence[Source]) -> dict[str, str]:
    return _volume_names(names.VOLUME_CREDENTIALS, map(_secret_of, sources))


def _claim_volumes(sources: Sequence[Source]) -> dict[str, str]:
    return _volume_names(names.VOLUME_SOURCE, map(_claim_of, sources))


def _volume_names(base: str, wanted: Iterable[str | None]) -> dict[str, str]:
    """Name the volume of each Secret or claim. What several bundles need is one volume: of two volumes of one
    claim a kubelet may mount only the first, and the pod waits for ever."""
    each = dict.fromkeys(one for one in wanted if one is not None)
    return {one: f"{base}-{number}" if number else base for number, one in enumerate(each)}


def _secret_of(source: Source) -> str | None:
    return source.credentials_ref.name if source.credentials_ref is not None else None


def _claim_of(source: Source) -> str | None:
    """Name of the PersistentVolumeClaim that a pvc:// address names."""
    scheme, _, rest = source.uri.partition("://")
    return rest.partition("/")[0] if scheme == UriScheme.PVC else None
