"""What a gateway's proxy really answered, and what a scrape of it sees, as Envoy tells it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from paddle_operator.sla.series import Sample, Series
from tests.operator.sla.counters import at

CLUSTER = "httproute/prod/calm/rule/0/backend/0"


@dataclass(frozen=True)
class Proxy:
    """A cluster in a proxy, in seconds after noon; no request ends at the moment of a scrape."""

    lives: tuple[int, ...]
    """When its counters began at 0: with the cluster, and with each process anew."""
    events: tuple[tuple[float, str], ...]
    """When each request ended, and the class of its code; `retry`: an attempt that another followed."""
    scrapes: tuple[int, ...]

    def counts(self, second: int) -> dict[str, int]:
        """Requests by class since its counters began last."""
        life = max(one for one in self.lives if one <= second)
        found: dict[str, int] = {}
        for ended, digit in self.events:
            if life < ended < second:
                found[digit] = found.get(digit, 0) + 1
        return found

    def series(self, pod: str = "envoy-a", cluster: str = CLUSTER) -> Iterator[Series]:
        """All series that are asked for: none of a class, nor of all, before there was a request."""
        samples: dict[tuple[tuple[str, str], ...], list[Sample]] = {}
        for scrape in self.scrapes:
            counts = self.counts(scrape)
            kept = samples.setdefault((("__name__", "envoy_cluster_membership_total"),), [])
            kept.append(Sample(at(scrape), 2.0))
            retries = counts.pop("retry", 0)
            if counts or retries:
                told = {"completed": sum(counts.values()), "retry": retries}
                for name, value in told.items():
                    metric = ("__name__", f"envoy_cluster_upstream_rq_{name}")
                    samples.setdefault((metric,), []).append(Sample(at(scrape), float(value)))
            for digit, count in counts.items():
                labels = (("__name__", "envoy_cluster_upstream_rq_xx"), ("envoy_response_code_class", digit))
                samples.setdefault(labels, []).append(Sample(at(scrape), float(count)))
        for own, kept in samples.items():
            labels = {"namespace": "envoy-gateway-system", "pod": pod, "envoy_cluster_name": cluster}
            yield Series(frozenset({**labels, **dict(own)}.items()), tuple(kept))
