"""A small operator: each Pond has a ConfigMap with its fish. `kopf run --standalone -n NAMESPACE ponds.py`.

`CARELESS=creates`: it makes the ConfigMap by POST, under a name that the API server makes up, so that each
try makes one more. `CARELESS=ends`: it ends when a write goes wrong.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import aiohttp
import kopf
import yaml

CONFIG = yaml.safe_load(Path(os.environ["KUBECONFIG"]).read_text())
SERVER = CONFIG["clusters"][0]["cluster"]["server"]
HEADERS = {"Authorization": f"Bearer {CONFIG['users'][0]['user']['token']}"}
CARELESS = os.environ.get("CARELESS", "")


@kopf.on.startup()
def quiet(settings: kopf.OperatorSettings, **_: Any) -> None:
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.networking.error_backoffs = [0.2] * 20


@kopf.on.create("ponds", backoff=0.2)
@kopf.on.update("ponds", backoff=0.2)
async def fish(name: str, namespace: str, spec: Any, reason: str, **_: Any) -> None:
    made = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"fish": str(spec["fish"])}}
    if CARELESS == "creates" and reason == "create":
        await write("POST", namespace, "", {**made, "metadata": {"generateName": f"{name}-"}})
    else:
        applied = f"/{name}?fieldManager=ponds&force=true"
        await write("PATCH", namespace, applied, {**made, "metadata": {"name": name}})


async def write(method: str, namespace: str, which: str, body: dict[str, Any]) -> None:
    address = f"{SERVER}/api/v1/namespaces/{namespace}/configmaps{which}"
    kind = "application/json" if method == "POST" else "application/apply-patch+yaml"
    try:
        async with (
            aiohttp.ClientSession(headers={**HEADERS, "Content-Type": kind}) as session,
            session.request(method, address, json=body) as answer,
        ):
            answer.raise_for_status()
    except aiohttp.ClientError:
        if CARELESS == "ends":
            os._exit(3)
        raise
