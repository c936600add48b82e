"""The program `paddle-runtime fetch`, which reads a bundle from its store: in the init container and in the
Job."""

from __future__ import annotations

from typing import Any

from paddle_operator import names
from paddle_operator.spec.source import S3, CredentialsRef, UriScheme


def fetch_arguments(uri: str, digest: str, timeout_seconds: int, *, resolve: bool) -> list[str]:
    """Return the arguments: read only the manifest (`resolve`), or bring the whole bundle into the volume."""
    return [
        "fetch",
        *(["--resolve"] if resolve else ["--into", names.BUNDLE_DIR]),
        "--uri",
        uri,
        *(["--digest", digest] if digest else []),
        "--timeout-seconds",
        str(timeout_seconds),
    ]


def store_environment(s3: S3 | None, credentials: CredentialsRef | None) -> list[dict[str, str]]:
    """Return the variables that say where the store is and where the credentials lie."""
    found = []
    if s3 is not None:
        found += [
            {"name": names.ENV_S3_ENDPOINT, "value": s3.endpoint},
            {"name": names.ENV_S3_REGION, "value": s3.region},
            {"name": names.ENV_S3_ADDRESSING, "value": s3.addressing.value},
        ]
    if credentials is not None:
        found.append({"name": names.ENV_CREDENTIALS_DIR, "value": names.CREDENTIALS_DIR})
    return found


def store_mounts(uri: str, credentials: CredentialsRef | None) -> list[dict[str, Any]]:
    """Return the mounts that reading the store needs, all read-only."""
    found = []
    if credentials is not None:
        found.append(
            {"name": names.VOLUME_CREDENTIALS, "mountPath": names.CREDENTIALS_DIR, "readOnly": True},
        )
    if claim_of(uri) is not None:
        found.append({"name": names.VOLUME_SOURCE, "mountPath": names.SOURCE_DIR, "readOnly": True})
    return found


def store_volumes(uri: str, credentials: CredentialsRef | None) -> list[dict[str, Any]]:
    """Return the volumes of those mounts. Of the Secret only the two keys are mounted."""
    found: list[dict[str, Any]] = []
    if credentials is not None:
        items = [{"key": key, "path": key} for key in names.CREDENTIALS_KEYS]
        secret = {"secretName": credentials.name, "items": items, "defaultMode": 0o440}
        found.append({"name": names.VOLUME_CREDENTIALS, "secret": secret})
    claim = claim_of(uri)
    if claim is not None:
        volume = {"claimName": claim, "readOnly": True}
        found.append({"name": names.VOLUME_SOURCE, "persistentVolumeClaim": volume})
    return found


def claim_of(uri: str) -> str | None:
    """Name of the PersistentVolumeClaim that a pvc:// address names."""
    scheme, _, rest = uri.partition("://")
    return rest.partition("/")[0] if scheme == UriScheme.PVC else None
