"""The add-ons for real, on the cluster that the other end-to-end tests use."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import os
import threading
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from minio import Minio
from minio.error import S3Error

from hack.cluster import addons, node
from hack.cluster.api import ClusterInfo
from hack.cluster.images import cache, delivery
from hack.cluster.images.base import BASE
from hack.cluster.progress import Progress
from hack.e2e_site import CLUSTER
from tests.hack.addons import echo_objects

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
NAMESPACE = "addons-test"
PICTURE = bytes(range(256)) * 1200  # 300 KB, as a page's picture has


def eventually(what: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


@pytest.fixture(scope="module")
def cluster() -> ClusterInfo:
    found = node.up(CLUSTER, Progress())
    addons.install(found, Progress())
    return found


@pytest.fixture(scope="module")
def namespace(cluster: ClusterInfo) -> Iterator[str]:
    base = cache.store().find(BASE)
    assert base is not None
    delivery.load(cluster, Progress(), [base])
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(made))
    objects = [
        echo_objects.script(),
        echo_objects.deployment("good", replicas=2),
        echo_objects.service(),
        echo_objects.route(),
        echo_objects.retry_policy(),
    ]
    apply(cluster, *objects)
    rolled_out(cluster, "good")
    assert eventually(lambda: status(cluster) == 200, 30), "the route never answered"
    yield NAMESPACE
    cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def apply(cluster: ClusterInfo, *objects: dict[str, Any]) -> None:
    cluster.kubectl("-n", NAMESPACE, "apply", "-f", "-", stdin=echo_objects.listed(*objects))


def rolled_out(cluster: ClusterInfo, name: str) -> None:
    cluster.kubectl("-n", NAMESPACE, "rollout", "status", f"deployment/{name}", "--timeout=90s", timeout=100)


def pods(cluster: ClusterInfo, name: str) -> list[dict[str, Any]]:
    shown = cluster.kubectl("-n", NAMESPACE, "get", "pods", "-l", f"deployment={name}", "-o", "json").stdout
    found: list[dict[str, Any]] = json.loads(shown)["items"]
    return found


def address(cluster: ClusterInfo) -> str:
    return urllib.parse.urlsplit(cluster.exports()["GATEWAY_URL"]).netloc


def send(where: str, body: bytes | None = None) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection(where, timeout=20)
    try:
        connection.request("POST" if body else "GET", "/", body=body, headers={"Host": echo_objects.HOST})
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if answer.status == 200 else {}
    finally:
        connection.close()


def status(cluster: ClusterInfo) -> int:
    return send(address(cluster))[0]


def get_json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


@pytest.mark.usefixtures("namespace")
def test_the_gateway_brings_a_picture_to_a_backend_unchanged(cluster: ClusterInfo) -> None:
    code, answer = send(address(cluster), PICTURE)
    assert code == 200
    assert answer["bytes"] == len(PICTURE)
    assert answer["sha256"] == hashlib.sha256(PICTURE).hexdigest()


@pytest.mark.usefixtures("namespace")
def test_a_picture_is_sent_again_when_a_backend_breaks_the_connection(cluster: ClusterInfo) -> None:
    apply(cluster, echo_objects.deployment("bad", fault="reset"))
    rolled_out(cluster, "bad")
    where = address(cluster)
    bad = pods(cluster, "bad")[0]["status"]["podIP"]

    def broken() -> dict[str, Any]:
        found: dict[str, Any] = get_json(f"http://{bad}:8080/")
        return found

    try:
        assert eventually(lambda: send(where, PICTURE)[0] == 200 and broken()["broken"] > 0, 30)
        codes = [send(where, PICTURE)[0] for _ in range(60)]
        counts = broken()
    finally:
        cluster.kubectl("-n", NAMESPACE, "delete", "deployment", "bad")
        assert eventually(lambda: not pods(cluster, "bad"), 60)
    assert codes == [200] * 60
    # One break leaves the backend out, so that most of the sixty never meet it.
    assert 1 <= counts["broken"] <= 20
    assert counts["broken_bytes"] == counts["broken"] * len(PICTURE)


@pytest.mark.usefixtures("namespace")
@pytest.mark.alone
def test_no_request_fails_while_a_backend_is_killed(cluster: ClusterInfo) -> None:
    where, stop = address(cluster), threading.Event()
    codes: list[int] = []

    def caller() -> None:
        while not stop.is_set():
            codes.append(send(where, PICTURE)[0])
            time.sleep(0.01)

    with ThreadPoolExecutor(max_workers=4) as pool:
        for _ in range(4):
            pool.submit(caller)
        time.sleep(1)
        victim = pods(cluster, "good")[0]["metadata"]["name"]
        cluster.kill_container(NAMESPACE, victim, "echo")
        time.sleep(4)
        stop.set()
    assert len(codes) > 100
    assert Counter(codes) == {200: len(codes)}
    assert pods(cluster, "good")[0]["status"]["containerStatuses"][0]["restartCount"] >= 1


@pytest.mark.usefixtures("namespace")
def test_names_of_services_resolve_in_pods(cluster: ClusterInfo) -> None:
    pod = pods(cluster, "good")[0]["metadata"]["name"]
    ask = "import socket; print(socket.gethostbyname('s3.store'), socket.gethostbyname('echo'))"
    found = cluster.kubectl("-n", NAMESPACE, "exec", pod, "--", "python3", "-c", ask).stdout.split()
    assert found == [
        cluster.service_address("store", name="s3"),
        cluster.service_address(NAMESPACE, name="echo"),
    ]


def store_of(cluster: ClusterInfo, secret: str = "") -> Minio:
    exports = cluster.exports()
    return Minio(
        endpoint=exports["S3_ENDPOINT"].removeprefix("http://"),
        access_key=exports["S3_ACCESS_KEY"],
        secret_key=secret or exports["S3_SECRET_KEY"],
        secure=False,
    )


def test_the_store_keeps_an_object_and_refuses_a_wrong_key(cluster: ClusterInfo) -> None:
    store = store_of(cluster)
    assert store.bucket_exists("models")
    body = os.urandom(12 * 1024 * 1024)
    store.put_object("models", "addons-test/weights", io.BytesIO(body), len(body), part_size=5 * 1024 * 1024)
    answer = store.get_object("models", "addons-test/weights")
    try:
        assert answer.read() == body
    finally:
        answer.close()
    assert [entry.object_name for entry in store.list_objects("models", "addons-test/")] == [
        "addons-test/weights"
    ]
    with pytest.raises(S3Error) as refused:
        store_of(cluster, secret="wrong-key-of-some-length").bucket_exists("models")
    assert refused.value.response.status == 403
    store.remove_object("models", "addons-test/weights")


@pytest.mark.usefixtures("namespace")
def test_prometheus_scrapes_pods_that_ask_for_it(cluster: ClusterInfo) -> None:
    prometheus = f"http://{cluster.service_address('monitoring', name='prometheus')}:9090/api/v1"

    def value_of(query: str) -> float:
        found = get_json(f"{prometheus}/query?{urllib.parse.urlencode({'query': query})}")["data"]["result"]
        return float(found[0]["value"][1]) if found else 0.0

    assert eventually(lambda: value_of(f'sum(up{{job="echo", namespace="{NAMESPACE}"}})') == 2, 30)
    assert eventually(lambda: value_of('sum(up{namespace="envoy-gateway-system", job="envoy"})') == 1, 30)
    assert value_of(f'sum(echo_answered_total{{namespace="{NAMESPACE}", pod=~"good-.*"}})') > 0
    cluster_name = f"httproute/{NAMESPACE}/echo/rule/0"
    requests = f'sum(envoy_cluster_upstream_rq_total{{envoy_cluster_name="{cluster_name}"}})'
    assert eventually(lambda: value_of(requests) > 0, 30)


@pytest.mark.alone
def test_installing_again_repairs_what_was_removed_or_changed(cluster: ClusterInfo) -> None:
    cluster.kubectl("-n", "store", "delete", "service", "s3")
    cluster.kubectl("-n", "kube-system", "scale", "deployment", "coredns", "--replicas=0")
    addons.install(cluster, Progress())
    assert cluster.service_address("store", name="s3")
    replicas = "jsonpath={.status.readyReplicas}"
    shown = cluster.kubectl("-n", "kube-system", "get", "deployment", "coredns", "-o", replicas).stdout
    assert shown == "1"


def test_every_add_on_runs_in_a_namespace_that_enforces_restricted(cluster: ClusterInfo) -> None:
    label = "pod-security.kubernetes.io/enforce=restricted"
    shown = cluster.kubectl("get", "namespaces", "-l", label, "-o", "name").stdout
    named = {line.removeprefix("namespace/") for line in shown.split()}
    assert {"paddle-sla-system", "envoy-gateway-system", "gateway", "monitoring", "store", "demo"} <= named
