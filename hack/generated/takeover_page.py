"""The section of docs/benchmarks.md on how long a killed pod is missed."""

from __future__ import annotations

from hack.generated.benchmark_table import Result, spread, table


def takeover(figures: Result) -> list[str]:
    """Kills of fresh pods, and of one container again and again."""
    rate = f"{figures['requests_a_second_each']:g}"
    said = (
        f"One of {figures['replicas']} pods ({figures['model']}) was killed with -9 {figures['kills']} "
        f"times, each time one that was never restarted, under {rate} requests a second over each of two "
        "routes of the embedded cluster's gateway. The node shares its cores with all else that the load "
        "average below counts.\n"
    )
    rows = [
        ("killed container ready again", spread(figures["ready_again_seconds"], ".1f") + " s"),
        ("fresh pod ready after a deletion", spread(figures["fresh_pod_seconds"], ".1f") + " s"),
        *(of_route(name, figures[key]) for name, key in ROUTES),
        *(
            (
                f"last failed request after the kill, {name}",
                spread(figures[key]["whole_again_seconds"], ".1f") + " s",
            )
            for name, key in ROUTES
        ),
    ]
    seconds = ", ".join(f"{each:.0f}" for each in figures["repeated_kills_ready_again_seconds"])
    ended = f"The same container killed as soon as it was ready: {seconds} s, since kubelet pauses longer.\n"
    return ["## Crash to takeover\n", said, table(("what", "median (least to most)"), rows), ended]


ROUTES = (("with the gateway's retry", "with_retry"), ("without", "without_retry"))


def of_route(name: str, row: Result) -> tuple[str, str]:
    """What callers met."""
    return (
        f"requests failed, {name}",
        f"{row['failed']} of {row['requests']}, slowest {row['slowest_seconds']:.1f} s",
    )
