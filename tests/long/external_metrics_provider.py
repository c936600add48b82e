"""A small provider of external metrics for tests: runs in a pod, in the base image. Not for production.

It answers external.metrics.k8s.io/v1beta1 for one metric: with a number that somebody set (PUT /set, an empty
body takes it back), else with what Prometheus says of the revision. It asks nobody who they are.
"""

import json
import os
import ssl
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlsplit
from urllib.request import urlopen

GROUP = "external.metrics.k8s.io/v1beta1"
METRIC, QUERY, PROMETHEUS = (os.environ[name] for name in ("METRIC", "QUERY", "PROMETHEUS"))
GIVEN = {"value": ""}


def asked_of_prometheus(namespace: str, revision: str) -> str:
    """The metric's value; empty where there is none, which is not the same as 0."""
    query = quote(QUERY.replace("NAMESPACE", namespace).replace("REVISION", revision))
    with urlopen(f"{PROMETHEUS}/api/v1/query?query={query}", timeout=3) as answer:
        found = json.load(answer)["data"]["result"]
    return f"{float(found[0]['value'][1]):.3f}" if found else ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        match address.path.strip("/").split("/"):
            case ["apis", *group] if "/".join(group) == GROUP:
                kind = "ExternalMetricValueList"
                one = {"name": METRIC, "singularName": "", "namespaced": True, "kind": kind, "verbs": ["get"]}
                self.answer({"kind": "APIResourceList", "groupVersion": GROUP, "resources": [one]}, "v1")
            case ["apis", *group, "namespaces", namespace, name] if (
                "/".join(group) == GROUP and name == METRIC
            ):
                self.metric(namespace, parse_qs(address.query).get("labelSelector", [""])[0])
            case _:
                self.answer({"kind": "Status", "status": "Failure", "code": 404}, "v1", 404)

    def do_PUT(self) -> None:
        GIVEN["value"] = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.answer(GIVEN, "v1")

    def metric(self, namespace: str, selector: str) -> None:
        revision = dict(one.split("=", 1) for one in selector.split(",") if "=" in one).get("revision", "")
        value = GIVEN["value"] or asked_of_prometheus(namespace, revision)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        item = {"metricName": METRIC, "metricLabels": {}, "timestamp": now, "value": value}
        self.answer(
            {"kind": "ExternalMetricValueList", "metadata": {}, "items": [item] if value else []}, GROUP
        )

    def answer(self, body: dict[str, object] | dict[str, str], version: str, code: int = 200) -> None:
        text = json.dumps({"apiVersion": version, **body}).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


if __name__ == "__main__":
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain("/certificate/tls.crt", "/certificate/tls.key")
    server = ThreadingHTTPServer(("", 6443), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()
