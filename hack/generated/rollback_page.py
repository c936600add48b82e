"""The section of docs/benchmarks.md on how soon a broken revision is taken back with default settings."""

from __future__ import annotations

from hack.generated.benchmark_table import Result, spread, summary, table


def rollback(figures: Result) -> list[str]:
    """Whom it reached, and for how long."""
    runs = figures["runs"]
    said = (
        f"A second version that fails 30 % of its requests, {len(runs)} times, under "
        f"{figures['requests_a_second']:g} requests a second and the default steps and interval. Seconds are "
        "from its first request to its last.\n"
    )
    back = sum(run["rolled_back"] for run in runs)
    rows = [
        ("rolled back", f"{back} of {len(runs)}"),
        *(
            (what, spread(summary([run[name] for run in runs]), form))
            for what, name, form in (
                ("seconds", "seconds_to_rollback", ".1f"),
                ("requests that it took", "of_the_second_version", ".0f"),
                ("callers with an error of it", "callers_hit", ".0f"),
                ("callers without an answer, or with an error of the gateway", "failed_otherwise", ".0f"),
            )
        ),
    ]
    return ["## A broken second version\n", said, table(("what", "median (least to most)"), rows)]
