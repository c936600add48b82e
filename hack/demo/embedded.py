"""The embedded cluster as a site: images handed to its node, bundles in its store, its gateway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from minio import Minio

from hack.cluster import addons, constants, node, programs
from hack.cluster.api import ClusterInfo
from hack.cluster.images import builds, delivery
from hack.cluster.progress import Progress
from hack.demo.bundles import digits_bundle, ppocr_bundle
from hack.demo.reading import PAGE, Reachable
from hack.demo.site import ROOT, Site

BUCKET = "models"
EXAMPLE = ROOT / "examples" / "01-ocr" / "service.yaml"
HOST = "ocr.example.com"


@dataclass(frozen=True)
class EmbeddedSite(Site):
    """Reached over the veth pair: cluster addresses work from this machine."""

    gateway_url: str
    s3_endpoint: str
    access_key: str
    secret_key: str

    @property
    def example(self) -> Path:
        """The OCR service with its bundle in S3, behind the gateway."""
        return EXAMPLE

    @property
    def chart_values(self) -> Mapping[str, str | int]:
        """Its Prometheus scrapes every five seconds, so figures come as often as a person looks."""
        return {
            "prometheus.url": f"http://prometheus.{constants.MONITORING_NAMESPACE}.svc:9090",
            "prometheus.scrapeIntervalSeconds": 5,
            "prometheus.measureIntervalSeconds": 15,
        }

    @contextmanager
    def reach(self, namespace: str, service: str) -> Iterator[Reachable]:
        """Through the gateway, by hostname."""
        yield Reachable(self.gateway_url, HOST)

    def hints(self, namespace: str, service: str) -> str:
        """What a person types next."""
        # With its type: curl would call it a form.
        picture = f"-H 'content-type: image/png' --data-binary @{PAGE}"
        return "\n".join(
            [
                f"  export KUBECONFIG={self.kubeconfig} PATH={self.kubectl.parent}:$PWD/.venv/bin:$PATH",
                f"  kubectl -n {namespace} get pms {service} -o wide",
                f"  kubectl -n {namespace} describe pms {service}",
                f"  kubectl paddle_sla -n {namespace} status {service}",
                f"  curl -H 'Host: {HOST}' {picture} {self.gateway_url}/v1/ocr",
                f"  kubectl -n {namespace} delete pods -l serving.paddle-sla.io/service={service}",
                "To stop: make demo-clean",
            ]
        )

    @property
    def store(self) -> Minio:
        """A client of the S3 server."""
        return Minio(
            endpoint=self.s3_endpoint.removeprefix("http://"),
            access_key=self.access_key,
            secret_key=self.secret_key,
            secure=False,
        )

    def make_namespace(self, name: str) -> None:
        """A namespace with Pod Security enforced, and the Secret that reads the store."""
        super().make_namespace(name)
        keys = {"accessKeyId": self.access_key, "secretAccessKey": self.secret_key}
        secret = {"metadata": {"name": "s3-read"}, "type": "Opaque", "stringData": keys}
        self.kube(name).apply({"apiVersion": "v1", "kind": "Secret", **secret})

    def upload(self, bundle: Path, prefix: str) -> int:
        """Put a bundle into the store below a prefix; model.yaml last, since it vouches for the rest.

        Returns the bytes sent.
        """
        if not self.store.bucket_exists(BUCKET):
            self.store.make_bucket(BUCKET)
        files = sorted(p for p in bundle.rglob("*") if p.is_file())
        files.sort(key=lambda p: p.name == "model.yaml")
        for file in files:
            self.store.fput_object(BUCKET, f"{prefix}/{file.relative_to(bundle)}", str(file))
        return sum(file.stat().st_size for file in files)


def embedded_site(name: str, progress: Progress) -> EmbeddedSite:
    """The embedded cluster of that name, with everything in it; quick when it is already there."""
    programs.ensure(progress)
    built = builds.ensure(progress)
    cluster = node.up(name, progress)
    delivery.load(cluster, progress, built.values())
    addons.install(cluster, progress)
    site = site_of(cluster)
    with progress.step("bundles into the store") as step:
        sent = sum(site.upload(bundle, bundle.name) for bundle in (ppocr_bundle(), digits_bundle(progress)))
        step.done_as(f"{sent / 1e6:.1f} MB")
    with progress.step("charts with helm"):
        site.install_charts(built["operator"].name, built["runtime"].name)
    return site


def site_of(cluster: ClusterInfo) -> EmbeddedSite:
    """The site of a cluster that is up."""
    exports = cluster.exports()
    return EmbeddedSite(
        kubeconfig=cluster.kubeconfig,
        kubectl=cluster.bin_dir / "kubectl",
        helm=cluster.bin_dir / "helm",
        gateway_url=exports["GATEWAY_URL"],
        s3_endpoint=exports["S3_ENDPOINT"],
        access_key=exports["S3_ACCESS_KEY"],
        secret_key=exports["S3_SECRET_KEY"],
    )
